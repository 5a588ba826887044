-- The events of a link outlive it, so who may read them is judged by the ends that
-- its first event names. Bound late: the tables come in files of their own.

create function private.sees_link_end(feature text, entity_id uuid, organization_id uuid, created_by uuid)
returns boolean
language plpgsql stable security definer set search_path = ''
as $$
begin
  case feature
    when 'function-model' then
      return exists (
        select from public.function_models as model
        where model.model_id = sees_link_end.entity_id
          and case when model.deleted_at is null then 'view' else 'restore' end
            = any (private.acts_on_model(model.permissions, model.organization_id)));
    when 'knowledge-base' then
      return exists (
        select from public.knowledge_contents as content
        where content.content_id = sees_link_end.entity_id
          and (content.organization_id = sees_link_end.organization_id
            or (content.organization_id is null and content.user_id = sees_link_end.created_by))
          and (content.user_id = private.actor_id()
            or content.organization_id in (select private.my_organizations())));
    when 'spindle' then
      return exists (
        select from public.workflows as workflow
        where workflow.workflow_id = sees_link_end.entity_id
          and (workflow.organization_id = sees_link_end.organization_id
            or (workflow.organization_id is null and workflow.user_id = sees_link_end.created_by))
          and (workflow.user_id = private.actor_id()
            or workflow.organization_id in (select private.my_organizations())));
    else
      return false;
  end case;
end
$$;

comment on function private.sees_link_end(text, uuid, uuid, uuid) is
  'Whether the actor may view the thing at one end of a link that this person made in this organization. Definer: it stands in for the policies of the things.';

revoke all on function private.sees_link_end(text, uuid, uuid, uuid) from public;

create function private.sees_link(link_id uuid) returns boolean
language plpgsql stable security definer set search_path = ''
as $$
declare
  v_made record;
  v_source text;
  v_target text;
begin
  select * into v_made
  from public.domain_events as event
  where event.aggregate_id = sees_link.link_id and event.aggregate_version = 1;
  v_source := v_made.data ->> 'sourceFeature';
  v_target := v_made.data ->> 'targetFeature';
  return coalesce(
    (v_source <> 'function-model' and v_target <> 'function-model' and v_made.actor_id = private.actor_id())
    or private.sees_link_end(
      v_source, (v_made.data ->> 'sourceEntityId')::uuid, v_made.organization_id, v_made.actor_id)
    or private.sees_link_end(
      v_target, (v_made.data ->> 'targetEntityId')::uuid, v_made.organization_id, v_made.actor_id), false);
end
$$;

comment on function private.sees_link(uuid) is
  'Whether the actor may know of a link, removed ones included: they view an end of it, or made it between things that no model is among. Definer: it reads the log for the log''s own policy.';

revoke all on function private.sees_link(uuid) from public;
grant execute on function private.sees_link(uuid) to authenticated, fm_writer;

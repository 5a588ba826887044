create function public.save_organization(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
declare
  v_replayed jsonb := private.begin_command(actor, request);
  v_organization_id uuid := (command ->> 'organizationId')::uuid;
  v_revision integer;
  v_former text;
  v_events jsonb;
  v_agent public.ai_agents;
begin
  if v_replayed is not null then
    return v_replayed;
  end if;
  v_revision := private.lock_organization(v_organization_id);
  if v_revision <> (command ->> 'expectedRevision')::integer then
    raise exception using errcode = 'PT409', message = 'Revision conflict', detail = v_revision::text;
  end if;
  select former.name into v_former
  from public.organizations as former where former.organization_id = v_organization_id;
  v_events := jsonb_build_array(jsonb_build_object(
    'eventType', case when (command ->> 'remove')::boolean then 'OrganizationRemoved' else 'OrganizationRenamed' end,
    'eventVersion', 1,
    'data', jsonb_strip_nulls(jsonb_build_object(
      'organizationId', v_organization_id,
      'name', case when not coalesce((command ->> 'remove')::boolean, false) then command ->> 'name' end,
      'previousName', v_former, 'changedBy', private.actor_id(), 'changedAt', private.wire_time(now())))));
  perform private.describe_change(null, v_organization_id, v_events);

  if (command ->> 'remove')::boolean then
    for v_agent in select agent.* from public.ai_agents as agent where agent.organization_id = v_organization_id loop
      perform private.append_events('ai-agent', v_agent.agent_id, v_organization_id, private.agent_removed(v_agent.agent_id));
    end loop;
    begin
      delete from public.organizations as gone where gone.organization_id = v_organization_id;
    exception when foreign_key_violation then
      raise exception using errcode = 'FM051', message = 'The organization holds models';
    end;
  else
    update public.organizations as saved
    set name = coalesce(command ->> 'name', saved.name), updated_at = now(), revision = saved.revision + 1
    where saved.organization_id = v_organization_id;
  end if;
  if not found then
    raise exception using errcode = '42501', message = 'Not allowed to change this organization';
  end if;
  perform private.append_events('organization', v_organization_id, v_organization_id, v_events);
  return jsonb_build_object('revision', v_revision + 1);
end
$$;

comment on function public.save_organization(jsonb, jsonb, jsonb) is
  'Renames or removes an organization {organizationId, expectedRevision, name?, remove?}; with it go its members, invitations, documents and tasks. Answers {revision}. Refusals: PT409 stale, FM004 not found, FM051 it holds models, 42501.';

revoke all on function public.save_organization(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.save_organization(jsonb, jsonb, jsonb) to service_role;

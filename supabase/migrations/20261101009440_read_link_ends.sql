create function private.link_is_taken(link jsonb) returns boolean
language sql stable security definer set search_path = ''
as $$
  select exists (
    select from public.node_links as taken
    where taken.source_entity_id = (link ->> 'sourceEntityId')::uuid
      and taken.target_entity_id = (link ->> 'targetEntityId')::uuid
      and taken.link_type = link ->> 'linkType'
      and taken.source_feature = link ->> 'sourceFeature'
      and taken.target_feature = link ->> 'targetFeature'
      and taken.source_node_id is not distinct from (link ->> 'sourceNodeId')::uuid
      and taken.target_node_id is not distinct from (link ->> 'targetNodeId')::uuid)
$$;

comment on function private.link_is_taken(jsonb) is
  'Whether a link of these features, ids and type exists. Definer: the constraint counts links that the actor does not see.';

revoke all on function private.link_is_taken(jsonb) from public;
grant execute on function private.link_is_taken(jsonb) to fm_writer;

create function private.link_end(feature text, entity_id uuid, node_ids uuid[]) returns jsonb
language plpgsql stable set search_path = ''
as $$
declare
  v_model public.function_models;
  v_links integer;
begin
  select count(*) into v_links
  from (
    select from public.node_links as link
    where (link.source_entity_id = link_end.entity_id and link.source_feature = link_end.feature)
      or (link.target_entity_id = link_end.entity_id and link.target_feature = link_end.feature)
    limit 1000
  ) as link;
  if link_end.feature = 'function-model' then
    select * into v_model from public.function_models as model where model.model_id = link_end.entity_id;
  end if;
  return jsonb_strip_nulls(jsonb_build_object(
    'feature', link_end.feature,
    'entityId', link_end.entity_id,
    'links', v_links,
    'organizationId', v_model.organization_id,
    'acts', case when v_model.model_id is null then '[]'
      else to_jsonb(private.acts_on_model(v_model.permissions, v_model.organization_id)) end,
    'deleted', v_model.deleted_at is not null,
    'nodeIds', (
      select coalesce(jsonb_agg(wanted.node_id), '[]')
      from unnest(link_end.node_ids) as wanted (node_id)
      where exists (
          select from public.container_nodes as node
          where node.model_id = link_end.entity_id and node.node_id = wanted.node_id)
        or exists (
          select from public.action_nodes as action
          where action.model_id = link_end.entity_id and action.action_id = wanted.node_id))));
end
$$;

comment on function private.link_end(text, uuid, uuid[]) is
  'What is known of a thing that is to be linked: its links, what the actor may do with it when it is a model, and which of the nodes it has.';

revoke all on function private.link_end(text, uuid, uuid[]) from public;
grant execute on function private.link_end(text, uuid, uuid[]) to fm_writer;

create function public.read_link_ends(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
begin
  perform private.begin_command(actor, request - 'idempotency');
  return jsonb_build_object(
    'ends', (
      select coalesce(jsonb_agg(private.link_end(
        wanted.item ->> 'feature', (wanted.item ->> 'entityId')::uuid,
        array(select node::uuid from jsonb_array_elements_text(wanted.item -> 'nodeIds') as node))
        order by wanted.place), '[]')
      from jsonb_array_elements(command -> 'ends') with ordinality as wanted (item, place)),
    'taken', (
      select coalesce(jsonb_agg(private.link_is_taken(wanted.item) order by wanted.place), '[]')
      from jsonb_array_elements(command -> 'links') with ordinality as wanted (item, place)));
end
$$;

comment on function public.read_link_ends(jsonb, jsonb, jsonb) is
  'What is known, as the actor, of things to be linked {ends: [{feature, entityId, nodeIds}], links: [{features, ids, linkType}]}. Answers {ends: [{feature, entityId, links, acts, deleted, organizationId?, nodeIds}], taken: [bool]}.';

revoke all on function public.read_link_ends(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.read_link_ends(jsonb, jsonb, jsonb) to service_role;

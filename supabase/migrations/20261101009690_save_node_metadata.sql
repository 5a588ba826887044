create function public.save_node_metadata(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
declare
  v_replayed jsonb := private.begin_command(actor, request);
  v_new jsonb := command -> 'node';
  v_expected integer := coalesce((command ->> 'expectedRevision')::integer, 0);
  v_organization uuid := (command ->> 'organizationId')::uuid;
  v_node public.node_metadata;
begin
  if v_replayed is not null then
    return v_replayed;
  end if;
  perform private.describe_change(null, v_organization, '[]');
  select * into v_node from public.node_metadata as node
  where node.feature_type = v_new ->> 'featureType' and node.entity_id = (v_new ->> 'entityId')::uuid
    and node.node_id = (v_new ->> 'nodeId')::uuid
  for no key update;
  if coalesce(v_node.revision, 0) <> v_expected then
    raise exception using errcode = 'PT409', message = 'Revision conflict', detail = coalesce(v_node.revision, 0)::text;
  end if;

  if v_expected = 0 then
    begin
      insert into public.node_metadata (
        feature_type, entity_id, node_id, node_type, position, vector_embedding, search_keywords, semantic_tags,
        ai_agent_config, visual_properties, organization_id, created_by)
      values (
        v_new ->> 'featureType', (v_new ->> 'entityId')::uuid, (v_new ->> 'nodeId')::uuid, v_new ->> 'nodeType',
        v_new -> 'position',
        (select array_agg(number::double precision order by place)
         from jsonb_array_elements_text(v_new -> 'vectorEmbedding') with ordinality as list (number, place)),
        array(select jsonb_array_elements_text(v_new -> 'searchKeywords')),
        array(select jsonb_array_elements_text(v_new -> 'semanticTags')),
        v_new -> 'aiAgentConfig', v_new -> 'visualProperties', v_organization, private.actor_id());
    exception when unique_violation then
      raise exception using errcode = 'PT409', message = 'Revision conflict';
    end;
  else
    update public.node_metadata as node
    set node_type = v_new ->> 'nodeType',
        position = v_new -> 'position',
        vector_embedding = (
          select array_agg(number::double precision order by place)
          from jsonb_array_elements_text(v_new -> 'vectorEmbedding') with ordinality as list (number, place)),
        search_keywords = array(select jsonb_array_elements_text(v_new -> 'searchKeywords')),
        semantic_tags = array(select jsonb_array_elements_text(v_new -> 'semanticTags')),
        ai_agent_config = v_new -> 'aiAgentConfig',
        visual_properties = v_new -> 'visualProperties',
        revision = v_expected + 1,
        updated_at = now()
    where node.metadata_id = v_node.metadata_id;
  end if;
  return jsonb_build_object('revision', v_expected + 1);
end
$$;

comment on function public.save_node_metadata(jsonb, jsonb, jsonb) is
  'Describes a node {expectedRevision (0 = first time), organizationId?, node}. Answers {revision}.';

revoke all on function public.save_node_metadata(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.save_node_metadata(jsonb, jsonb, jsonb) to service_role;

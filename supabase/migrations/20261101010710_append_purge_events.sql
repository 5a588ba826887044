-- What goes with a model leaves a word in its own stream.

create function private.append_purge_events(model public.function_models) returns void
language plpgsql set search_path = ''
as $$
declare
  v_link public.node_links;
  v_agent public.ai_agents;
begin
  for v_link in
    select link.* from public.node_links as link
    where (link.source_entity_id = (model).model_id and link.source_feature = 'function-model')
      or (link.target_entity_id = (model).model_id and link.target_feature = 'function-model')
  loop
    perform private.append_events('node-link', v_link.link_id, v_link.organization_id, jsonb_build_array(
      jsonb_build_object('eventType', 'NodeLinkRemoved', 'eventVersion', 1, 'data', jsonb_build_object(
        'linkId', v_link.link_id, 'sourceFeature', v_link.source_feature, 'targetFeature', v_link.target_feature,
        'sourceEntityId', v_link.source_entity_id, 'targetEntityId', v_link.target_entity_id,
        'linkType', v_link.link_type, 'removedBy', private.actor_id(), 'removedAt', private.wire_time(now()),
        'reason', 'purged'))));
  end loop;
  for v_agent in select agent.* from public.ai_agents as agent where agent.model_id = (model).model_id loop
    perform private.append_events(
      'ai-agent', v_agent.agent_id, v_agent.organization_id, private.agent_removed(v_agent.agent_id));
  end loop;
  perform private.append_events('function-model', (model).model_id, (model).organization_id, jsonb_build_array(
    jsonb_build_object('eventType', 'FunctionModelPurged', 'eventVersion', 1, 'data', jsonb_build_object(
      'modelId', (model).model_id, 'purgedBy', private.actor_id(), 'purgedAt', private.wire_time(now())))));
end
$$;

comment on function private.append_purge_events(public.function_models) is
  'Appends that a model, its links and its agents are gone for good, before they are.';

revoke all on function private.append_purge_events(public.function_models) from public;
grant execute on function private.append_purge_events(public.function_models) to fm_writer;

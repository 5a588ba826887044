-- Agents as candidates: with how much they are doing and the words of their
-- node, in one read. Runs and the service have no token of a user, so the actor
-- is an argument here as it is in commands.

create function public.read_ai_agents(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
begin
  perform set_config('request.jwt.claims', actor::text, true);
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'agent', private.agent_in_wire_form(agent),
      'running', private.running_agent_tasks(agent.agent_id),
      'nodeWords', case when agent.node_id is null then '{}'
        else private.words_of_node(agent.feature_type, agent.entity_id, agent.node_id) end,
      'mayExecute', private.may_on_entity('execute', agent.model_id, agent.organization_id, agent.created_by),
      'mayEdit', private.may_on_entity('edit', agent.model_id, agent.organization_id, agent.created_by))
      order by agent.created_at, agent.agent_id), '[]')
    from (
      select *
      from public.ai_agents as candidate
      where (command ->> 'agentId' is null or candidate.agent_id = (command ->> 'agentId')::uuid)
        and (command -> 'agentIds' is null or candidate.agent_id in (
          select (id #>> '{}')::uuid from jsonb_array_elements(command -> 'agentIds') as id))
        and (command ->> 'enabled' is null or candidate.is_enabled = (command ->> 'enabled')::boolean)
        and (command ->> 'featureType' is null or candidate.feature_type = command ->> 'featureType')
        and (command ->> 'entityId' is null or candidate.entity_id = (command ->> 'entityId')::uuid)
        and (command ->> 'nodeId' is null or candidate.node_id = (command ->> 'nodeId')::uuid)
      order by candidate.created_at, candidate.agent_id
      limit 1000
    ) as agent_row
    join public.ai_agents as agent on agent.agent_id = agent_row.agent_id);
end
$$;

comment on function public.read_ai_agents(jsonb, jsonb, jsonb) is
  'Agents the actor sees {agentId?, agentIds?, enabled?, featureType?, entityId?, nodeId?}, at most 1000, each {agent, running, nodeWords, mayExecute, mayEdit}.';

create function public.read_agent_task(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
begin
  perform set_config('request.jwt.claims', actor::text, true);
  return (
    select jsonb_strip_nulls(jsonb_build_object(
        'taskId', task.task_id, 'agentId', task.agent_id, 'taskType', task.task_type, 'task', task.task,
        'priority', task.priority, 'timeoutMs', task.timeout_ms, 'maxRetries', task.max_retries,
        'status', task.status, 'attempts', task.attempts, 'error', task.error,
        'toolsUsed', to_jsonb(task.tools_used), 'durationMs', task.duration_ms,
        'requestedBy', task.requested_by, 'executionId', task.execution_id,
        'coordinationId', task.coordination_id, 'createdAt', private.wire_time(task.created_at),
        'startedAt', private.wire_time(task.started_at), 'completedAt', private.wire_time(task.completed_at)))
      || jsonb_build_object('parameters', task.parameters)
      || case when task.output is null then '{}' else jsonb_build_object('output', task.output) end
    from public.agent_tasks as task
    where task.task_id = (command ->> 'taskId')::uuid);
end
$$;

comment on function public.read_agent_task(jsonb, jsonb, jsonb) is 'A task {taskId} as the actor sees it, or null.';

create function public.read_agent_coordination(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
begin
  perform set_config('request.jwt.claims', actor::text, true);
  return (
    select jsonb_strip_nulls(jsonb_build_object(
        'coordinationId', coordination.coordination_id, 'mode', coordination.mode,
        'status', coordination.status, 'requestedBy', coordination.requested_by,
        'createdAt', private.wire_time(coordination.created_at),
        'completedAt', private.wire_time(coordination.completed_at),
        'durationMs', (extract(epoch from coalesce(coordination.completed_at, now()) - coordination.created_at) * 1000)::bigint))
      || jsonb_build_object('stages', coordination.stages, 'synchronized', coordination.synchronized)
    from public.agent_coordinations as coordination
    where coordination.coordination_id = (command ->> 'coordinationId')::uuid);
end
$$;

comment on function public.read_agent_coordination(jsonb, jsonb, jsonb) is
  'A coordination {coordinationId} as the actor sees it, or null.';

create function public.read_agent_impact(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
declare
  v_models uuid[];
begin
  perform set_config('request.jwt.claims', actor::text, true);
  select coalesce(array_agg(distinct action.model_id), '{}') into v_models
  from public.action_nodes as action
  where action.action_type = 'tetherNode' and action.action_specific_data ->> 'agentId' = command ->> 'agentId';
  return jsonb_build_object(
    'models', to_jsonb(v_models),
    'executions', (
      select coalesce(jsonb_agg(execution.execution_id order by execution.execution_id), '[]')
      from public.workflow_executions as execution
      where execution.model_id = any (v_models) and execution.completed_at is null),
    'queuedTasks', (
      select coalesce(jsonb_agg(task.task_id order by task.created_at, task.task_id), '[]')
      from public.agent_tasks as task
      where task.agent_id = (command ->> 'agentId')::uuid and task.status = 'queued'));
end
$$;

comment on function public.read_agent_impact(jsonb, jsonb, jsonb) is
  'Models, unfinished runs and waiting tasks that rely on an agent {agentId}, as far as the actor sees them.';

create function public.read_node_metadata(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
begin
  perform set_config('request.jwt.claims', actor::text, true);
  return (
    select coalesce(jsonb_agg(node.content order by node.place), '[]')
    from (
      select described.metadata_id as place, jsonb_strip_nulls(jsonb_build_object(
        'featureType', described.feature_type, 'entityId', described.entity_id, 'nodeId', described.node_id,
        'nodeType', described.node_type, 'vectorEmbedding', to_jsonb(described.vector_embedding),
        'createdAt', private.wire_time(described.created_at),
        'updatedAt', private.wire_time(described.updated_at), 'revision', described.revision))
        || jsonb_build_object('position', described.position, 'searchKeywords', to_jsonb(described.search_keywords),
          'semanticTags', to_jsonb(described.semantic_tags), 'aiAgentConfig', described.ai_agent_config,
          'visualProperties', described.visual_properties) as content
      from public.node_metadata as described
      where (command ->> 'featureType' is null or described.feature_type = command ->> 'featureType')
        and (command ->> 'entityId' is null or described.entity_id = (command ->> 'entityId')::uuid)
        and (command ->> 'nodeId' is null or described.node_id = (command ->> 'nodeId')::uuid)
        and (command ->> 'dimensions' is null
          or cardinality(described.vector_embedding) = (command ->> 'dimensions')::integer)
      order by described.metadata_id
      limit coalesce((command ->> 'limit')::integer, 1)
    ) as node);
end
$$;

comment on function public.read_node_metadata(jsonb, jsonb, jsonb) is
  'Nodes described {featureType?, entityId?, nodeId?, dimensions?, limit? (1)} as the actor sees them.';

revoke all on function public.read_ai_agents(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
revoke all on function public.read_agent_task(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
revoke all on function public.read_agent_coordination(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
revoke all on function public.read_agent_impact(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
revoke all on function public.read_node_metadata(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.read_ai_agents(jsonb, jsonb, jsonb) to service_role;
grant execute on function public.read_agent_task(jsonb, jsonb, jsonb) to service_role;
grant execute on function public.read_agent_coordination(jsonb, jsonb, jsonb) to service_role;
grant execute on function public.read_agent_impact(jsonb, jsonb, jsonb) to service_role;
grant execute on function public.read_node_metadata(jsonb, jsonb, jsonb) to service_role;

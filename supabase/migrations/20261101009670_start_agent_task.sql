-- A task begins at once when the agent and its organization have room, and
-- waits otherwise. The tenant's lock makes counting and beginning one step.

create function private.drop_task_of_step(execution_id uuid, step integer) returns uuid
language sql security definer set search_path = ''
as $$
  update public.agent_tasks as task
  set status = 'failed', completed_at = now(), lease_expires_at = null,
      error = '{"code": "WORKER_LOST", "message": "Its worker was lost", "category": "runtime"}'
  where task.execution_id = drop_task_of_step.execution_id and task.step = drop_task_of_step.step
    and task.status = 'running'
  returning task.task_id
$$;

comment on function private.drop_task_of_step(uuid, integer) is
  'Ends the task of a step that is done anew: the engine leases a step to one worker, so whoever did it is lost. Definer: only the engine may end tasks.';

revoke all on function private.drop_task_of_step(uuid, integer) from public;
grant execute on function private.drop_task_of_step(uuid, integer) to fm_writer;

create function public.start_agent_task(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
declare
  v_replayed jsonb := private.begin_command(actor, request);
  v_agent public.ai_agents;
  v_tenant uuid;
  v_task public.agent_tasks;
  v_priority smallint := coalesce((command ->> 'priority')::smallint, 5);
  v_token uuid := (command ->> 'leaseToken')::uuid;
  v_begins boolean;
  v_dropped uuid;
begin
  if v_replayed is not null then
    return v_replayed;
  end if;
  select * into v_agent from public.ai_agents as agent where agent.agent_id = (command ->> 'agentId')::uuid;
  if not found then
    raise exception using errcode = 'FM004', message = 'Not found';
  end if;
  if not private.may_on_entity('execute', v_agent.model_id, v_agent.organization_id, v_agent.created_by) then
    raise exception using errcode = '42501', message = 'Not allowed to have this agent work';
  end if;
  if not v_agent.is_enabled then
    raise exception using errcode = 'FM008', message = 'The agent is disabled';
  end if;
  v_tenant := coalesce(v_agent.organization_id, v_agent.created_by);
  perform private.lock_agents_of_tenant(v_tenant, true);

  if command ->> 'executionId' is not null then
    v_dropped := private.drop_task_of_step((command ->> 'executionId')::uuid, (command ->> 'step')::integer);
  end if;
  if v_dropped is not null then
    perform private.lock_stream_of_agent(v_agent.agent_id);
    perform private.append_events('ai-agent', v_agent.agent_id, v_agent.organization_id, jsonb_build_array(
      jsonb_build_object('eventType', 'AIAgentExecutionFailed', 'eventVersion', 1, 'data', jsonb_build_object(
        'agentId', v_agent.agent_id, 'taskId', v_dropped, 'agentName', v_agent.name,
        'error', '{"code": "WORKER_LOST", "message": "Its worker was lost", "category": "runtime"}'::jsonb,
        'failedAt', private.wire_time(now())))));
  end if;
  v_begins := v_token is not null and private.has_room(v_agent)
    and not exists (
      select from public.agent_tasks as ahead
      where ahead.agent_id = v_agent.agent_id and ahead.status = 'queued' and ahead.is_ready
        and ahead.priority >= v_priority);
  if not v_begins and (
    not coalesce((command ->> 'queueIfBusy')::boolean, true)
    or (select count(*) from public.agent_tasks as waiting
        where waiting.agent_id = v_agent.agent_id and waiting.status = 'queued') >= 100) then
    raise exception using errcode = 'FM020', message = 'The agent is at capacity';
  end if;

  insert into public.agent_tasks (
    task_id, agent_id, tenant_id, organization_id, requested_by, by_service, request_id, task_type, task, parameters,
    priority, timeout_ms, max_retries, status, attempts, execution_id, step, lease_token, lease_expires_at, started_at)
  values (
    (command ->> 'taskId')::uuid, v_agent.agent_id, v_tenant, v_agent.organization_id, private.actor_id(),
    private.is_service(), request ->> 'requestId', command ->> 'taskType', command ->> 'task',
    coalesce(command -> 'parameters', '{}'), v_priority, (command ->> 'timeoutMs')::integer,
    coalesce((command ->> 'maxRetries')::smallint, 0::smallint),
    case when v_begins then 'running' else 'queued' end, case when v_begins then 1 else 0 end,
    (command ->> 'executionId')::uuid, (command ->> 'step')::integer,
    case when v_begins then v_token end, case when v_begins then now() + interval '4 seconds' end,
    case when v_begins then now() end)
  returning * into v_task;

  if not v_begins then
    return jsonb_build_object('status', 'queued');
  end if;
  perform private.lock_stream_of_agent(v_agent.agent_id);
  perform private.append_events('ai-agent', v_agent.agent_id, v_agent.organization_id,
    jsonb_build_array(private.task_started(v_task, v_agent)));
  return jsonb_build_object('status', 'running', 'claim', private.task_claim(v_task, v_agent));
end
$$;

comment on function public.start_agent_task(jsonb, jsonb, jsonb) is
  'Has an agent do something {taskId, agentId, taskType, task, parameters, priority?, timeoutMs, maxRetries?, queueIfBusy?, leaseToken?, executionId?, step?}. Answers {status, claim?}; FM004 no agent, FM008 disabled, FM020 at capacity.';

revoke all on function public.start_agent_task(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.start_agent_task(jsonb, jsonb, jsonb) to service_role;

create function public.start_agent_coordination(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
declare
  v_replayed jsonb := private.begin_command(actor, request);
  v_id uuid := (command ->> 'coordinationId')::uuid;
  v_first integer;
  v_part jsonb;
  v_place integer;
  v_agent public.ai_agents;
begin
  if v_replayed is not null then
    return v_replayed;
  end if;
  select min((part ->> 'stage')::integer) into v_first
  from jsonb_array_elements(command -> 'parts') as part;
  insert into public.agent_coordinations (
    coordination_id, mode, synchronization_points, continue_on_failure, timeout_ms, task_count, current_stage,
    requested_by, deadline)
  values (
    v_id, command ->> 'mode', coalesce(command -> 'synchronizationPoints', '[]'),
    coalesce((command ->> 'continueOnFailure')::boolean, false), (command ->> 'timeoutMs')::integer,
    jsonb_array_length(command -> 'parts'), v_first, private.actor_id(),
    now() + (command ->> 'timeoutMs')::integer * interval '1 millisecond');

  for v_part, v_place in select part, place from jsonb_array_elements(command -> 'parts') with ordinality as list (part, place) order by place loop
    select * into v_agent from public.ai_agents as agent where agent.agent_id = (v_part ->> 'agentId')::uuid;
    if not found then
      raise exception using errcode = 'FM004', message = 'Not found';
    end if;
    if not private.may_on_entity('execute', v_agent.model_id, v_agent.organization_id, v_agent.created_by) then
      raise exception using errcode = '42501', message = 'Not allowed to have this agent work';
    end if;
    if not v_agent.is_enabled then
      raise exception using errcode = 'FM008', message = 'The agent is disabled';
    end if;
    insert into public.agent_tasks (
      task_id, agent_id, tenant_id, organization_id, requested_by, by_service, request_id, task_type, task, parameters,
      priority, timeout_ms, max_retries, status, is_ready, coordination_id, part, place, stage)
    values (
      (v_part ->> 'taskId')::uuid, v_agent.agent_id, coalesce(v_agent.organization_id, v_agent.created_by),
      v_agent.organization_id, private.actor_id(), private.is_service(), request ->> 'requestId',
      v_part ->> 'taskType', v_part ->> 'task', coalesce(v_part -> 'parameters', '{}'),
      coalesce((v_part ->> 'priority')::smallint, 5::smallint), (v_part ->> 'timeoutMs')::integer,
      coalesce((v_part ->> 'maxRetries')::smallint, 0::smallint), 'queued',
      (v_part ->> 'stage')::integer = v_first, v_id, v_part ->> 'name', v_place,
      (v_part ->> 'stage')::integer);
  end loop;
  perform private.append_events('execution', v_id, null, command -> 'events');
  return jsonb_build_object('status', 'running');
end
$$;

comment on function public.start_agent_coordination(jsonb, jsonb, jsonb) is
  'Begins a coordination {coordinationId, mode, synchronizationPoints, continueOnFailure, timeoutMs, parts: [{taskId, name, agentId, stage, …task}], events}. Answers {status}.';

revoke all on function public.start_agent_coordination(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.start_agent_coordination(jsonb, jsonb, jsonb) to service_role;

-- The one call that drives the work of agents, as `exchange` drives runs: it
-- records what tasks came to, keeps the worker's leases, and hands out what is
-- ready. An ended stage of a coordination is handed out too: the domain judges it.

create function private.record_execution(agent_id uuid, success boolean, duration_ms bigint) returns boolean
language plpgsql set search_path = ''
as $$
begin
  update public.ai_agents as agent
  set performance_metrics = jsonb_build_object(
        'executionCount', (agent.performance_metrics ->> 'executionCount')::bigint + 1,
        'successCount', (agent.performance_metrics ->> 'successCount')::bigint + record_execution.success::integer,
        'failureCount', (agent.performance_metrics ->> 'failureCount')::bigint + (not record_execution.success)::integer,
        'averageExecutionTimeMs', (
          (agent.performance_metrics ->> 'averageExecutionTimeMs')::double precision
            * (agent.performance_metrics ->> 'executionCount')::bigint
          + greatest(record_execution.duration_ms, 0))
          / ((agent.performance_metrics ->> 'executionCount')::bigint + 1)),
      last_executed_at = now()
  where agent.agent_id = record_execution.agent_id and agent.is_enabled;
  return found;
end
$$;

comment on function private.record_execution(uuid, boolean, bigint) is
  'Counts a task that ended, in one statement, so that tasks ending together lose nothing; false for a disabled agent, whose record is closed.';

revoke all on function private.record_execution(uuid, boolean, bigint) from public;
grant execute on function private.record_execution(uuid, boolean, bigint) to fm_engine;

create function private.report_agent_task(token uuid, report jsonb) returns boolean
language plpgsql set search_path = ''
as $$
declare
  v_task public.agent_tasks;
  v_agent public.ai_agents;
  v_kind text := report ->> 'kind';
  v_duration bigint;
  v_event jsonb;
  v_events jsonb;
begin
  select * into v_task from public.agent_tasks as task
  where task.task_id = (report ->> 'taskId')::uuid and task.status = 'running'
    and task.lease_token = report_agent_task.token and task.attempts = (report ->> 'attempt')::integer
  for no key update;
  if not found then
    return false;
  end if;
  perform private.lock_stream_of_agent(v_task.agent_id);
  select * into v_agent from public.ai_agents as agent where agent.agent_id = v_task.agent_id;
  v_duration := (extract(epoch from clock_timestamp() - v_task.started_at) * 1000)::bigint;

  if v_kind = 'retry' then
    update public.agent_tasks as task
    set attempts = task.attempts + 1, error = report -> 'error',
        lease_expires_at = now() + interval '4 seconds'
    where task.task_id = v_task.task_id;
  else
    update public.agent_tasks as task
    set status = case v_kind when 'completed' then 'completed' else 'failed' end,
        output = report -> 'output',
        error = case v_kind when 'completed' then null else report -> 'error' end,
        tools_used = array(select jsonb_array_elements_text(coalesce(report -> 'toolsUsed', '[]'))),
        duration_ms = v_duration, completed_at = now(), lease_expires_at = null
    where task.task_id = v_task.task_id;
    perform private.record_execution(v_task.agent_id, v_kind = 'completed', v_duration);
  end if;

  v_event := case v_kind
    when 'completed' then jsonb_build_object('eventType', 'AIAgentExecutionCompleted', 'eventVersion', 1,
      'data', jsonb_build_object('agentId', v_agent.agent_id, 'taskId', v_task.task_id, 'agentName', v_agent.name,
        'result', jsonb_build_object('success', true, 'output', report -> 'output', 'durationMs', v_duration,
          'toolsUsed', coalesce(report -> 'toolsUsed', '[]')),
        'completedAt', private.wire_time(now())))
    else jsonb_build_object('eventType', 'AIAgentExecutionFailed', 'eventVersion', 1,
      'data', jsonb_build_object('agentId', v_agent.agent_id, 'taskId', v_task.task_id, 'agentName', v_agent.name,
        'error', report -> 'error', 'failedAt', private.wire_time(now())))
    end;
  v_events := jsonb_build_array(v_event);
  if coalesce((report ->> 'isolate')::boolean, false) and v_agent.is_enabled then
    perform set_config('fm.request', jsonb_build_object('requestId', v_task.request_id)::text, true);
    update public.ai_agents as agent
    set is_enabled = false, revision = agent.revision + 1, updated_at = now()
    where agent.agent_id = v_agent.agent_id;
    v_events := v_events || jsonb_build_array(jsonb_build_object(
      'eventType', 'AIAgentIsolated', 'eventVersion', 1, 'data', jsonb_build_object(
        'agentId', v_agent.agent_id, 'reason', 'persistent-failures', 'failureCount', v_task.attempts,
        'isolatedAt', private.wire_time(now()))));
  end if;
  perform set_config('fm.request', jsonb_strip_nulls(jsonb_build_object('requestId', v_task.request_id))::text, true);
  perform private.append_events('ai-agent', v_agent.agent_id, v_agent.organization_id, v_events);
  return true;
end
$$;

comment on function private.report_agent_task(uuid, jsonb) is
  'Records what a task came to {taskId, attempt, kind: completed, failed or retry, output?, error?, toolsUsed?, isolate?}; false when it is no longer the worker''s.';

revoke all on function private.report_agent_task(uuid, jsonb) from public;
grant execute on function private.report_agent_task(uuid, jsonb) to fm_engine;

create function private.give_up_agent_task(lost public.agent_tasks, code text, message text, category text) returns void
language plpgsql set search_path = ''
as $$
declare
  v_agent public.ai_agents;
  v_error jsonb := jsonb_build_object('code', give_up_agent_task.code, 'message', give_up_agent_task.message, 'category', give_up_agent_task.category);
begin
  update public.agent_tasks as gone
  set status = 'failed', error = v_error, completed_at = now(), lease_expires_at = null,
      duration_ms = coalesce((extract(epoch from now() - (lost).started_at) * 1000)::integer, 0)
  where gone.task_id = (lost).task_id and gone.completed_at is null;
  if not found then
    return;
  end if;
  perform private.lock_stream_of_agent((lost).agent_id);
  select * into v_agent from public.ai_agents as agent where agent.agent_id = (lost).agent_id;
  if (lost).status = 'running' then
    perform private.record_execution((lost).agent_id, false,
      (extract(epoch from now() - (lost).started_at) * 1000)::bigint);
  end if;
  perform private.append_events('ai-agent', (lost).agent_id, v_agent.organization_id, jsonb_build_array(
    jsonb_build_object('eventType', 'AIAgentExecutionFailed', 'eventVersion', 1, 'data', jsonb_build_object(
      'agentId', (lost).agent_id, 'taskId', (lost).task_id, 'agentName', v_agent.name, 'error', v_error,
      'failedAt', private.wire_time(now())))));
end
$$;

comment on function private.give_up_agent_task(public.agent_tasks, text, text, text) is
  'Fails a task that nobody is going to do any more.';

revoke all on function private.give_up_agent_task(public.agent_tasks, text, text, text) from public;
grant execute on function private.give_up_agent_task(public.agent_tasks, text, text, text) to fm_engine;

create function private.claim_agent_tasks(token uuid, want integer) returns jsonb
language plpgsql set search_path = ''
as $$
declare
  v_task public.agent_tasks;
  v_agent public.ai_agents;
  v_claims jsonb := '[]';
begin
  -- What lost workers held: taken up again, given up at the third loss, and
  -- left to the run where a run does it.
  for v_task in
    select * from public.agent_tasks as task
    where task.status = 'running' and task.lease_expires_at < now()
      - case when task.execution_id is null then interval '0 seconds' else interval '15 seconds' end
    order by task.priority desc, task.created_at
    limit greatest(claim_agent_tasks.want, 0)
    for no key update skip locked
  loop
    if v_task.execution_id is not null or v_task.losses >= 2 then
      perform private.give_up_agent_task(v_task, 'WORKER_LOST', 'Its worker was lost too often', 'runtime');
      continue;
    end if;
    update public.agent_tasks as task
    set lease_token = claim_agent_tasks.token, lease_expires_at = now() + interval '4 seconds',
        losses = task.losses + 1
    where task.task_id = v_task.task_id
    returning * into v_task;
    select * into v_agent from public.ai_agents as agent where agent.agent_id = v_task.agent_id;
    v_claims := v_claims || jsonb_build_array(private.task_claim(v_task, v_agent));
  end loop;

  for v_task in
    select task.* from public.agent_tasks as task
    where task.status = 'queued' and task.is_ready and task.execution_id is null
    order by task.priority desc, task.created_at, task.task_id
    limit 200
    for no key update skip locked
  loop
    exit when jsonb_array_length(v_claims) >= claim_agent_tasks.want;
    continue when not private.lock_agents_of_tenant(v_task.tenant_id, false);
    select * into v_agent from public.ai_agents as agent where agent.agent_id = v_task.agent_id;
    if not v_agent.is_enabled then
      perform private.give_up_agent_task(v_task, 'AGENT_DISABLED', 'The agent is disabled', 'validation');
      continue;
    end if;
    continue when not private.has_room(v_agent);
    update public.agent_tasks as task
    set status = 'running', attempts = 1, lease_token = claim_agent_tasks.token,
        lease_expires_at = now() + interval '4 seconds', started_at = now()
    where task.task_id = v_task.task_id
    returning * into v_task;
    perform private.lock_stream_of_agent(v_agent.agent_id);
    perform set_config('fm.request', jsonb_strip_nulls(jsonb_build_object('requestId', v_task.request_id))::text, true);
    perform private.append_events('ai-agent', v_agent.agent_id, v_agent.organization_id,
      jsonb_build_array(private.task_started(v_task, v_agent)));
    v_claims := v_claims || jsonb_build_array(private.task_claim(v_task, v_agent));
  end loop;
  return v_claims;
end
$$;

comment on function private.claim_agent_tasks(uuid, integer) is
  'Hands ready tasks to a worker, most urgent first; a tenant whose tasks are being counted elsewhere is passed over.';

revoke all on function private.claim_agent_tasks(uuid, integer) from public;
grant execute on function private.claim_agent_tasks(uuid, integer) to fm_engine;

create function private.ended_stages(token uuid) returns jsonb
language plpgsql set search_path = ''
as $$
declare
  v_coordination public.agent_coordinations;
  v_task public.agent_tasks;
  v_late boolean;
  v_stages jsonb := '[]';
begin
  for v_coordination in
    select * from public.agent_coordinations as coordination
    where coordination.status = 'running'
      and (coordination.lease_expires_at is null or coordination.lease_expires_at < now())
      and (coordination.deadline <= now() or not exists (
        select from public.agent_tasks as task
        where task.coordination_id = coordination.coordination_id
          and task.stage = coordination.current_stage and task.completed_at is null))
    order by coordination.deadline
    limit 10
    for no key update skip locked
  loop
    v_late := false;
    if v_coordination.deadline <= now() then
      for v_task in
        select * from public.agent_tasks as task
        where task.coordination_id = v_coordination.coordination_id and task.completed_at is null
          and task.stage = v_coordination.current_stage
      loop
        v_late := true;
        perform private.give_up_agent_task(v_task, 'COORDINATION_TIMEOUT', 'The time of the coordination is up', 'timeout');
      end loop;
    end if;
    update public.agent_coordinations as coordination
    set lease_token = ended_stages.token, lease_expires_at = now() + interval '4 seconds'
    where coordination.coordination_id = v_coordination.coordination_id;
    v_stages := v_stages || jsonb_build_array(jsonb_build_object(
      'coordinationId', v_coordination.coordination_id, 'mode', v_coordination.mode,
      'synchronizationPoints', v_coordination.synchronization_points,
      'continueOnFailure', v_coordination.continue_on_failure, 'taskCount', v_coordination.task_count,
      'stage', v_coordination.current_stage, 'timedOut', v_late or v_coordination.deadline <= now(),
      'earlier', v_coordination.stages,
      'startedAt', private.wire_time(v_coordination.created_at), 'now', private.wire_time(now()),
      'nextStage', (
        select min(task.stage) from public.agent_tasks as task
        where task.coordination_id = v_coordination.coordination_id and task.stage > v_coordination.current_stage),
      'results', (
        select jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
            'taskId', task.part, 'agentId', task.agent_id, 'status', task.status, 'error', task.error,
            'durationMs', coalesce(task.duration_ms, 0)))
          || case when task.output is null then '{}' else jsonb_build_object('output', task.output) end
          order by task.place)
        from public.agent_tasks as task
        where task.coordination_id = v_coordination.coordination_id and task.stage = v_coordination.current_stage)));
  end loop;
  return v_stages;
end
$$;

comment on function private.ended_stages(uuid) is
  'Hands stages of coordinations whose tasks have ended, or whose time is up, to a worker that judges them.';

revoke all on function private.ended_stages(uuid) from public;
grant execute on function private.ended_stages(uuid) to fm_engine;

create function public.exchange_agent_tasks(worker jsonb, reports jsonb default '[]', want integer default 0) returns jsonb
language plpgsql set role = 'fm_engine' set search_path = ''
as $$
declare
  v_token uuid := (worker ->> 'leaseToken')::uuid;
  v_report jsonb;
  v_refused jsonb := '[]';
begin
  perform set_config('request.jwt.claims', '{}', true);
  for v_report in
    select report from jsonb_array_elements(exchange_agent_tasks.reports) with ordinality as list (report, place)
    order by report ->> 'taskId', place
  loop
    if not private.report_agent_task(v_token, v_report) then
      v_refused := v_refused || jsonb_build_array(v_report -> 'taskId');
    end if;
  end loop;

  update public.agent_tasks as task
  set lease_expires_at = now() + interval '4 seconds'
  where task.status = 'running' and task.lease_token = v_token and task.completed_at is null
    and task.task_id in (select (held #>> '{}')::uuid from jsonb_array_elements(coalesce(worker -> 'held', '[]')) as held);

  return jsonb_build_object(
    'refused', v_refused,
    'claims', case when exchange_agent_tasks.want > 0
      then private.claim_agent_tasks(v_token, exchange_agent_tasks.want) else '[]' end,
    'stages', case when exchange_agent_tasks.want > 0 then private.ended_stages(v_token) else '[]' end);
end
$$;

comment on function public.exchange_agent_tasks(jsonb, jsonb, integer) is
  'Records what tasks came to, renews the leases a worker {leaseToken, held: [taskId]} holds, hands out ready tasks and ended stages. Answers {claims, stages, refused}.';

revoke all on function public.exchange_agent_tasks(jsonb, jsonb, integer) from public, anon, authenticated, service_role;
grant execute on function public.exchange_agent_tasks(jsonb, jsonb, integer) to service_role;

create function public.advance_agent_coordination(worker jsonb, advance jsonb) returns jsonb
language plpgsql set role = 'fm_engine' set search_path = ''
as $$
declare
  v_id uuid := (advance ->> 'coordinationId')::uuid;
  v_next integer := (advance ->> 'nextStage')::integer;
  v_coordination public.agent_coordinations;
  v_task public.agent_tasks;
begin
  perform set_config('request.jwt.claims', '{}', true);
  select * into v_coordination from public.agent_coordinations as coordination
  where coordination.coordination_id = v_id and coordination.status = 'running'
    and coordination.lease_token = (worker ->> 'leaseToken')::uuid
    and coordination.current_stage = (advance ->> 'stage')::integer
  for no key update;
  if not found then
    return '{"advanced": false}';
  end if;
  if v_next is null then
    for v_task in
      select * from public.agent_tasks as task
      where task.coordination_id = v_id and task.completed_at is null
    loop
      perform private.give_up_agent_task(v_task, 'COORDINATION_ENDED', 'An earlier stage ended the coordination', 'dependency');
    end loop;
  else
    update public.agent_tasks as task set is_ready = true
    where task.coordination_id = v_id and task.stage = v_next and task.completed_at is null;
  end if;
  update public.agent_coordinations as coordination
  set stages = coordination.stages || jsonb_build_array(advance -> 'result'),
      synchronized = coordination.synchronized || coalesce(advance -> 'synchronized', '[]'),
      current_stage = coalesce(v_next, coordination.current_stage),
      status = coalesce(advance ->> 'status', 'running'),
      completed_at = case when v_next is null then now() end,
      lease_token = null, lease_expires_at = null
  where coordination.coordination_id = v_id;
  perform private.append_events('execution', v_id, v_coordination.organization_id, advance -> 'events');
  return '{"advanced": true}';
end
$$;

comment on function public.advance_agent_coordination(jsonb, jsonb) is
  'Takes what a stage came to {coordinationId, stage, result, synchronized, nextStage? or status, events} from the worker it was handed to. Answers {advanced}.';

revoke all on function public.advance_agent_coordination(jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.advance_agent_coordination(jsonb, jsonb) to service_role;

create function private.agent_work_is_due() returns boolean
language sql volatile set role = 'fm_engine' set search_path = ''
as $$
  select exists (
      select from public.agent_tasks as task
      where task.status = 'running' and task.lease_expires_at < now())
    or exists (
      select from public.agent_coordinations as coordination
      where coordination.status = 'running'
        and (coordination.lease_expires_at is null or coordination.lease_expires_at < now())
        and (coordination.deadline <= now() or not exists (
          select from public.agent_tasks as task
          where task.coordination_id = coordination.coordination_id
            and task.stage = coordination.current_stage and task.completed_at is null)))
    or exists (
      select from (
        select distinct task.agent_id from public.agent_tasks as task
        where task.status = 'queued' and task.is_ready and task.execution_id is null
        limit 100
      ) as waiting
      join public.ai_agents as agent on agent.agent_id = waiting.agent_id
      where not agent.is_enabled or private.has_room(agent))
$$;

comment on function private.agent_work_is_due() is
  'Whether a task, a lost worker''s task or an ended stage waits for a worker.';

revoke all on function private.agent_work_is_due() from public;

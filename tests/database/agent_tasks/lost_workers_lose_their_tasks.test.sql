-- What a lost worker held is done by another, at most three times; persistent failures isolate the agent.
do $$
declare
  v_owner uuid := test.user('owner@example.org');
  v_model uuid := test.model(v_owner, 'Served model');
  v_agent uuid := gen_random_uuid();
  v_task uuid := gen_random_uuid();
  v_token uuid;
  v_answer jsonb;
begin
  perform test.command('save_ai_agent', v_owner, jsonb_build_object(
    'agentId', v_agent, 'expectedRevision', 0, 'events', '[]'::jsonb, 'agent', jsonb_build_object(
      'featureType', 'function-model', 'entityId', v_model, 'name', 'Clerk', 'instructions', 'Work.',
      'tools', '{"availableTools": ["search"]}'::jsonb, 'isEnabled', true,
      'capabilities', '{"maxConcurrentTasks": 5, "supportedDataTypes": ["json"]}'::jsonb)));
  perform test.command('start_agent_task', v_owner, jsonb_build_object('taskId', v_task, 'agentId', v_agent,
    'taskType', 'execution', 'task', 'Do it', 'timeoutMs', 30000, 'leaseToken', gen_random_uuid()));
  perform test.equal(private.agent_work_is_due(), false, 'nothing is due while the lease holds');
  for loss in 1 .. 2 loop
    update public.agent_tasks set lease_expires_at = now() - interval '1 second' where task_id = v_task;
    perform test.equal(private.agent_work_is_due(), true, 'a lost task is due');
    v_token := gen_random_uuid();
    v_answer := public.exchange_agent_tasks(jsonb_build_object('leaseToken', v_token), '[]', 3);
    perform test.equal(v_answer #>> '{claims,0,taskId}', v_task::text, 'another worker takes it up');
  end loop;
  update public.agent_tasks set lease_expires_at = now() - interval '1 second' where task_id = v_task;
  v_answer := public.exchange_agent_tasks(jsonb_build_object('leaseToken', gen_random_uuid()), '[]', 3);
  perform test.equal(v_answer -> 'claims', '[]', 'not for ever');
  perform test.equal((select error ->> 'code' from public.agent_tasks where task_id = v_task), 'WORKER_LOST', 'it is given up');
  perform test.equal(
    (select performance_metrics -> 'failureCount' from public.ai_agents where agent_id = v_agent), '1', 'and counted');

  v_task := gen_random_uuid();
  v_token := gen_random_uuid();
  perform test.command('start_agent_task', v_owner, jsonb_build_object('taskId', v_task, 'agentId', v_agent,
    'taskType', 'execution', 'task', 'Do it', 'timeoutMs', 30000, 'maxRetries', 1, 'leaseToken', v_token));
  perform public.exchange_agent_tasks(jsonb_build_object('leaseToken', v_token), jsonb_build_array(jsonb_build_object(
    'taskId', v_task, 'attempt', 1, 'kind', 'retry', 'error', '{"code": "X", "message": "no", "category": "runtime"}'::jsonb)));
  v_answer := public.exchange_agent_tasks(jsonb_build_object('leaseToken', v_token), jsonb_build_array(jsonb_build_object(
    'taskId', v_task, 'attempt', 2, 'kind', 'failed', 'isolate', true,
    'error', '{"code": "X", "message": "no", "category": "runtime"}'::jsonb)));
  perform test.equal(v_answer -> 'refused', '[]', 'both attempts are taken');
  perform test.equal((select is_enabled from public.ai_agents where agent_id = v_agent), false, 'the agent is isolated');
  perform test.equal(
    (select data ->> 'failureCount' from public.domain_events where aggregate_id = v_agent and event_type = 'AIAgentIsolated'),
    '2', 'and the event counts its failures');
end
$$;

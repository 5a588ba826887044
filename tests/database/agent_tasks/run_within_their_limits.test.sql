-- Tasks begin while there is room, wait otherwise, are done by whom they were handed to, and are counted once each.
create function test.agent(user_id uuid, model_id uuid, most integer) returns uuid language plpgsql as $$
declare
  v_agent_id uuid := gen_random_uuid();
begin
  perform test.command('save_ai_agent', user_id, jsonb_build_object(
    'agentId', v_agent_id, 'expectedRevision', 0, 'events', '[]'::jsonb, 'agent', jsonb_build_object(
      'featureType', 'function-model', 'entityId', model_id, 'name', v_agent_id::text, 'instructions', 'Work.',
      'tools', '{"availableTools": ["search"]}'::jsonb, 'isEnabled', true,
      'capabilities', jsonb_build_object('canExecute', true, 'maxConcurrentTasks', most, 'supportedDataTypes', '["json"]'::jsonb))));
  return v_agent_id;
end
$$;

create function test.task(agent_id uuid, token uuid, more jsonb default '{}') returns jsonb language sql as $$
  select jsonb_strip_nulls(jsonb_build_object('taskId', gen_random_uuid(), 'agentId', agent_id, 'taskType', 'execution',
    'task', 'Do it', 'timeoutMs', 30000, 'leaseToken', token)) || more
$$;

create function test.exchange(token uuid, reports jsonb default '[]', want integer default 0) returns jsonb language plpgsql as $$
declare
  v_answer jsonb;
begin
  set local role service_role;
  v_answer := public.exchange_agent_tasks(jsonb_build_object('leaseToken', token), reports, want);
  reset role;
  return v_answer;
end
$$;

do $$
declare
  v_owner uuid := test.user('owner@example.org');
  v_executor uuid := test.user('executor@example.org');
  v_viewer uuid := test.user('viewer@example.org');
  v_model uuid := test.model(v_owner, 'Served model', jsonb_build_object('permissions', jsonb_build_object(
    'owner', v_owner, 'viewers', jsonb_build_array(v_viewer), 'executors', jsonb_build_array(v_executor))));
  v_agent uuid := test.agent(v_owner, v_model, 2);
  v_token uuid := gen_random_uuid();
  v_first jsonb := test.task(v_agent, v_token);
  v_low jsonb := test.task(v_agent, v_token, '{"priority": 1}');
  v_high jsonb := test.task(v_agent, v_token, '{"priority": 10}');
  v_answer jsonb;
begin
  perform test.equal(test.command_refusal('start_agent_task', v_viewer, v_first), '42501', 'a viewer has it work');
  perform test.equal(
    test.command_refusal('start_agent_task', test.user('stranger@example.org'), v_first), 'FM004', 'a stranger has it work');
  v_answer := test.command('start_agent_task', v_executor, v_first);
  perform test.equal(v_answer ->> 'status', 'running', 'there is room');
  perform test.equal(v_answer #>> '{claim,agent,agentId}', v_agent::text, 'the claim names the agent');
  perform test.equal(test.command('start_agent_task', v_owner, test.task(v_agent, v_token)) ->> 'status', 'running', 'and for a second');
  perform test.equal(test.command_refusal('start_agent_task', v_owner,
    test.task(v_agent, v_token, '{"queueIfBusy": false}')), 'FM020', 'none for a third that may not wait');
  perform test.equal(test.command('start_agent_task', v_owner, v_low) ->> 'status', 'queued', 'one waits');
  perform test.equal(test.command('start_agent_task', v_owner, v_high) ->> 'status', 'queued', 'another waits');
  perform test.equal(test.exchange(v_token, want => 5) -> 'claims', '[]', 'nothing is handed out meanwhile');

  perform test.equal(
    test.exchange(gen_random_uuid(), jsonb_build_array(jsonb_build_object('taskId', v_first ->> 'taskId', 'attempt', 1, 'kind', 'completed')))
      -> 'refused', jsonb_build_array(v_first -> 'taskId'), 'another worker''s report is refused');
  v_answer := test.exchange(v_token, jsonb_build_array(jsonb_build_object('taskId', v_first ->> 'taskId', 'attempt', 1,
    'kind', 'completed', 'output', '{"a": 1}'::jsonb, 'toolsUsed', '["search"]'::jsonb)), 5);
  perform test.equal(v_answer -> 'refused', '[]', 'its own is taken');
  perform test.equal(jsonb_array_length(v_answer -> 'claims'), 1, 'and makes room for one');
  perform test.equal(v_answer #> '{claims,0,taskId}', v_high -> 'taskId', 'which is the most urgent');
  perform test.equal(
    (select performance_metrics -> 'successCount' from public.ai_agents where agent_id = v_agent), '1', 'it was counted');
  perform test.equal(
    test.exchange(v_token, jsonb_build_array(jsonb_build_object('taskId', v_first ->> 'taskId', 'attempt', 1, 'kind', 'completed')))
      -> 'refused', jsonb_build_array(v_first -> 'taskId'), 'nothing is counted twice');
  perform test.equal(
    test.seen_by(v_viewer, format('select status, output from agent_tasks where task_id = %L', v_first ->> 'taskId')),
    '[{"status": "completed", "output": {"a": 1}}]', 'who sees the model sees what came of it');
  perform test.equal(
    (select array_agg(event_type order by aggregate_version) from public.domain_events where aggregate_id = v_agent),
    '{AIAgentExecutionStarted,AIAgentExecutionStarted,AIAgentExecutionCompleted,AIAgentExecutionStarted}', 'what was told');

  perform test.equal(test.command_refusal('save_ai_agent', v_owner, jsonb_build_object(
    'agentId', v_agent, 'expectedRevision', 1, 'remove', true, 'events', '[]'::jsonb)), 'FM008', 'it is not removed at work');
end
$$;

do $$
declare
  v_owner uuid := test.user('owner@example.net');
  v_model uuid := test.model(v_owner, 'Another model');
  v_agent uuid := test.agent(v_owner, v_model, 100);
  v_token uuid := gen_random_uuid();
begin
  for n in 1 .. 10 loop
    perform test.equal(test.command('start_agent_task', v_owner, test.task(v_agent, v_token)) ->> 'status', 'running', 'ten run');
  end loop;
  for n in 1 .. 100 loop
    perform test.equal(test.command('start_agent_task', v_owner, test.task(v_agent, v_token)) ->> 'status', 'queued', 'a hundred wait');
  end loop;
  perform test.equal(test.command_refusal('start_agent_task', v_owner, test.task(v_agent, v_token)), 'FM020', 'no more');
end
$$;

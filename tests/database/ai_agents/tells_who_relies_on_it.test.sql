-- Who relies on an agent is told as far as the asker sees it.
do $$
declare
  v_owner uuid := test.user('owner@example.org');
  v_stranger uuid := test.user('stranger@example.org');
  v_model uuid := test.model(v_owner, 'Relying model');
  v_agent uuid := gen_random_uuid();
  v_task uuid := gen_random_uuid();
  v_question jsonb := jsonb_build_object('agentId', v_agent);
begin
  perform test.command('save_ai_agent', v_owner, jsonb_build_object(
    'agentId', v_agent, 'expectedRevision', 0, 'events', '[]'::jsonb, 'agent', jsonb_build_object(
      'featureType', 'function-model', 'entityId', v_model, 'name', 'Clerk', 'instructions', 'Work.',
      'tools', '{"availableTools": ["search"]}'::jsonb, 'isEnabled', true,
      'capabilities', '{"maxConcurrentTasks": 5, "supportedDataTypes": ["json"]}'::jsonb)));
  perform test.command('start_agent_task', v_owner, jsonb_build_object('taskId', v_task, 'agentId', v_agent,
    'taskType', 'execution', 'task', 'Do it', 'timeoutMs', 30000));
  perform test.equal(
    test.command('read_agent_impact', v_owner, v_question),
    jsonb_build_object('models', '[]'::jsonb, 'executions', '[]'::jsonb, 'queuedTasks', jsonb_build_array(v_task)),
    'what waits for it');
  perform test.equal(
    test.command('read_agent_impact', v_stranger, v_question) -> 'queuedTasks', '[]', 'a stranger is told nothing');
  perform test.equal(
    test.command('read_ai_agents', v_owner, v_question) #> '{0,mayExecute}', 'true', 'the owner may have it work');
  perform test.equal(test.command('read_ai_agents', v_stranger, v_question), '[]', 'a stranger does not see it');
  perform test.equal(test.command('read_agent_task', v_owner, jsonb_build_object('taskId', v_task)) ->> 'status', 'queued', 'the task');
  perform test.equal(test.command('read_agent_task', v_stranger, jsonb_build_object('taskId', v_task)), null, 'is hidden too');
end
$$;

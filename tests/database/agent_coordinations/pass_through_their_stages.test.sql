-- A coordination's stage is judged once all its tasks have ended, by one worker; the next begins then.
do $$
declare
  v_owner uuid := test.user('owner@example.org');
  v_other uuid := test.user('other@example.org');
  v_model uuid := test.model(v_owner, 'Served model');
  v_agent uuid := gen_random_uuid();
  v_id uuid := gen_random_uuid();
  v_token uuid := gen_random_uuid();
  v_worker jsonb := jsonb_build_object('leaseToken', v_token);
  v_answer jsonb;
  v_claim jsonb;
  v_start jsonb;
begin
  perform test.command('save_ai_agent', v_owner, jsonb_build_object(
    'agentId', v_agent, 'expectedRevision', 0, 'events', '[]'::jsonb, 'agent', jsonb_build_object(
      'featureType', 'function-model', 'entityId', v_model, 'name', 'Clerk', 'instructions', 'Work.',
      'tools', '{"availableTools": ["search"]}'::jsonb, 'isEnabled', true,
      'capabilities', '{"maxConcurrentTasks": 5, "supportedDataTypes": ["json"]}'::jsonb)));
  v_start := jsonb_build_object('coordinationId', v_id, 'mode', 'parallel', 'timeoutMs', 60000,
    'events', test.event('AgentWorkflowStarted'), 'parts', (
      select jsonb_agg(jsonb_build_object('taskId', gen_random_uuid(), 'name', part.name, 'agentId', v_agent,
        'stage', part.stage, 'taskType', 'execution', 'task', 'Do it', 'timeoutMs', 30000))
      from (values ('a', 1), ('b', 1), ('c', 2)) as part (name, stage)));
  perform test.equal(test.command_refusal('start_agent_coordination', v_other, v_start), 'FM004', 'agents must be seen');
  perform test.command('start_agent_coordination', v_owner, v_start);
  v_answer := public.exchange_agent_tasks(v_worker, '[]', 9);
  perform test.equal(jsonb_array_length(v_answer -> 'claims'), 2, 'the first stage runs together');
  perform test.equal(v_answer -> 'stages', '[]', 'and is not over');
  v_answer := public.exchange_agent_tasks(v_worker, (
    select jsonb_agg(jsonb_build_object('taskId', claim ->> 'taskId', 'attempt', 1, 'kind', 'completed', 'output', '{"x": 1}'::jsonb))
    from jsonb_array_elements(v_answer -> 'claims') as claim), 9);
  perform test.equal(v_answer #>> '{stages,0,stage}', '1', 'the ended stage is handed out');
  perform test.equal(jsonb_array_length(v_answer #> '{stages,0,results}'), 2, 'with its results');
  perform test.equal(v_answer #>> '{stages,0,nextStage}', '2', 'and what comes next');
  perform test.equal(v_answer -> 'claims', '[]', 'the next has not begun');
  perform test.equal(
    public.exchange_agent_tasks(jsonb_build_object('leaseToken', gen_random_uuid()), '[]', 9) -> 'stages', '[]', 'only one worker judges');
  perform test.equal(
    public.advance_agent_coordination(jsonb_build_object('leaseToken', gen_random_uuid()),
      jsonb_build_object('coordinationId', v_id, 'stage', 1, 'nextStage', 2)), '{"advanced": false}', 'another may not');
  perform test.equal(
    public.advance_agent_coordination(v_worker, jsonb_build_object('coordinationId', v_id, 'stage', 1, 'nextStage', 2,
      'result', '{"stage": 1}'::jsonb, 'events', test.event('AgentWorkflowStageCompleted'))), '{"advanced": true}', 'it goes on');
  v_claim := public.exchange_agent_tasks(v_worker, '[]', 9) #> '{claims,0}';
  perform test.equal(v_claim ->> 'coordinationId', v_id::text, 'the second stage runs');

  update public.agent_coordinations set deadline = now() - interval '1 second' where coordination_id = v_id;
  v_answer := public.exchange_agent_tasks(v_worker, '[]', 1);
  perform test.equal(v_answer #>> '{stages,0,timedOut}', 'true', 'its time is up');
  perform test.equal(v_answer #>> '{stages,0,results,0,error,code}', 'COORDINATION_TIMEOUT', 'what ran is given up');
  perform public.advance_agent_coordination(v_worker, jsonb_build_object('coordinationId', v_id, 'stage', 2, 'status', 'partial',
    'result', '{"stage": 2}'::jsonb, 'events', test.event('AgentWorkflowCompleted')));
  perform test.equal(
    test.seen_by(v_owner, 'select status, jsonb_array_length(stages) as stages from agent_coordinations'),
    '[{"stages": 2, "status": "partial"}]', 'it has ended');
  perform test.equal(jsonb_array_length(test.seen_by(v_other, 'select status from agent_coordinations')), 0, 'others do not see it');
  perform test.equal(
    (select array_agg(event_type order by aggregate_version) from public.domain_events where aggregate_id = v_id),
    '{AgentWorkflowStarted,AgentWorkflowStageCompleted,AgentWorkflowCompleted}', 'what was told');
end
$$;

-- A paused run starts nothing new, keeps what ends meanwhile, and goes on where it was when it is resumed; so do the runs nested in it.
do $$
declare
  v_user uuid := test.user('runner@example.org');
  v_viewer uuid := test.user('viewer@example.org');
  v_inner public.function_model_versions := test.published(v_user, 'Inner', test.chain_plan(1));
  v_version public.function_model_versions := test.published(v_user, 'Paused', test.chain_plan(2), jsonb_build_object(
    'permissions', jsonb_build_object('owner', v_user, 'viewers', jsonb_build_array(v_viewer))));
  v_claim jsonb := test.start(v_user, v_version, 1) -> 'claims' -> 0;
  v_execution uuid := (v_claim ->> 'executionId')::uuid;
  v_command jsonb := jsonb_build_object('executionId', v_execution, 'reason', 'lunch');
  v_child uuid := gen_random_uuid();
  v_answer jsonb;
begin
  perform test.equal(test.command_refusal('pause_execution', v_viewer, v_command), '42501', 'a viewer pauses');
  perform test.equal(
    test.command_refusal('pause_execution', test.user('stranger@example.org'), v_command), 'FM004', 'a stranger pauses');
  perform test.equal(test.command_refusal('resume_execution', v_user, v_command), 'FM008', 'resuming what runs');
  perform test.equal(
    test.command_refusal('pause_execution', v_user, v_command || '{"expectedRevision": 1}'), 'PT409', 'a stale revision');
  perform test.equal(test.command('pause_execution', v_user, v_command), '{"status": "paused"}', 'the starter pauses');
  perform test.equal(test.command_refusal('pause_execution', v_user, v_command), 'FM008', 'pausing twice');

  v_answer := test.exchange(jsonb_build_array(test.outcome(v_claim, 'completed', '{"output": {"a": 1}}')), 5);
  perform test.equal(v_answer -> 'claims', '[]', 'nothing new starts');
  perform test.equal(v_answer -> 'refused', '[]', 'what ended is recorded');
  perform test.equal(test.run_status(v_execution, 2), 'ready', 'the next step waits');
  v_answer := test.exchange('[]', 5);
  perform test.holds(v_answer -> 'nextDueMs' is null, 'a paused run keeps no worker awake');
  perform test.holds(not private.work_is_due(), 'nor wakes one');

  perform test.equal(test.command('resume_execution', v_user, v_command), '{"status": "running"}', 'it goes on');
  v_answer := test.exchange('[]', 5);
  perform test.equal(test.steps(v_answer -> 'claims'), '{2}', 'with the next step');

  -- The second step nests a run that nobody has begun when both are paused.
  v_answer := test.exchange(jsonb_build_array(test.outcome(v_answer -> 'claims' -> 0, 'child', jsonb_build_object(
    'child', jsonb_build_object('executionId', v_child, 'modelId', v_inner.model_id, 'versionId', v_inner.version_id)))), 0);
  perform test.command('pause_execution', v_user, v_command);
  perform test.equal(test.exchange('[]', 5) -> 'claims', '[]', 'the nested run does not begin');
  perform test.command('resume_execution', v_user, v_command);
  v_answer := test.exchange('[]', 5);
  perform test.equal(v_answer -> 'claims' -> 0 ->> 'executionId', v_child::text, 'now it does');
  perform test.command('pause_execution', v_user, v_command);
  perform test.equal(
    (select status::text from public.workflow_executions where execution_id = v_child), 'paused', 'it pauses with the run above');
  v_answer := test.exchange(jsonb_build_array(test.outcome(v_answer -> 'claims' -> 0, 'completed', '{"output": 1}')), 5);
  perform test.equal(v_answer -> 'finished', '[]', 'and does not end while paused');
  perform test.command('resume_execution', v_user, v_command);
  v_answer := test.exchange('[]', 5);
  perform test.equal(
    array[v_answer -> 'claims' -> 0 ->> 'step', v_answer -> 'claims' -> 0 -> 'child' ->> 'status'],
    '{2,completed}', 'its end resumes the step above');
  perform test.exchange(jsonb_build_array(test.outcome(v_answer -> 'claims' -> 0, 'completed', '{"output": 1}')));
  perform test.equal(
    (select array_agg(status::text) from public.workflow_executions where execution_id in (v_execution, v_child)),
    '{completed,completed}', 'both complete');
  perform test.equal(
    (select facts - 'at' from public.execution_events
     where aggregate_id = v_execution and event_type = 'WorkflowExecutionPaused' order by position limit 1),
    jsonb_build_object('by', v_user, 'reason', 'lunch'), 'who paused it, and why');
  perform test.equal(
    (select count(*) from public.execution_events
     where aggregate_id = v_execution and event_type = 'WorkflowExecutionResumed'), 3::bigint, 'three times resumed');
end
$$;

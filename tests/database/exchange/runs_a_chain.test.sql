-- A chain of actions runs from start to end in one start and one exchange per action, with outputs, events and progress.
do $$
declare
  v_user uuid := test.user('runner@example.org');
  v_version public.function_model_versions := test.published(v_user, 'Chain', test.chain_plan(3));
  v_answer jsonb := test.start(v_user, v_version, 1);
  v_execution uuid := (v_answer -> 'claims' -> 0 ->> 'executionId')::uuid;
begin
  perform test.equal(v_answer -> 'executions' -> 0 ->> 'status', 'running', 'status after the start');
  perform test.equal(test.steps(v_answer -> 'claims'), '{1}', 'the first action goes with the start');
  for v_number in 1 .. 2 loop
    v_answer := test.exchange(jsonb_build_array(test.outcome(
      v_answer -> 'claims' -> 0, 'completed', jsonb_build_object('output', jsonb_build_object('step', v_number)))), 1);
  end loop;
  perform test.equal(
    v_answer -> 'claims' -> 0 -> 'results',
    '[{"step": 1, "status": "completed", "output": {"step": 1}}, {"step": 2, "status": "completed", "output": {"step": 2}}]',
    'a claim carries the results before it');
  v_answer := test.exchange(jsonb_build_array(test.outcome(
    v_answer -> 'claims' -> 0, 'completed', '{"output": {"total": 42}}')), 1);
  perform test.equal(
    v_answer, jsonb_build_object('claims', '[]'::jsonb, 'refused', '[]'::jsonb, 'finished', jsonb_build_array(
      jsonb_build_object('executionId', v_execution, 'status', 'completed'))), 'the last answer');

  perform test.equal(
    test.event_types(v_execution),
    array['WorkflowExecutionStarted', 'ContainerNodeOrchestrationStarted',
          'ActionNodeExecutionStarted', 'ActionNodeExecutionCompleted',
          'ActionNodeExecutionStarted', 'ActionNodeExecutionCompleted',
          'ActionNodeExecutionStarted', 'ActionNodeExecutionCompleted',
          'ContainerNodeOrchestrationCompleted', 'WorkflowExecutionCompleted'], 'events');
  perform test.equal(
    (select array_agg(aggregate_version order by position) from public.execution_events where aggregate_id = v_execution),
    array(select generate_series(1, 10)), 'numbered without gaps, in the order of the log');
  perform test.equal(
    test.seen_by(v_user, 'select status, outputs, errors, progress(execution) from public.workflow_executions as execution'),
    '[{"status": "completed", "outputs": {"total": 42}, "errors": [], "progress": {"phase": "completion",
       "percentage": 100, "totalNodes": 1, "completedNodes": 1, "failedNodes": 0, "skippedNodes": 0}}]', 'the run');
  perform test.equal((select count(*) from private.live_executions where execution_id = v_execution), 0::bigint, 'not live');
end
$$;

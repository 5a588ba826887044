-- A final failure flags later steps, which end as skipped when their turn comes; the run fails with the error.
do $$
declare
  v_user uuid := test.user('runner@example.org');
  v_version public.function_model_versions := test.published(v_user, 'Failing', test.chain_plan(3));
  v_claim jsonb := test.start(v_user, v_version, 1) -> 'claims' -> 0;
  v_execution uuid := (v_claim ->> 'executionId')::uuid;
  v_answer jsonb;
begin
  v_answer := test.exchange(jsonb_build_array(test.outcome(v_claim, 'failed',
    '{"error": {"code": "BROKEN", "message": "no", "category": "runtime"}, "skip": [2, 3], "reason": "ABORTED"}')), 5);
  perform test.equal(v_answer -> 'claims', '[]', 'nothing more is handed out');
  perform test.equal(v_answer -> 'finished' -> 0 ->> 'status', 'failed', 'the run fails');
  perform test.equal(
    (select jsonb_object_agg(step, array_to_string(array[status::text, skip_reason], ' ')) from public.action_runs where execution_id = v_execution),
    '{"0": "completed", "1": "failed", "2": "skipped ABORTED", "3": "skipped ABORTED", "4": "failed"}', 'steps');
  perform test.equal(
    (select jsonb_build_array(errors -> 0 ->> 'code', failed_nodes, completed_nodes, remaining_steps)
     from public.workflow_executions where execution_id = v_execution),
    '["BROKEN", 1, 0, 0]', 'the run');
  perform test.equal(
    (test.event_types(v_execution))[4:],
    '{ActionNodeExecutionFailed,ContainerNodeOrchestrationCompleted,WorkflowExecutionFailed}', 'events');
end
$$;

-- A failure that lets the others go on fails neither the container nor the run.
do $$
declare
  v_user uuid := test.user('runner2@example.org');
  v_version public.function_model_versions := test.published(v_user, 'Going on', test.chain_plan(2));
  v_answer jsonb := test.start(v_user, v_version, 1);
begin
  v_answer := test.exchange(jsonb_build_array(test.outcome(v_answer -> 'claims' -> 0, 'failed',
    '{"error": {"code": "BROKEN", "message": "no", "category": "runtime"}, "skip": [], "containerFailed": false}')), 1);
  perform test.equal(test.steps(v_answer -> 'claims'), '{2}', 'the next action runs');
  v_answer := test.exchange(jsonb_build_array(test.outcome(v_answer -> 'claims' -> 0, 'completed', '{"output": 1}')), 1);
  perform test.equal(v_answer -> 'finished' -> 0 ->> 'status', 'completed', 'the run completes');
end
$$;

-- A mate that was ready already is skipped at once, one that runs may end.
do $$
declare
  v_user uuid := test.user('runner3@example.org');
  v_version public.function_model_versions := test.published(v_user, 'Mates', test.parallel_plan(3, 3));
  v_answer jsonb := test.start(v_user, v_version, 2);
  v_execution uuid := (v_answer -> 'claims' -> 0 ->> 'executionId')::uuid;
begin
  perform test.equal(test.steps(v_answer -> 'claims'), '{1,2}', 'two of three are handed out');
  perform test.exchange(jsonb_build_array(test.outcome(v_answer -> 'claims' -> 0, 'failed',
    '{"error": {"code": "BROKEN", "message": "no"}, "skip": [2, 3], "reason": "ABORTED"}')));
  perform test.equal(
    array[test.run_status(v_execution, 2), test.run_status(v_execution, 3)], '{executing,skipped}', 'the mates');
  v_answer := test.exchange(jsonb_build_array(test.outcome(v_answer -> 'claims' -> 1, 'completed', '{"output": 1}')), 5);
  perform test.equal(v_answer -> 'claims', '[]', 'the queue row of the skipped one is overtaken');
  perform test.equal(v_answer -> 'finished' -> 0 ->> 'status', 'failed', 'the run ends with the last mate');
end
$$;

-- A container that failed is tried again as a whole, after the pause that the outcome names: what
-- had completed runs once more, attempts count on, and what comes behind it waits meanwhile.
do $$
declare
  v_user uuid := test.user('runner@example.org');
  v_version public.function_model_versions := test.published(v_user, 'Chain', test.chain_plan(3));
  v_start jsonb := test.start(v_user, v_version, 1, '{"recovery": {"maxRetryAttempts": 1, "retryDelayMs": 0}}');
  v_claim jsonb := v_start -> 'claims' -> 0;
  v_execution uuid := (v_claim ->> 'executionId')::uuid;
  v_failed jsonb := '{"error": {"code": "BROKEN", "message": "it broke", "category": "runtime"}, "skip": [3],
    "reason": "DEPENDENCY_FAILED"}';
  v_answer jsonb;
  v_late jsonb;
begin
  perform test.equal(v_claim -> 'recovery' ->> 'maxRetryAttempts', '1', 'a claim tells what the start asked for');
  perform test.equal(v_claim -> 'containerRestarts', '0', 'the first try');
  v_answer := test.exchange(jsonb_build_array(test.outcome(v_claim, 'completed', '{"output": {"a": 1}}')), 1);
  v_late := test.outcome(v_answer -> 'claims' -> 0, 'failed', v_failed || '{"restartAfterMs": 60000}');
  v_answer := test.exchange(jsonb_build_array(v_late), 1);
  perform test.equal(v_answer -> 'claims', '[]'::jsonb, 'the pause');
  perform test.equal(v_answer -> 'finished', '[]'::jsonb, 'the run goes on');
  perform test.equal(
    (select array[remaining_steps, failed_nodes, skipped_nodes] from public.workflow_executions where execution_id = v_execution),
    '{5,0,0}', 'everything is to be done');
  perform test.equal(test.run_status(v_execution, 3), 'pending', 'what was skipped waits again');

  update private.ready set due_at = now() where execution_id = v_execution;
  v_answer := test.exchange('[]', 1);
  v_claim := v_answer -> 'claims' -> 0;
  perform test.equal(test.steps(v_answer -> 'claims'), '{1}', 'from its first action on');
  perform test.equal(v_claim - 'results' @> '{"attempt": 2, "failures": 0, "containerRestarts": 1}', true, 'attempts count on');
  v_answer := test.exchange(jsonb_build_array(test.outcome(v_claim, 'completed', '{"output": {"a": 2}}')), 1);
  perform test.equal(
    jsonb_array_length(test.exchange(jsonb_build_array(v_late), 0) -> 'refused'), 1, 'a repeated outcome of the first try');
  v_answer := test.exchange(jsonb_build_array(test.outcome(v_answer -> 'claims' -> 0, 'failed', v_failed)), 1);
  perform test.equal(v_answer -> 'finished' -> 0 ->> 'status', 'failed', 'without a further try it stays failed');
  perform test.equal(
    (select array_agg(event_type order by position) filter (where event_type like 'Container%')
     from public.execution_events where aggregate_id = v_execution),
    '{ContainerNodeOrchestrationStarted,ContainerNodeOrchestrationStarted,ContainerNodeOrchestrationCompleted}', 'events');
  perform test.equal(
    (select array[remaining_steps, failed_nodes] from public.workflow_executions where execution_id = v_execution), '{0,1}', 'the end');
end
$$;

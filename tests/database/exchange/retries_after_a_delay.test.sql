-- A retry waits its delay, counts the failure, and the next attempt is told of it.
do $$
declare
  v_user uuid := test.user('runner@example.org');
  v_version public.function_model_versions := test.published(v_user, 'Retried', test.chain_plan(1));
  v_claim jsonb := test.start(v_user, v_version, 1) -> 'claims' -> 0;
  v_execution uuid := (v_claim ->> 'executionId')::uuid;
  v_answer jsonb;
begin
  v_answer := test.exchange(jsonb_build_array(test.outcome(v_claim, 'retry',
    '{"error": {"code": "SERVICE_UNAVAILABLE", "message": "busy", "category": "runtime"}, "delayMs": 2000}')), 1);
  perform test.equal(v_answer -> 'claims', '[]', 'not before the delay has passed');
  perform test.holds((v_answer ->> 'nextDueMs')::integer between 1000 and 2000, 'the answer says when');
  perform test.equal(
    (select array[status::text, attempt::text, failures::text] from public.action_runs where execution_id = v_execution and step = 1),
    '{ready,1,1}', 'the step waits');

  update private.ready set due_at = now() where execution_id = v_execution;
  v_answer := test.exchange('[]', 1, test.worker(2));
  perform test.equal(
    array[v_answer -> 'claims' -> 0 ->> 'attempt', v_answer -> 'claims' -> 0 ->> 'failures'], '{2,1}', 'the next attempt');
  v_answer := test.exchange(jsonb_build_array(test.outcome(v_answer -> 'claims' -> 0, 'completed', '{"output": 1}')), 1, test.worker(2));
  perform test.equal(v_answer -> 'finished' -> 0 ->> 'status', 'completed', 'and the run completes');
  perform test.equal(
    (test.event_types(v_execution))[3:7],
    '{ActionNodeExecutionStarted,ActionNodeExecutionFailed,ActionNodeExecutionRetried,ActionNodeExecutionStarted,ActionNodeExecutionCompleted}',
    'events of the action');
  perform test.equal(
    (select facts - 'startedAt' - 'failedAt' from public.execution_events
     where aggregate_id = v_execution and event_type = 'ActionNodeExecutionFailed'),
    '{"actionId": "00000000-0000-0000-0000-000000000001", "actionName": "Action 1", "retryAttempt": 0, "willRetry": true,
      "error": {"code": "SERVICE_UNAVAILABLE", "message": "busy", "category": "runtime"}}', 'the failure');
  perform test.equal(
    (select facts ->> 'maxRetries' from public.execution_events
     where aggregate_id = v_execution and event_type = 'ActionNodeExecutionRetried'), '3', 'retries that the policy allows');
end
$$;

-- One more attempt by hand: a failed run goes on from its action, what was completed stays, what was skipped gets its turn.
do $$
declare
  v_user uuid := test.user('runner@example.org');
  v_viewer uuid := test.user('viewer@example.org');
  v_version public.function_model_versions := test.published(v_user, 'Retried', test.chain_plan(3), jsonb_build_object(
    'permissions', jsonb_build_object('owner', v_user, 'viewers', jsonb_build_array(v_viewer))));
  v_claim jsonb := test.start(v_user, v_version, 1, '{"timeoutSeconds": 60}') -> 'claims' -> 0;
  v_execution uuid := (v_claim ->> 'executionId')::uuid;
  v_failure jsonb := '{"error": {"code": "BROKEN", "message": "it broke", "category": "runtime"}}';
  v_answer jsonb;
  v_command jsonb;
begin
  v_answer := test.exchange(jsonb_build_array(test.outcome(v_claim, 'completed', '{"output": {"a": 1}}')), 1);
  v_claim := v_answer -> 'claims' -> 0;
  v_answer := test.exchange(jsonb_build_array(test.outcome(
    v_claim, 'failed', v_failure || '{"skip": [1, 3], "reason": "DEPENDENCY_FAILED"}')), 1);
  perform test.equal(v_answer -> 'finished' -> 0 ->> 'status', 'failed', 'the run has failed');
  update public.workflow_executions set deadline = now() - interval '1 second' where execution_id = v_execution;

  v_command := jsonb_build_object('executionId', v_execution, 'step', 2, 'attempt', 1, 'resumption',
    '{"again": [3, 4], "release": [], "waiting": [], "cursors": []}'::jsonb);
  perform test.equal(test.command_refusal('retry_action', v_viewer, v_command), '42501', 'a viewer');
  perform test.equal(test.command_refusal('retry_action', v_user, v_command || '{"attempt": 2}'), 'FM008', 'another attempt');
  perform test.equal(test.command_refusal('retry_action', v_user, v_command - 'resumption'), 'FM008', 'as if it still ran');
  perform test.equal(test.command('retry_action', v_user, v_command), '{"status": "running"}', 'it is taken up');
  perform test.equal(
    (select array[status::text, remaining_steps::text, (completed_at is null)::text, (deadline is null)::text, completed_nodes::text, failed_nodes::text]
     from public.workflow_executions where execution_id = v_execution),
    '{running,3,true,true,0,0}', 'the run is open again');
  perform test.equal(test.run_status(v_execution, 1), 'completed', 'what was completed stays');
  perform test.equal(test.run_status(v_execution, 3), null, 'what was skipped is open');

  v_answer := test.exchange('[]', 5);
  perform test.equal(
    array[v_answer -> 'claims' -> 0 ->> 'step', v_answer -> 'claims' -> 0 ->> 'attempt', v_answer -> 'claims' -> 0 ->> 'failures'],
    '{2,2,1}', 'the second attempt');
  v_answer := test.exchange(jsonb_build_array(test.outcome(v_answer -> 'claims' -> 0, 'completed', '{"output": {"b": 2}}')), 1);
  v_answer := test.exchange(jsonb_build_array(test.outcome(v_answer -> 'claims' -> 0, 'completed', '{"output": {"c": 3}}')), 1);
  perform test.equal(v_answer -> 'finished' -> 0 ->> 'status', 'completed', 'the run completes');
  perform test.equal(
    (select array[outputs::text, completed_nodes::text, failed_nodes::text, remaining_steps::text]
     from public.workflow_executions where execution_id = v_execution),
    array['{"c": 3}', '1', '0', '0'], 'as if it had not failed');
  perform test.equal(
    (select array_agg(event_type order by aggregate_version) from public.execution_events
     where aggregate_id = v_execution and event_type ~ '^Workflow|Retried'),
    '{WorkflowExecutionStarted,WorkflowExecutionFailed,ActionNodeExecutionRetried,WorkflowExecutionResumed,WorkflowExecutionCompleted}',
    'the events tell it');
  perform test.equal(test.command_refusal('retry_action', v_user, v_command), 'FM008', 'a completed run stays');
end
$$;

-- Steps that ended well after the failure only let through; an attempt that waits is brought forward.
do $$
declare
  v_user uuid := test.user('runner2@example.org');
  v_version public.function_model_versions := test.published(v_user, 'Went on', test.chain_plan(2));
  v_claim jsonb := test.start(v_user, v_version, 1) -> 'claims' -> 0;
  v_execution uuid := (v_claim ->> 'executionId')::uuid;
  v_failure jsonb := '{"error": {"code": "BROKEN", "message": "it broke", "category": "runtime"}}';
  v_answer jsonb;
begin
  v_answer := test.exchange(jsonb_build_array(test.outcome(v_claim, 'retry', v_failure || '{"delayMs": 60000}')), 1);
  perform test.equal(v_answer -> 'claims', '[]', 'the next attempt is far away');
  perform test.command('retry_action', v_user, jsonb_build_object('executionId', v_execution, 'step', 1, 'attempt', 1));
  v_answer := test.exchange('[]', 5);
  perform test.equal(v_answer -> 'claims' -> 0 ->> 'attempt', '2', 'now it is made');
  perform test.equal((select count(*) from private.ready where execution_id = v_execution), 0::bigint, 'and not made twice');

  v_answer := test.exchange(jsonb_build_array(test.outcome(
    v_answer -> 'claims' -> 0, 'failed', v_failure || '{"skip": [], "reason": "X", "containerFailed": true}')), 1);
  perform test.exchange(jsonb_build_array(test.outcome(v_answer -> 'claims' -> 0, 'completed', '{"output": {"kept": 1}}')));
  perform test.equal(
    (select status::text from public.workflow_executions where execution_id = v_execution), 'failed', 'failed in the end');
  perform test.command('retry_action', v_user, jsonb_build_object('executionId', v_execution, 'step', 1, 'attempt', 2,
    'resumption', '{"again": [3], "release": [], "waiting": [[2, 1]], "cursors": []}'::jsonb));
  v_answer := test.exchange('[]', 5);
  v_answer := test.exchange(jsonb_build_array(test.outcome(v_answer -> 'claims' -> 0, 'completed', '{"output": 1}')), 5);
  perform test.equal(v_answer -> 'claims', '[]', 'the second step is not done again');
  perform test.equal(v_answer -> 'finished' -> 0 ->> 'status', 'completed', 'and the run completes');
  perform test.equal(
    (select outputs from public.workflow_executions where execution_id = v_execution), '{"kept": 1}', 'with what it had put out');
end
$$;

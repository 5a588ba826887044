-- The service may report that an attempt failed which somebody else holds; the holder's own outcome is refused then.
do $$
declare
  v_user uuid := test.user('runner@example.org');
  v_version public.function_model_versions := test.published(v_user, 'Reported', test.chain_plan(1));
  v_claim jsonb := test.start(v_user, v_version, 1) -> 'claims' -> 0;
  v_execution uuid := (v_claim ->> 'executionId')::uuid;
  v_command jsonb := jsonb_build_object('executionId', v_execution, 'step', 1, 'attempt', 1, 'outcome',
    '{"kind": "retry", "delayMs": 500, "error": {"code": "GONE", "message": "gone", "category": "runtime"}}'::jsonb);
  v_service jsonb := '{"sub": "00000000-0000-4000-8000-000000000001", "role": "service_role"}';
  v_answer jsonb;
begin
  perform test.equal(test.command_refusal('record_action_failure', v_user, v_command), '42501', 'a user reports');
  perform test.refused(format('select public.record_action_failure(%L, %L, %L)', v_service, '{}',
    v_command || jsonb_build_object('leaseToken', gen_random_uuid())), 'FM008', 'under another lease');
  set local role service_role;
  v_answer := public.record_action_failure(v_service, '{"requestId": "r"}', v_command);
  reset role;
  perform test.equal(v_answer, '{}', 'the service reports');
  perform test.equal(
    (select array[status::text, failures::text, (due_at > now())::text] from public.action_runs
     where execution_id = v_execution and step = 1), '{ready,1,true}', 'the step waits for its next attempt');
  perform test.refused(format('select public.record_action_failure(%L, %L, %L)', v_service, '{}', v_command),
    'FM008', 'what does not execute cannot fail');
  v_answer := test.exchange(jsonb_build_array(test.outcome(v_claim, 'completed', '{"output": 1}')));
  perform test.equal(jsonb_array_length(v_answer -> 'refused'), 1, 'the holder comes too late');
  perform test.equal(public.read_run(v_execution) -> 'execution' ->> 'status', 'running', 'the service reads the run');
  perform test.equal(public.read_run(v_execution) -> 'steps' -> 1 ->> 'failures', '1', 'and its steps');
  perform test.equal(public.read_run(gen_random_uuid()), null, 'and nothing where there is none');
end
$$;

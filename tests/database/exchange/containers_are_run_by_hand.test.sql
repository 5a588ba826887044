-- The service runs a container here and now: an attempt that waits is made, what is left out is skipped, options travel with the claims.
do $$
declare
  v_user uuid := test.user('runner@example.org');
  v_version public.function_model_versions := test.published(v_user, 'By hand', test.chain_plan(3));
  v_claim jsonb := test.start(v_user, v_version, 1) -> 'claims' -> 0;
  v_execution uuid := (v_claim ->> 'executionId')::uuid;
  v_service jsonb := '{"sub": "00000000-0000-4000-8000-000000000001", "role": "service_role"}';
  v_command jsonb := jsonb_build_object(
    'order', jsonb_build_object(
      'executionId', v_execution, 'steps', '[1, 2]'::jsonb, 'skip', '[3]'::jsonb,
      'options', '{"failureHandling": "continue"}'::jsonb),
    'worker', test.worker(2), 'want', 5);
  v_claims jsonb;
  v_answer jsonb;
begin
  perform test.equal(test.command_refusal('orchestrate_container', v_user, v_command), '42501', 'a user');
  perform test.refused(format('select public.orchestrate_container(%L, %L, %L)', v_service, '{}', v_command),
    'FM008', 'while a worker has one of its actions');
  perform test.exchange(jsonb_build_array(test.outcome(v_claim, 'retry',
    '{"error": {"code": "X", "message": "x", "category": "runtime"}, "delayMs": 60000}')));
  set local role service_role;
  v_claims := public.orchestrate_container(v_service, '{"requestId": "r"}', v_command);
  reset role;
  perform test.equal(test.steps(v_claims), '{1}', 'the waiting attempt is made');
  perform test.equal(v_claims -> 0 -> 'options', '{"failureHandling": "continue"}', 'with its options');
  v_answer := test.exchange(jsonb_build_array(test.outcome(v_claims -> 0, 'completed', '{"output": 1}')), 5, test.worker(2));
  perform test.equal(v_answer -> 'claims' -> 0 -> 'options', '{"failureHandling": "continue"}', 'for the next as well');
  v_answer := test.exchange(
    jsonb_build_array(test.outcome(v_answer -> 'claims' -> 0, 'completed', '{"output": 1}')), 5, test.worker(2));
  perform test.equal(test.run_status(v_execution, 3), 'skipped', 'what was left out');
  perform test.equal(v_answer -> 'finished' -> 0 ->> 'status', 'completed', 'the run ends');
  perform test.equal(public.read_nested_runs(array[v_execution]), '[]', 'nothing is nested');
end
$$;

-- A run past its deadline fails with a timeout, whether it runs or still waits to begin.
do $$
declare
  v_user uuid := test.user('runner@example.org');
  v_version public.function_model_versions := test.published(v_user, 'Late', test.chain_plan(2));
  v_running jsonb := test.start(v_user, v_version, 1, '{"timeoutSeconds": 30}') -> 'claims' -> 0;
  v_pending uuid := gen_random_uuid();
begin
  perform test.start(v_user, v_version, 0, jsonb_build_object('executionId', v_pending, 'timeoutSeconds', 30));
  perform test.equal(v_running ? 'deadline', true, 'a claim tells the deadline');
  set local role service_role;
  perform test.equal(public.sweep(), '{"returned": 0, "expired": 0}', 'not before');
  reset role;
  update private.live_executions set deadline = now() where true;
  set local role service_role;
  perform test.equal(public.sweep(), '{"returned": 0, "expired": 2}', 'afterwards');
  reset role;
  perform test.equal(
    (select array_agg(status || ' ' || (errors -> 0 ->> 'code')) from public.workflow_executions),
    '{"failed EXECUTION_TIMEOUT","failed EXECUTION_TIMEOUT"}', 'both runs');
  perform test.equal(
    jsonb_array_length(test.exchange(jsonb_build_array(test.outcome(v_running, 'completed')), 1) -> 'refused'), 1, 'late outcome');
end
$$;

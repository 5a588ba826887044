-- When a lease expires the sweep gives the steps to others, counts a failure, and refuses what comes late.
do $$
declare
  v_user uuid := test.user('runner@example.org');
  v_version public.function_model_versions := test.published(v_user, 'Lost', test.chain_plan(1));
  v_claim jsonb := test.start(v_user, v_version, 1) -> 'claims' -> 0;
  v_answer jsonb;
begin
  perform test.run_as('service_role', v_user, 'select public.sweep()');
  v_answer := test.exchange('[]', 1, test.worker(2));
  perform test.equal(v_answer -> 'claims', '[]', 'a lease that holds keeps its steps');

  update private.worker_leases set expires_at = now() - interval '1 second' where true;
  set local role service_role;
  perform test.equal(public.sweep(), '{"returned": 1, "expired": 0}', 'the sweep returns the step');
  reset role;
  v_answer := test.exchange('[]', 1, test.worker(2));
  perform test.equal(
    array[v_answer -> 'claims' -> 0 ->> 'attempt', v_answer -> 'claims' -> 0 ->> 'failures'], '{2,1}', 'another worker has it');
  perform test.equal(
    jsonb_array_length(test.exchange(jsonb_build_array(test.outcome(v_claim, 'completed'))) -> 'refused'), 1, 'too late');
  v_answer := test.exchange(jsonb_build_array(test.outcome(v_answer -> 'claims' -> 0, 'completed')), 0, test.worker(2));
  perform test.equal(v_answer -> 'finished' -> 0 ->> 'status', 'completed', 'the run ends');
end
$$;

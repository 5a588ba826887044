-- A released step goes to the next who asks, as if nothing had been tried, after its delay.
do $$
declare
  v_user uuid := test.user('runner@example.org');
  v_version public.function_model_versions := test.published(v_user, 'Released', test.chain_plan(1));
  v_claim jsonb := test.start(v_user, v_version, 1) -> 'claims' -> 0;
  v_answer jsonb;
begin
  v_answer := test.exchange(jsonb_build_array(test.outcome(v_claim, 'released')), 0);
  perform test.equal(v_answer ? 'nextDueMs', false, 'who wants nothing is told nothing');
  v_answer := test.exchange('[]', 1, test.worker(2));
  perform test.equal(
    array[v_answer -> 'claims' -> 0 ->> 'attempt', v_answer -> 'claims' -> 0 ->> 'failures'], '{2,0}', 'handed out again');
  v_answer := test.exchange(jsonb_build_array(test.outcome(v_answer -> 'claims' -> 0, 'released', '{"delayMs": 60000}')), 1, test.worker(2));
  perform test.equal(v_answer -> 'claims', '[]', 'not before the delay');
  perform test.holds((v_answer ->> 'nextDueMs')::integer between 50000 and 60000, 'the answer says when');
end
$$;

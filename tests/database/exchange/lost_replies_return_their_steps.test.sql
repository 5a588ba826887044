-- A worker that says what it holds gets back at once what a lost reply had handed to it.
do $$
declare
  v_user uuid := test.user('runner@example.org');
  v_version public.function_model_versions := test.published(v_user, 'Unheard', test.parallel_plan(2, 2));
  v_claims jsonb := test.start(v_user, v_version, 2) -> 'claims';
  v_answer jsonb;
begin
  v_answer := test.exchange('[]', 5, test.worker() || jsonb_build_object('held', jsonb_build_array(
    jsonb_build_object('executionId', v_claims -> 0 -> 'executionId', 'step', 1, 'attempt', 1))));
  perform test.equal(test.steps(v_answer -> 'claims'), '{2}', 'the unheard step comes again');
  perform test.equal(
    array[v_answer -> 'claims' -> 0 ->> 'attempt', v_answer -> 'claims' -> 0 ->> 'failures'], '{2,0}', 'which is no failure');
  v_answer := test.exchange(
    jsonb_build_array(test.outcome(v_answer -> 'claims' -> 0, 'completed'), test.outcome(v_claims -> 0, 'completed')), 0,
    test.worker() || '{"held": []}');
  perform test.equal(v_answer -> 'refused', '[]', 'steps with an outcome are held by saying so');
  perform test.equal(v_answer -> 'finished' -> 0 ->> 'status', 'completed', 'the run ends');
end
$$;

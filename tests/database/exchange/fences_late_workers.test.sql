-- An outcome counts only from the worker that holds the step, for the attempt it holds.
do $$
declare
  v_user uuid := test.user('runner@example.org');
  v_version public.function_model_versions := test.published(v_user, 'Fenced', test.chain_plan(1));
  v_claim jsonb := test.start(v_user, v_version, 1) -> 'claims' -> 0;
  v_execution uuid := (v_claim ->> 'executionId')::uuid;
  v_key jsonb := jsonb_build_object('executionId', v_execution, 'step', 1, 'attempt', 1);
  v_answer jsonb;
begin
  v_answer := test.exchange(jsonb_build_array(test.outcome(v_claim, 'completed')), 0, test.worker(2));
  perform test.equal(v_answer -> 'refused', jsonb_build_array(v_key), 'another worker');
  v_answer := test.exchange(jsonb_build_array(test.outcome(v_claim || '{"attempt": 2}', 'completed')));
  perform test.equal(v_answer -> 'refused', jsonb_build_array(v_key || '{"attempt": 2}'), 'another attempt');
  v_answer := test.exchange(jsonb_build_array(test.outcome(v_claim || '{"step": 0}', 'completed')));
  perform test.equal(jsonb_array_length(v_answer -> 'refused'), 1, 'a step that is not handed out');
  v_answer := test.exchange(jsonb_build_array(test.outcome(
    v_claim || jsonb_build_object('executionId', gen_random_uuid()), 'completed')));
  perform test.equal(jsonb_array_length(v_answer -> 'refused'), 1, 'a run that is not there');

  v_answer := test.exchange(jsonb_build_array(test.outcome(v_claim, 'completed'), test.outcome(v_claim, 'completed')));
  perform test.equal(jsonb_array_length(v_answer -> 'finished'), 1, 'the holder''s own outcome ends the run');
  perform test.equal(v_answer -> 'refused', jsonb_build_array(v_key), 'and its repetition is refused');
  v_answer := test.exchange(jsonb_build_array(test.outcome(v_claim, 'completed')));
  perform test.equal(v_answer -> 'refused', jsonb_build_array(v_key), 'as is one after the end');
end
$$;

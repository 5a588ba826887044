-- A step after several branches waits for the last of them, and flags set before its turn are kept.
do $$
declare
  v_user uuid := test.user('runner@example.org');
  v_version public.function_model_versions := test.published(v_user, 'Diamond', test.parallel_plan(3, 3));
  v_answer jsonb := test.start(v_user, v_version, 5);
  v_execution uuid := (v_answer -> 'claims' -> 0 ->> 'executionId')::uuid;
begin
  perform test.equal(test.steps(v_answer -> 'claims'), '{1,2,3}', 'all branches at once');
  perform test.equal(
    (select jsonb_agg(claim -> 'results') from jsonb_array_elements(v_answer -> 'claims') as claim),
    '[[], [], []]', 'mates do not see each other');
  perform test.exchange(jsonb_build_array(test.outcome(v_answer -> 'claims' -> 2, 'completed', '{"output": {"c": 3}}')));
  perform test.equal(
    (select array[status::text, waiting::text] from public.action_runs where execution_id = v_execution and step = 4),
    '{pending,2}', 'the close waits for two more');
  v_answer := test.exchange(jsonb_build_array(
    test.outcome(v_answer -> 'claims' -> 0, 'completed', '{"output": {"a": 1, "c": 1}}'),
    test.outcome(v_answer -> 'claims' -> 1, 'skipped', '{"reason": "CONDITION_NOT_MET"}')));
  perform test.equal(v_answer -> 'finished' -> 0 ->> 'status', 'completed', 'the end');
  perform test.equal(
    (select outputs from public.workflow_executions where execution_id = v_execution),
    '{"a": 1, "c": 3}', 'outputs are merged in the order of the plan');
  perform test.equal(test.run_status(v_execution, 2), 'skipped', 'a branch may be skipped');
end
$$;

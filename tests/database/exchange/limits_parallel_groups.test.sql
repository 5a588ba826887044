-- Of a limited group only so many members run at once; each that ends, however it ends, lets the next begin.
do $$
declare
  v_user uuid := test.user('runner@example.org');
  v_version public.function_model_versions := test.published(v_user, 'Limited', test.parallel_plan(5, 2));
  v_answer jsonb := test.start(v_user, v_version, 10);
  v_first jsonb := v_answer -> 'claims';
  v_execution uuid := (v_answer -> 'claims' -> 0 ->> 'executionId')::uuid;
begin
  perform test.equal(test.steps(v_first), '{1,2}', 'the first two');
  v_answer := test.exchange(jsonb_build_array(test.outcome(v_first -> 0, 'completed', '{"output": 1}')), 10);
  perform test.equal(test.steps(v_answer -> 'claims'), '{3}', 'one place, one member');
  v_answer := test.exchange(jsonb_build_array(
    test.outcome(v_first -> 1, 'failed', '{"error": {"code": "X", "message": "x"}, "skip": [], "containerFailed": false}'),
    test.outcome(v_answer -> 'claims' -> 0, 'skipped', '{"reason": "CONDITION_NOT_MET"}')), 10);
  perform test.equal(test.steps(v_answer -> 'claims'), '{4,5}', 'two places, two members');
  v_answer := test.exchange(jsonb_build_array(
    test.outcome(v_answer -> 'claims' -> 0, 'completed', '{"output": 4}'),
    test.outcome(v_answer -> 'claims' -> 1, 'completed', '{"output": 5}')), 10);
  perform test.equal(v_answer -> 'finished' -> 0 ->> 'status', 'completed', 'the end');
  perform test.equal(
    (select outputs from public.workflow_executions where execution_id = v_execution),
    '{"Action 1": 1, "Action 4": 4, "Action 5": 5}', 'outputs that are no objects stand under the action''s name');
  perform test.equal((select count(*) from private.group_cursors), 0::bigint, 'the cursor goes with the run');
end
$$;

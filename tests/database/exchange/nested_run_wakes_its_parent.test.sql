-- A nested run is started as its own run, its end resumes the step above with its result, and it is judged as the starter.
do $$
declare
  v_user uuid := test.user('runner@example.org');
  v_owner uuid := test.user('owner@example.org');
  v_inner public.function_model_versions := test.published(v_owner, 'Inner', test.chain_plan(1), jsonb_build_object(
    'permissions', jsonb_build_object('owner', v_owner, 'executors', jsonb_build_array(v_user))));
  v_outer public.function_model_versions := test.published(v_user, 'Outer', test.chain_plan(1));
  v_claim jsonb := test.start(v_user, v_outer, 1) -> 'claims' -> 0;
  v_parent uuid := (v_claim ->> 'executionId')::uuid;
  v_child uuid := gen_random_uuid();
  v_order jsonb := jsonb_build_object('child', jsonb_build_object(
    'executionId', v_child, 'modelId', v_inner.model_id, 'versionId', v_inner.version_id, 'environment', 'test',
    'parameters', '{"given": 1}'::jsonb, 'sessionId', 's', 'mode', 'async', 'maxDepth', 5, 'approvedActions', '[]'::jsonb));
  v_answer jsonb;
begin
  v_answer := test.exchange(jsonb_build_array(test.outcome(v_claim, 'child', v_order)), 1);
  perform test.equal(v_answer -> 'claims' -> 0 ->> 'executionId', v_child::text, 'the nested run goes to the same worker');
  perform test.equal(
    array[v_answer -> 'claims' -> 0 ->> 'depth', v_answer -> 'claims' -> 0 ->> 'startedBy'],
    array['1', v_user::text], 'one level down, for the same user');
  perform test.equal(test.run_status(v_parent, 1), 'waiting', 'the step above waits');

  v_answer := test.exchange(jsonb_build_array(test.outcome(v_answer -> 'claims' -> 0, 'completed', '{"output": {"inner": true}}')), 1);
  perform test.equal(v_answer -> 'finished' -> 0 ->> 'executionId', v_child::text, 'the nested run ends');
  v_claim := v_answer -> 'claims' -> 0;
  perform test.equal(
    v_claim -> 'child', jsonb_build_object('executionId', v_child, 'status', 'completed', 'outputs', '{"inner": true}'::jsonb,
      'errors', '[]'::jsonb), 'and its result resumes the step above');
  perform test.equal(v_claim ->> 'attempt', '2', 'as the next attempt');

  update private.worker_leases set expires_at = now() - interval '1 second' where true;
  perform test.run_as('service_role', v_user, 'select public.sweep()');
  v_answer := test.exchange('[]', 1, test.worker(2));
  perform test.equal(
    v_answer -> 'claims' -> 0 -> 'child' ->> 'executionId', v_child::text, 'a lost worker does not lose the result');
  v_answer := test.exchange(jsonb_build_array(test.outcome(v_answer -> 'claims' -> 0, 'completed', '{"output": {"outer": 1}}')), 1, test.worker(2));
  perform test.equal(v_answer -> 'finished' -> 0 ->> 'status', 'completed', 'the run above ends');
  perform test.equal(
    (select array_agg(facts ->> 'oldLevel' || '>' || (facts ->> 'newLevel') order by aggregate_version)
     from public.execution_events where aggregate_id = v_parent and event_type = 'FractalOrchestrationLevelChanged'),
    '{0>1,1>0}', 'levels');
end
$$;

-- A right withdrawn in between keeps the nested run from starting; the step comes back for the domain to decide.
do $$
declare
  v_user uuid := test.user('runner4@example.org');
  v_owner uuid := test.user('owner4@example.org');
  v_inner public.function_model_versions := test.published(v_owner, 'Inner 4', test.chain_plan(1));
  v_outer public.function_model_versions := test.published(v_user, 'Outer 4', test.chain_plan(1));
  v_claim jsonb := test.start(v_user, v_outer, 1) -> 'claims' -> 0;
  v_child uuid := gen_random_uuid();
begin
  perform test.exchange(jsonb_build_array(test.outcome(v_claim, 'child', jsonb_build_object('child', jsonb_build_object(
    'executionId', v_child, 'modelId', v_inner.model_id, 'versionId', v_inner.version_id)))), 1);
  perform test.equal(
    (select count(*) from public.workflow_executions where execution_id = v_child), 0::bigint, 'no run of a stranger''s model');
  perform test.equal(test.run_status((v_claim ->> 'executionId')::uuid, 1), 'ready', 'the step is ready again');
end
$$;

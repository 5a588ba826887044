-- Executors start runs of what is published; viewers, strangers and archived models do not.
do $$
declare
  v_owner uuid := test.user('owner@example.org');
  v_executor uuid := test.user('executor@example.org');
  v_viewer uuid := test.user('viewer@example.org');
  v_version public.function_model_versions := test.published(v_owner, 'Started', test.chain_plan(1), jsonb_build_object(
    'permissions', jsonb_build_object(
      'owner', v_owner, 'executors', jsonb_build_array(v_executor), 'viewers', jsonb_build_array(v_viewer))));
  v_answer jsonb;
begin
  v_answer := test.start(v_executor, v_version);
  perform test.equal(v_answer -> 'executions' -> 0 ->> 'status', 'pending', 'without a worker a run waits');
  perform test.equal(v_answer -> 'claims', '[]', 'and nothing is handed out');
  perform test.equal(
    (select started_by from public.workflow_executions), v_executor, 'the run is its starter''s');
  perform test.refused(
    format('select test.start(%L, version) from public.function_model_versions as version', v_viewer), '42501', 'a viewer');
  perform test.equal(
    (test.command('find_published_version', v_viewer, jsonb_build_object('modelId', v_version.model_id)) ->> 'mayExecute')::boolean,
    false, 'who may only look is told so');
  perform test.equal(
    test.command('find_published_version', v_executor, jsonb_build_object('modelId', v_version.model_id)),
    jsonb_build_object('versionId', v_version.version_id, 'modelId', v_version.model_id, 'versionNumber', '1.0.0',
      'organizationId', null, 'modelStatus', 'published', 'deleted', false, 'mayExecute', true), 'what would run');
  perform test.save(v_owner, v_version.model_id, '{"model": {"status": "archived"}}');
  perform test.refused(
    format('select test.start(%L, version) from public.function_model_versions as version', v_owner), '42501', 'an archived model');
end
$$;

-- Many runs start in one call; the worker gets as many actions as it wants, the rest wait, and a bad one starts none.
do $$
declare
  v_user uuid := test.user('runner@example.org');
  v_version public.function_model_versions := test.published(v_user, 'Bulk', test.chain_plan(1));
  v_executions jsonb := (
    select jsonb_agg(jsonb_build_object(
      'executionId', gen_random_uuid(), 'modelId', v_version.model_id, 'versionId', v_version.version_id))
    from generate_series(1, 5));
  v_answer jsonb;
begin
  v_answer := test.command('start_executions', v_user, jsonb_build_object(
    'executions', v_executions, 'worker', test.worker(), 'want', 2));
  perform test.equal(jsonb_array_length(v_answer -> 'executions'), 5, 'runs');
  perform test.equal(jsonb_array_length(v_answer -> 'claims'), 2, 'claims');
  perform test.equal(
    (select jsonb_object_agg(status, count) from (
       select status, count(*) from public.workflow_executions group by status) as counted),
    '{"running": 2, "pending": 3}', 'the rest waits');
  perform test.equal(jsonb_array_length(test.exchange('[]', 10) -> 'claims'), 3, 'for whoever asks');
  perform test.equal(
    test.command_refusal('start_executions', v_user, jsonb_build_object('executions', jsonb_build_array(
      v_executions -> 0 || jsonb_build_object('executionId', gen_random_uuid()),
      v_executions -> 0 || jsonb_build_object('executionId', gen_random_uuid(), 'versionId', gen_random_uuid())))),
    'FM004', 'one unknown version');
  perform test.equal(
    test.command_refusal('start_executions', v_user, jsonb_build_object('executions', v_executions)), 'FM005', 'ids in use');
end
$$;

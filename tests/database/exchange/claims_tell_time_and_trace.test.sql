-- A claim says for how long its container has been under way, if that has a time limit, and which
-- trace the start of its run belongs to, also below it.
do $$
declare
  v_user uuid := test.user('runner@example.org');
  v_plan jsonb := test.chain_plan(2);
  v_timed jsonb := jsonb_set(v_plan, '{containers,0,timeoutMs}', '60000');
  v_version public.function_model_versions := test.published(v_user, 'Timed', v_timed);
  v_free public.function_model_versions := test.published(v_user, 'Free', v_plan);
  v_claim jsonb := test.start(v_user, v_version, 1) -> 'claims' -> 0;
  v_answer jsonb;
begin
  perform test.equal(v_claim -> 'containerElapsedMs', '0', 'of a container that just opened');
  perform test.equal(v_claim ? 'traceparent', false, 'without a trace');
  update public.action_runs set started_at = started_at - interval '7 seconds'
  where execution_id = (v_claim ->> 'executionId')::uuid and step = 0;
  v_answer := test.exchange(jsonb_build_array(test.outcome(v_claim, 'completed', '{"output": {}}')), 1);
  perform test.equal(v_answer -> 'claims' -> 0 -> 'containerElapsedMs', '7000', 'of one that opened 7 s ago');
  perform test.equal(test.start(v_user, v_free, 1) -> 'claims' -> 0 ? 'containerElapsedMs', false, 'without a limit');

  v_answer := test.command('start_executions', v_user, jsonb_build_object(
    'executions', jsonb_build_array(jsonb_build_object(
      'executionId', gen_random_uuid(), 'modelId', v_free.model_id, 'versionId', v_free.version_id)),
    'worker', test.worker(), 'want', 1), '{"requestId": "test", "traceparent": "00-1-2-01"}');
  v_claim := v_answer -> 'claims' -> 0;
  perform test.equal(v_claim ->> 'traceparent', '00-1-2-01', 'the trace of the start');
  v_answer := test.exchange(jsonb_build_array(test.outcome(v_claim, 'child', jsonb_build_object(
    'child', jsonb_build_object(
      'executionId', gen_random_uuid(), 'modelId', v_free.model_id, 'versionId', v_free.version_id)))), 0);
  v_claim := test.exchange('[]', 1) -> 'claims' -> 0;
  perform test.equal(v_claim ->> 'traceparent', '00-1-2-01', 'the trace of a nested run');
end
$$;

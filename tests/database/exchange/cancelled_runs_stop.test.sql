-- Cancelling ends a run and the runs nested in it; a worker's outcome comes too late, and a second cancellation is refused.
do $$
declare
  v_user uuid := test.user('runner@example.org');
  v_viewer uuid := test.user('viewer@example.org');
  v_inner public.function_model_versions := test.published(v_user, 'Inner', test.chain_plan(1));
  v_version public.function_model_versions := test.published(v_user, 'Stopped', test.parallel_plan(2, 2), jsonb_build_object(
    'permissions', jsonb_build_object('owner', v_user, 'viewers', jsonb_build_array(v_viewer))));
  v_claims jsonb := test.start(v_user, v_version, 2) -> 'claims';
  v_execution uuid := (v_claims -> 0 ->> 'executionId')::uuid;
  v_command jsonb := jsonb_build_object('executionId', v_execution, 'reason', 'wrong input');
  v_child uuid := gen_random_uuid();
  v_answer jsonb;
begin
  v_answer := test.exchange(jsonb_build_array(test.outcome(v_claims -> 0, 'child', jsonb_build_object('child', jsonb_build_object(
    'executionId', v_child, 'modelId', v_inner.model_id, 'versionId', v_inner.version_id)))), 1);
  perform test.equal(test.command_refusal('cancel_execution', v_viewer, v_command), '42501', 'a viewer cancels');
  perform test.equal(
    test.command_refusal('cancel_execution', test.user('stranger@example.org'), v_command), 'FM004', 'a stranger cancels');
  perform test.equal(test.command('cancel_execution', v_user, v_command), '{"status": "cancelled"}', 'the starter cancels');
  perform test.equal(
    (select array_agg(status::text) from public.workflow_executions where execution_id in (v_execution, v_child)),
    '{cancelled,cancelled}', 'the run and the nested one');
  perform test.equal(
    (select array_agg(distinct status::text) from public.action_runs where execution_id = v_execution and step in (1, 2)),
    '{cancelled}', 'what was under way');
  perform test.equal(
    (select facts - 'at' from public.execution_events where aggregate_id = v_execution and event_type = 'WorkflowExecutionCancelled'),
    jsonb_build_object('by', v_user, 'reason', 'wrong input'), 'the event');
  perform test.equal(
    (select payload ->> 'status' from realtime.messages where topic = 'execution:' || v_execution
     order by (payload ->> 'revision')::integer desc limit 1), 'cancelled', 'the broadcast');
  perform test.equal(
    jsonb_array_length(test.exchange(jsonb_build_array(
      test.outcome(v_claims -> 1, 'completed'), test.outcome(v_answer -> 'claims' -> 0, 'completed')), 5) -> 'refused'),
    2, 'late outcomes');
  perform test.equal(test.command_refusal('cancel_execution', v_user, v_command), 'FM007', 'a second time');
end
$$;

-- A pending run is cancelled before it begins, and its queue row is overtaken.
do $$
declare
  v_user uuid := test.user('runner2@example.org');
  v_execution uuid := gen_random_uuid();
begin
  perform test.start(v_user, test.published(v_user, 'Pending', test.chain_plan(1)), 0, jsonb_build_object('executionId', v_execution));
  perform test.command('cancel_execution', v_user, jsonb_build_object('executionId', v_execution));
  perform test.equal(test.exchange('[]', 1) -> 'claims', '[]', 'nothing is handed out');
  perform test.equal(test.event_types(v_execution), '{WorkflowExecutionCancelled}', 'events');
end
$$;

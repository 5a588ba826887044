-- Each exchange sends one message per run it touched, with progress, what changed and the revision.
do $$
declare
  v_user uuid := test.user('runner@example.org');
  v_version public.function_model_versions := test.published(v_user, 'Watched', test.chain_plan(2));
  v_answer jsonb := test.start(v_user, v_version, 1);
  v_execution uuid := (v_answer -> 'claims' -> 0 ->> 'executionId')::uuid;
begin
  perform test.equal(
    (select count(*) from realtime.messages where topic = 'execution:' || v_execution), 0::bigint,
    'a start tells nobody: the run had no listeners');
  perform test.exchange(jsonb_build_array(test.outcome(v_answer -> 'claims' -> 0, 'completed', '{"output": 1}')), 1);
  perform test.equal(
    (select jsonb_agg(jsonb_build_object('event', event, 'private', private, 'extension', extension,
       'payload', payload - 'occurredAt'))
     from realtime.messages where topic = 'execution:' || v_execution),
    jsonb_build_array(jsonb_build_object('event', 'progress', 'private', true, 'extension', 'broadcast',
      'payload', jsonb_build_object(
        'type', 'execution', 'executionId', v_execution, 'modelId', v_version.model_id, 'status', 'running', 'revision', 3,
        'progress', '{"phase": "node-execution", "percentage": 75, "totalNodes": 1, "completedNodes": 0,
                      "failedNodes": 0, "skippedNodes": 0}'::jsonb,
        'actions', '[{"actionId": "00000000-0000-0000-0000-000000000001", "name": "Action 1", "status": "completed", "attempt": 1},
                     {"actionId": "00000000-0000-0000-0000-000000000002", "name": "Action 2", "status": "executing", "attempt": 1}]'::jsonb))),
    'the message');
end
$$;

-- Contexts belong to a model or to one of its runs; executors keep them, viewers and strangers see none, and every change is audited.
do $$
declare
  v_user uuid := test.user('owner@example.org');
  v_executor uuid := test.user('executor@example.org');
  v_viewer uuid := test.user('viewer@example.org');
  v_version public.function_model_versions := test.published(v_user, 'Shared', test.chain_plan(1), jsonb_build_object(
    'permissions', jsonb_build_object(
      'owner', v_user, 'viewers', jsonb_build_array(v_viewer), 'executors', jsonb_build_array(v_executor))));
  v_execution uuid := (test.start(v_user, v_version, 1) -> 'executions' -> 0 ->> 'executionId')::uuid;
  v_node uuid := gen_random_uuid();
  v_context uuid := gen_random_uuid();
  v_put jsonb := jsonb_build_object(
    'contextId', v_context, 'nodeId', v_node, 'nodeType', 'stageNode', 'level', 0, 'scope', 'execution',
    'data', '{"a": 1}'::jsonb, 'inheritedData', '{}'::jsonb, 'inheritance', '[]'::jsonb);
  v_command jsonb := jsonb_build_object(
    'modelId', v_version.model_id, 'expected', '[]'::jsonb, 'put', jsonb_build_array(v_put));
  v_of_run jsonb := jsonb_build_object('modelId', v_version.model_id, 'executionId', v_execution);
  v_event jsonb := test.event('NodeContextUpdated', jsonb_build_object(
    'modelId', v_version.model_id, 'executionId', v_execution, 'nodeId', v_node));
begin
  perform test.equal(test.command_refusal('save_node_contexts', v_viewer, v_command), '42501', 'a viewer registers');
  perform test.equal(
    test.command_refusal('save_node_contexts', test.user('stranger@example.org'), v_command), '42501', 'a stranger registers');
  perform test.command('save_node_contexts', v_executor, v_command);
  perform test.equal(
    test.command_refusal('save_node_contexts', v_user, jsonb_set(v_command, '{put,0,contextId}', to_jsonb(gen_random_uuid()))),
    'FM005', 'a node twice');
  perform test.command('save_node_contexts', v_user,
    v_of_run || jsonb_build_object('expected', '[]'::jsonb, 'put', jsonb_build_array(
      v_put || jsonb_build_object('contextId', gen_random_uuid(), 'data', '{"b": 2}'::jsonb))));

  perform test.equal(
    test.command('read_node_contexts', v_executor, jsonb_build_object('modelId', v_version.model_id)) -> 0 -> 'data',
    '{"a": 1}', 'the model''s own');
  perform test.equal(
    test.command('read_node_contexts', v_user, v_of_run) -> 0 -> 'data', '{"b": 2}', 'the run''s');
  perform test.equal(test.command('read_node_contexts', v_viewer, v_of_run), '[]', 'a viewer sees none');
  perform test.equal(test.seen_by(v_viewer, 'select context_id from public.node_contexts'), '[]', 'nor in the table');
  perform test.equal(
    jsonb_array_length(test.seen_by(v_executor, 'select context_id from public.node_contexts')), 2, 'an executor sees both');

  perform test.equal(
    test.command_refusal('save_node_contexts', v_user, v_command || jsonb_build_object(
      'expected', jsonb_build_array(jsonb_build_object('contextId', v_context, 'revision', 7)))), 'PT409', 'a stale context');
  perform test.command('save_node_contexts', v_user, v_command || jsonb_build_object(
    'expected', jsonb_build_array(jsonb_build_object('contextId', v_context, 'revision', 1)),
    'put', jsonb_build_array(v_put || '{"data": {"a": 2}}'), 'events', v_event));
  perform test.equal(
    (select array[data::text, revision::text] from public.node_contexts where context_id = v_context),
    array['{"a": 2}', '2'], 'what was put');
  perform test.equal(
    (test.event_types(v_version.model_id))[3:], '{NodeContextUpdated}', 'in the stream of the model');
  perform test.equal(
    (select count(*) from public.audit_logs where table_name = 'node_contexts' and row_id = v_context), 2::bigint, 'audited');

  perform test.command('save_node_contexts', v_user, v_of_run || jsonb_build_object(
    'expected', '[]'::jsonb, 'put', '[]'::jsonb, 'events', v_event));
  perform test.holds('NodeContextUpdated' = any (test.event_types(v_execution)), 'in the stream of the run');
  perform test.command('save_node_contexts', v_user, v_of_run || jsonb_build_object(
    'expected', '[]'::jsonb, 'remove', jsonb_build_array(v_node)));
  perform test.equal(
    (select count(*) from public.node_contexts where model_id = v_version.model_id), 1::bigint, 'only the run''s is gone');
  perform test.command('cancel_execution', v_user, jsonb_build_object('executionId', v_execution));
  perform test.equal(
    test.command_refusal('save_node_contexts', v_user, v_of_run || jsonb_build_object(
      'expected', '[]'::jsonb, 'put', '[]'::jsonb, 'events', v_event)), 'FM007', 'an ended run has no new events');

  perform test.equal(
    (select public.read_node_contexts('{"role": "service_role"}', '{}', jsonb_build_object('modelId', v_version.model_id)) -> 0 ->> 'nodeId'),
    v_node::text, 'the service sees every context');
end
$$;

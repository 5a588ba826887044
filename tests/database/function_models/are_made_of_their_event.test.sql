-- The event of a creation is enough to store a whole model with its first snapshot.
do $$
declare
  v_owner uuid := test.user('owner@example.org');
  v_model_id uuid := gen_random_uuid();
  v_first uuid := gen_random_uuid();
  v_second uuid := gen_random_uuid();
  v_nodes jsonb;
  v_action jsonb := test.action(gen_random_uuid(), v_second, 1);
  v_snapshot jsonb;
begin
  v_nodes := jsonb_build_array(
    test.node(v_second) || jsonb_build_object('dependencies', jsonb_build_array(v_first), 'createdAt', '2026-01-01T00:00:00.002Z'),
    test.node(v_first) || jsonb_build_object('dependencies', '[]'::jsonb, 'createdAt', '2026-01-01T00:00:00.001Z'));
  perform test.command('save_function_model', v_owner, jsonb_build_object(
    'modelId', v_model_id, 'expectedRevision', 0,
    'model', jsonb_build_object('name', 'Imported', 'permissions', jsonb_build_object('owner', v_owner)),
    'version', jsonb_build_object('versionId', gen_random_uuid(), 'versionNumber', '1.0.0', 'isPublished', false),
    'events', test.event('FunctionModelCreated', jsonb_build_object(
      'modelId', v_model_id, 'name', 'Imported', 'metadata', '{"a": 1}'::jsonb,
      'nodes', v_nodes, 'actionNodes', jsonb_build_array(v_action)))));

  perform test.equal(
    (select array_agg(node_id order by created_at) from public.container_nodes where model_id = v_model_id),
    array[v_first, v_second], 'containers in the order of creation');
  perform test.equal(
    (select count(*) from public.action_nodes where model_id = v_model_id), 1::bigint, 'actions');
  perform test.equal(
    (select array_agg(dependency_id) from public.node_dependencies where model_id = v_model_id and node_id = v_second),
    array[v_first], 'dependencies');
  select version_data into v_snapshot from public.function_model_versions where model_id = v_model_id;
  perform test.equal(v_snapshot ->> 'name', 'Imported', 'name of the snapshot');
  perform test.equal(v_snapshot -> 'metadata', '{"a": 1}', 'metadata of the snapshot');
  perform test.equal(v_snapshot -> 'nodes' -> v_first::text, v_nodes -> 1, 'nodes of the snapshot');
  perform test.equal(v_snapshot -> 'actionNodes' -> (v_action ->> 'actionId'), v_action, 'actions of the snapshot');
end
$$;

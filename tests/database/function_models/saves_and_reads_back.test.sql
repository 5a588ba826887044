-- A model saved in parts is read back whole through its computed fields, and each part can be changed alone.
do $$
declare
  v_user uuid := test.user('author@example.org');
  v_model uuid := test.model(v_user, 'Order handling', '{"description": "From order to cash", "metadata": {"tags": ["sales"]}}');
  v_first uuid := gen_random_uuid();
  v_second uuid := gen_random_uuid();
  v_action uuid := gen_random_uuid();
  v_row jsonb;
begin
  perform test.equal(
    test.save(v_user, v_model, jsonb_build_object(
      'containers', jsonb_build_object('put', jsonb_build_array(
        test.node(v_first, '{"name": "First", "timeoutMs": 500}'), test.node(v_second, '{"name": "Second"}'))),
      'actions', jsonb_build_object('put', jsonb_build_array(test.action(v_action, v_second, 1))),
      'dependencies', jsonb_build_object('add', jsonb_build_array(
        jsonb_build_object('nodeId', v_second, 'dependencyId', v_first))),
      'events', test.event('ContainerNodeAdded') || test.event('ContainerNodeAdded') || test.event('ActionNodeAdded'))),
    '{"revision": 2}', 'a save answers the next revision');
  perform test.equal(
    test.event_types(v_model),
    '{FunctionModelCreated,ContainerNodeAdded,ContainerNodeAdded,ActionNodeAdded}', 'events in order');

  v_row := test.seen_by(v_user, 'select name, nodes(model), action_nodes(model) from public.function_models as model') -> 0;
  perform test.equal(v_row -> 'nodes' -> v_first::text ->> 'name', 'First', 'a container by its id');
  perform test.equal((v_row -> 'nodes' -> v_first::text ->> 'timeoutMs')::integer, 500, 'its timeout');
  perform test.equal(
    v_row -> 'nodes' -> v_second::text -> 'dependencies', jsonb_build_array(v_first), 'what it waits for');
  perform test.equal(
    v_row -> 'action_nodes' -> v_action::text ->> 'parentNodeId', v_second::text, 'the action''s container');

  perform test.save(v_user, v_model, jsonb_build_object(
    'model', '{"description": null, "name": "Order handling 2"}'::jsonb,
    'containers', jsonb_build_object('put', jsonb_build_array(test.node(v_first, '{"name": "Renamed"}')))));
  perform test.equal((select description from public.function_models where model_id = v_model), null, 'null clears');
  perform test.equal(
    (select array_agg(name order by created_at) from public.container_nodes where model_id = v_model),
    '{Renamed,Second}', 'only the container named was changed');
  perform test.equal((select timeout_ms from public.container_nodes where node_id = v_first), null, 'a put is whole');

  perform test.save(v_user, v_model, jsonb_build_object(
    'dependencies', jsonb_build_object('remove', jsonb_build_array(
      jsonb_build_object('nodeId', v_second, 'dependencyId', v_first))),
    'actions', jsonb_build_object('remove', jsonb_build_array(v_action)),
    'containers', jsonb_build_object('remove', jsonb_build_array(v_second))));
  perform test.equal(
    (select count(*) from public.container_nodes where model_id = v_model), 1::bigint, 'a container is removed');
  perform test.equal((select count(*) from public.action_nodes where model_id = v_model), 0::bigint, 'with its action');
end
$$;

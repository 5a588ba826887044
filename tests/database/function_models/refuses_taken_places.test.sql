-- Identifiers and execution orders are taken once; a reorder may swap places.
do $$
declare
  v_user uuid := test.user('author@example.org');
  v_model uuid := test.model(v_user, 'Ordered');
  v_node uuid := gen_random_uuid();
  v_a uuid := gen_random_uuid();
  v_b uuid := gen_random_uuid();
begin
  perform test.save(v_user, v_model, jsonb_build_object(
    'containers', jsonb_build_object('put', jsonb_build_array(test.node(v_node))),
    'actions', jsonb_build_object('put', jsonb_build_array(test.action(v_a, v_node, 1), test.action(v_b, v_node, 2)))));
  perform test.equal(
    test.save_refusal(v_user, v_model, jsonb_build_object('actions', jsonb_build_object('put', jsonb_build_array(
      test.action(gen_random_uuid(), v_node, 2))))),
    'FM006', 'an order that is taken');
  perform test.equal(
    test.save_refusal(v_user, v_model, jsonb_build_object('actions', jsonb_build_object('put', jsonb_build_array(
      test.action(v_a, v_node, 2), test.action(v_b, v_node, 1))))),
    null, 'two actions swap');
  perform test.equal(
    test.save_refusal(v_user, v_model, jsonb_build_object('containers', jsonb_build_object('put', jsonb_build_array(
      test.node(v_model), test.node(v_model))))),
    'FM005', 'one identifier twice');
  perform test.equal(
    test.command_refusal('save_function_model', v_user, jsonb_build_object(
      'modelId', v_model, 'expectedRevision', 0, 'events', '[]'::jsonb,
      'model', jsonb_build_object('name', 'Again', 'permissions', jsonb_build_object('owner', v_user)))),
    'FM005', 'a model identifier twice');
end
$$;

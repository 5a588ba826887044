-- There is one link of the same features, ids and type in each direction.
do $$
declare
  v_ada uuid := test.user('ada@example.org');
  v_bob uuid := test.user('bob@example.org');
  v_one uuid := test.model(v_ada, 'One model');
  v_two uuid := test.model(v_ada, 'Two model');
  v_node uuid := gen_random_uuid();
  v_link jsonb := jsonb_build_object(
    'expectedRevision', 0, 'sourceFeature', 'function-model', 'targetFeature', 'function-model',
    'sourceEntityId', v_one, 'targetEntityId', v_two, 'linkType', 'references', 'linkStrength', 0.5, 'events', '[]'::jsonb);
  v_case record;
  v_id uuid;
begin
  for v_case in
    select * from (values
      ('the first', '{}'::jsonb, null),
      ('the same again', '{}', 'FM040'),
      ('another type', '{"linkType": "nested"}', null),
      ('the other way', jsonb_build_object('sourceEntityId', v_two, 'targetEntityId', v_one), null),
      ('between nodes', jsonb_build_object('sourceNodeId', v_node, 'targetNodeId', v_node), null),
      ('between the same nodes', jsonb_build_object('sourceNodeId', v_node, 'targetNodeId', v_node), 'FM040'),
      ('a node on one side', jsonb_build_object('sourceNodeId', v_node), '23514')
    ) as cases (name, more, refusal)
  loop
    v_id := gen_random_uuid();
    perform test.equal(
      test.command_refusal('save_node_links', v_ada, jsonb_build_object('links', jsonb_build_array(
        v_link || v_case.more || jsonb_build_object('linkId', v_id)))),
      v_case.refusal, v_case.name);
    if v_case.refusal is null then
      perform test.command('save_node_links', v_ada, jsonb_build_object('links', jsonb_build_array(
        v_link || v_case.more || jsonb_build_object('linkId', v_id))));
    end if;
  end loop;
  perform test.equal(
    test.command_refusal('save_node_links', v_ada, jsonb_build_object('links', jsonb_build_array(jsonb_build_object(
      'linkId', v_id, 'expectedRevision', 1)))), 'FM004', 'one that was refused is not there');

  perform test.equal(
    test.command('read_link_ends', v_ada, jsonb_build_object(
      'ends', jsonb_build_array(jsonb_build_object('feature', 'function-model', 'entityId', v_one, 'nodeIds', jsonb_build_array(v_node))),
      'links', jsonb_build_array(v_link, v_link || '{"linkType": "supports"}')))
      #- '{ends,0,acts}',
    jsonb_build_object(
      'ends', jsonb_build_array(jsonb_build_object(
        'feature', 'function-model', 'entityId', v_one, 'links', 4, 'deleted', false, 'nodeIds', '[]'::jsonb)),
      'taken', '[true, false]'::jsonb), 'what is known of the ends');
  perform test.equal(
    test.command('read_link_ends', v_bob, jsonb_build_object(
      'ends', jsonb_build_array(jsonb_build_object('feature', 'function-model', 'entityId', v_one, 'nodeIds', '[]'::jsonb)))),
    jsonb_build_object('ends', jsonb_build_array(jsonb_build_object(
      'feature', 'function-model', 'entityId', v_one, 'links', 0, 'acts', '[]'::jsonb, 'deleted', false, 'nodeIds', '[]'::jsonb)),
      'taken', '[]'::jsonb),
    'to strangers nothing is known');
end
$$;

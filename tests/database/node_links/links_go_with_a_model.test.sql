-- Whoever may save a model may let its links go with it, whatever the act; their history stays.
do $$
declare
  v_ada uuid := test.user('ada@example.org');
  v_bob uuid := test.user('bob@example.org');
  v_model uuid := test.model(v_ada, 'Archived model', jsonb_build_object(
    'permissions', jsonb_build_object('owner', v_ada, 'archivers', jsonb_build_array(v_bob))));
  v_other uuid := test.model(v_ada, 'Other model');
  v_link uuid := gen_random_uuid();
  v_far uuid := gen_random_uuid();
  v_pair uuid[];
begin
  foreach v_pair slice 1 in array array[[v_link, v_model], [v_far, v_other]] loop
    perform test.command('save_node_links', v_ada, jsonb_build_object('links', jsonb_build_array(jsonb_build_object(
      'linkId', v_pair[1], 'expectedRevision', 0, 'sourceFeature', 'function-model', 'targetFeature', 'spindle',
      'sourceEntityId', v_pair[2], 'targetEntityId', md5('task')::uuid, 'linkType', 'triggers', 'linkStrength', 0.5,
      'events', test.event('NodeLinkCreated', jsonb_build_object(
        'sourceFeature', 'function-model', 'targetFeature', 'spindle', 'linkStrength', 0.5,
        'sourceEntityId', v_pair[2], 'targetEntityId', md5('task')::uuid))))));
  end loop;

  perform set_config('request.jwt.claims', test.actor(v_bob)::text, true);
  perform set_config('fm.request', jsonb_build_object('requestId', 'r', 'modelId', v_model)::text, true);
  set local role fm_writer;
  perform private.remove_node_links(jsonb_build_array(
    jsonb_build_object('linkId', v_link, 'events', test.event('NodeLinkRemoved')),
    jsonb_build_object('linkId', v_far, 'events', test.event('NodeLinkRemoved'))));
  reset role;
  perform test.equal(
    current_setting('fm.request')::jsonb ->> 'modelId', v_model::text, 'the command goes on as it was');
  perform test.equal((select array_agg(link_id) from public.node_links), array[v_far], 'only the model''s own links go');
  perform test.equal(test.event_types(v_link), '{NodeLinkCreated,NodeLinkRemoved}', 'with their events');
  perform test.equal(test.event_types(v_far), '{NodeLinkCreated}', 'what stays has none');

  perform test.equal(
    (select jsonb_agg(event -> 'eventType') from jsonb_array_elements(
      test.command('read_link_history', v_ada, jsonb_build_object('entityId', md5('task')::uuid, 'limit', 10)) -> 'events') as event),
    '["NodeLinkCreated", "NodeLinkCreated", "NodeLinkRemoved"]', 'the history of a thing has removed links too');
  perform test.equal(
    jsonb_array_length(test.command('read_link_history', v_ada, '{"limit": 10}') -> 'events'), 1, 'without a thing: of what is there');
  perform test.equal(
    jsonb_array_length(test.command('read_link_history', v_ada, jsonb_build_object(
      'entityId', md5('task')::uuid, 'limit', 10, 'to', '2020-01-01T00:00:00Z')) -> 'events'), 0, 'up to an instant');
  perform test.equal(
    test.command('read_link_history', test.user('eve@example.org'), jsonb_build_object('entityId', md5('task')::uuid, 'limit', 10)),
    '{"events": []}', 'strangers read nothing');
end
$$;

-- The service reads and changes any link, and nobody else reads by its function.
do $$
declare
  v_ada uuid := test.user('ada@example.org');
  v_service uuid := '00000000-0000-4000-8000-000000000001';
  v_model uuid := test.model(v_ada, 'Linked model');
  v_link uuid := gen_random_uuid();
  v_actor jsonb := jsonb_build_object('sub', v_service, 'role', 'service_role');
  v_answer jsonb;
begin
  perform test.command('save_node_links', v_ada, jsonb_build_object('links', jsonb_build_array(jsonb_build_object(
    'linkId', v_link, 'expectedRevision', 0, 'sourceFeature', 'function-model', 'targetFeature', 'spindle',
    'sourceEntityId', v_model, 'targetEntityId', gen_random_uuid(), 'linkType', 'triggers', 'linkStrength', 0.5,
    'events', test.event('NodeLinkCreated')))));
  perform test.equal(
    test.command_refusal('read_node_links_for_service', v_ada, jsonb_build_object('linkIds', jsonb_build_array(v_link))),
    '42501', 'users read the table');

  set local role service_role;
  v_answer := public.read_node_links_for_service(v_actor, '{}', jsonb_build_object('linkIds', jsonb_build_array(v_link)));
  reset role;
  perform test.equal(
    array[v_answer -> 'links' -> 0 ->> 'linkId', v_answer -> 'links' -> 0 ->> 'linkStrength'], array[v_link::text, '0.50'], 'read');

  set local role service_role;
  v_answer := public.save_node_links(v_actor, '{"requestId": "r"}', jsonb_build_object('links', jsonb_build_array(
    jsonb_build_object('linkId', v_link, 'expectedRevision', 1, 'linkStrength', 0.8, 'events', test.event('NodeLinkUpdated')))));
  reset role;
  perform test.equal(v_answer, '{"revision": 2}', 'changed');
  perform test.equal(
    (select actor_id from public.domain_events where aggregate_id = v_link and aggregate_version = 2), v_service, 'in its own name');
end
$$;

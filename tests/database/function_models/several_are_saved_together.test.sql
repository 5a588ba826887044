-- Several models are saved in one transaction, with the links that go along: all or none.
do $$
declare
  v_owner uuid := test.user('owner@example.org');
  v_stranger uuid := test.user('stranger@example.org');
  v_first uuid := test.model(v_owner, 'First');
  v_second uuid := test.model(v_owner, 'Second');
  v_foreign uuid := test.model(v_stranger, 'Foreign');
  v_link uuid := gen_random_uuid();
  v_answer jsonb;
begin
  perform test.command('save_node_links', v_owner, jsonb_build_object('links', jsonb_build_array(jsonb_build_object(
    'linkId', v_link, 'expectedRevision', 0, 'sourceFeature', 'function-model', 'targetFeature', 'function-model',
    'sourceEntityId', v_first, 'targetEntityId', v_second, 'linkType', 'references', 'linkStrength', 0.5,
    'events', test.event('NodeLinkCreated', jsonb_build_object('linkId', v_link))))));

  perform test.equal(
    test.command_refusal('save_function_models', v_owner, jsonb_build_object('models', jsonb_build_array(
      jsonb_build_object('modelId', v_first, 'expectedRevision', 1, 'model', '{"status": "archived"}'::jsonb,
        'events', test.event('FunctionModelArchived')),
      jsonb_build_object('modelId', v_foreign, 'expectedRevision', 1, 'model', '{"status": "archived"}'::jsonb,
        'events', test.event('FunctionModelArchived'))))),
    'FM004', 'a hidden model stops all');
  perform test.equal(test.revision(v_first), 1, 'nothing was done');

  v_answer := test.command('save_function_models', v_owner, jsonb_build_object('models', jsonb_build_array(
    jsonb_build_object('modelId', v_first, 'expectedRevision', 1, 'model', '{"status": "archived"}'::jsonb,
      'events', test.event('FunctionModelArchived'),
      'removedLinks', jsonb_build_array(jsonb_build_object(
        'linkId', v_link, 'events', test.event('NodeLinkRemoved', jsonb_build_object('linkId', v_link))))),
    jsonb_build_object('modelId', v_second, 'expectedRevision', 1, 'model', '{"status": "archived"}'::jsonb,
      'events', test.event('FunctionModelArchived')))));
  perform test.equal(v_answer, '{"revisions": [2, 2]}', 'the revisions');
  perform test.equal(
    (select array_agg(status order by name) from public.function_models as model where user_id = v_owner),
    array['archived', 'archived'], 'both are archived');
  perform test.equal(test.event_types(v_link), array['NodeLinkCreated', 'NodeLinkRemoved'], 'the link''s stream');
  perform test.equal(
    test.event_types(v_second), array['FunctionModelCreated', 'FunctionModelArchived'], 'the second model''s stream');
  perform test.holds(not exists (select from public.node_links as link where link.link_id = v_link), 'the link is gone');
  perform test.equal(
    (select count(*) from public.audit_logs as entry where entry.record_id = v_link and operation = 'delete'),
    1::bigint, 'its removal is audited');
end
$$;

-- A document is an end of a link only within its own organization, so that strangers cannot put links into what others see.
do $$
declare
  v_ada uuid := test.user('ada@example.org');
  v_bob uuid := test.user('bob@example.org');
  v_eve uuid := test.user('eve@example.org');
  v_organization uuid := test.organization(v_ada, 'Acme');
  v_content uuid := gen_random_uuid();
  v_model uuid := test.model(v_ada, 'Own model', jsonb_build_object('organizationId', v_organization));
  v_strange uuid := test.model(v_eve, 'Strange model');
  v_own_link uuid := gen_random_uuid();
  v_strange_link uuid := gen_random_uuid();
  v_link jsonb := jsonb_build_object(
    'expectedRevision', 0, 'sourceFeature', 'function-model', 'targetFeature', 'knowledge-base', 'targetEntityId', v_content,
    'linkType', 'references', 'linkStrength', 0.5);
begin
  perform test.join_organization(v_organization, v_bob, 'member');
  perform test.command('save_knowledge_content', v_ada, jsonb_build_object(
    'contentId', v_content, 'expectedRevision', 0, 'organizationId', v_organization, 'title', 'Guide', 'body', 'Text'));
  perform test.command('save_node_links', v_ada, jsonb_build_object('links', jsonb_build_array(v_link || jsonb_build_object(
    'linkId', v_own_link, 'sourceEntityId', v_model, 'events', test.event('NodeLinkCreated', jsonb_build_object(
      'sourceFeature', 'function-model', 'sourceEntityId', v_model, 'targetFeature', 'knowledge-base', 'targetEntityId', v_content))))));
  perform test.command('save_node_links', v_eve, jsonb_build_object('links', jsonb_build_array(v_link || jsonb_build_object(
    'linkId', v_strange_link, 'sourceEntityId', v_strange, 'events', test.event('NodeLinkCreated', jsonb_build_object(
      'sourceFeature', 'function-model', 'sourceEntityId', v_strange, 'targetFeature', 'knowledge-base', 'targetEntityId', v_content))))));
  perform test.equal(
    (select organization_id from public.node_links where link_id = v_own_link), v_organization, 'a link belongs to its model''s organization');
  perform test.equal(
    test.seen_by(v_bob, 'select link_id from public.node_links'), jsonb_build_array(jsonb_build_object('link_id', v_own_link)),
    'a member sees what is linked to the document from within');
  perform test.equal(
    test.seen_by(v_bob, format('select 1 from public.domain_events where aggregate_id = %L', v_strange_link)), '[]',
    'and reads no events of other links');
  perform test.equal(
    jsonb_array_length(test.seen_by(v_bob, format('select 1 from public.domain_events where aggregate_id = %L', v_own_link))), 1,
    'but those of that one');
  delete from public.organization_members where user_id = v_bob;
  perform test.equal(test.seen_by(v_bob, 'select link_id from public.node_links'), '[]', 'no longer once the membership ends');
end
$$;

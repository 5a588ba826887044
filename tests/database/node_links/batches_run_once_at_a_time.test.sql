-- A batch of links is carried out all or none, and one of the same name waits until it has ended.
do $$
declare
  v_ada uuid := test.user('ada@example.org');
  v_bob uuid := test.user('bob@example.org');
  v_one uuid := test.model(v_ada, 'One model');
  v_batch jsonb := '{"batchId": "import"}';
  v_links jsonb := (select jsonb_agg(jsonb_build_object(
    'linkId', gen_random_uuid(), 'expectedRevision', 0, 'sourceFeature', 'function-model', 'targetFeature', 'spindle',
    'sourceEntityId', v_one, 'targetEntityId', gen_random_uuid(), 'linkType', 'triggers', 'linkStrength', 0.5,
    'events', test.event('NodeLinkCreated') || test.event('CrossFeatureLinkEstablished'))) from generate_series(1, 3));
begin
  perform test.command('begin_link_batch', v_ada, v_batch);
  perform test.equal(test.command_refusal('begin_link_batch', v_ada, v_batch), 'FM041', 'it is under way');
  perform test.equal(test.command_refusal('begin_link_batch', v_bob, v_batch), null, 'names are everybody''s own');
  perform test.equal(
    test.command_refusal('save_node_links', v_ada, v_batch || jsonb_build_object('links', v_links || v_links)), 'FM005', 'all or none');
  perform test.equal((select count(*)::integer from public.node_links), 0, 'nothing of it was done');
  perform test.command('save_node_links', v_ada, v_batch || jsonb_build_object('links', v_links));
  perform test.equal((select count(*)::integer from public.node_links), 3, 'done');
  perform test.equal(
    (select count(distinct event_id)::integer from public.domain_events where aggregate_type = 'node-link'), 6,
    'each event has an id of its own');
  perform test.equal(test.command_refusal('begin_link_batch', v_ada, v_batch), null, 'it has ended');
  perform test.command('begin_link_batch', v_ada, v_batch);
  update private.link_batches set begun_at = begun_at - interval '61 seconds' where batch_id = 'import';
  perform test.equal(test.command_refusal('begin_link_batch', v_ada, v_batch), null, 'one that was left behind counts for a minute');
  perform test.command('end_link_batch', v_ada, v_batch);
  perform test.equal((select count(*)::integer from private.link_batches), 0, 'let go');
  perform test.holds(
    exists (select from public.audit_logs where table_name = 'node_links' and operation = 'create' and changed_by = v_ada
      and event_type = 'NodeLinkCreated'), 'each link is audited with its event');
  perform test.holds(
    (select count(*) = 3 from realtime.messages where topic = 'function_model:' || v_one and event = 'link_changed'),
    'the channel of the linked model is told');
end
$$;

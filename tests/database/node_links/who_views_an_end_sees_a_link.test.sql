-- A link is seen by those who view an end of it, and changed by those who edit its source.
create function test.link(link_id uuid, source uuid, target uuid, more jsonb default '{}') returns jsonb language sql as $$
  select jsonb_build_object('links', jsonb_build_array(jsonb_build_object(
    'linkId', link_id, 'expectedRevision', 0, 'sourceFeature', 'function-model', 'targetFeature', 'function-model',
    'sourceEntityId', source, 'targetEntityId', target, 'linkType', 'references', 'linkStrength', 0.5,
    'linkContext', '{}'::jsonb, 'events', test.event('NodeLinkCreated', jsonb_build_object(
      'linkId', link_id, 'sourceFeature', 'function-model', 'targetFeature', 'function-model',
      'sourceEntityId', source, 'targetEntityId', target))) || more))
$$;

create function test.changed_link(link_id uuid, more jsonb, revision integer default 1) returns jsonb language sql as $$
  select jsonb_build_object('links', jsonb_build_array(jsonb_build_object(
    'linkId', link_id, 'expectedRevision', revision, 'events', test.event('NodeLinkUpdated')) || more))
$$;

do $$
declare
  v_ada uuid := test.user('ada@example.org');
  v_bob uuid := test.user('bob@example.org');
  v_eve uuid := test.user('eve@example.org');
  v_source uuid := test.model(v_ada, 'Source model');
  v_target uuid := test.model(v_bob, 'Target model', jsonb_build_object(
    'permissions', jsonb_build_object('owner', v_bob, 'viewers', jsonb_build_array(v_ada))));
  v_hidden uuid := test.model(v_eve, 'Hidden model');
  v_link uuid := gen_random_uuid();
  v_own uuid := gen_random_uuid();
  v_all text := 'select link_id from public.node_links';
begin
  perform test.equal(
    test.command('save_node_links', v_ada, test.link(v_link, v_source, v_target)), '{"revision": 1}', 'made');
  perform test.equal(test.seen_by(v_ada, v_all), jsonb_build_array(jsonb_build_object('link_id', v_link)), 'its source''s owner sees it');
  perform test.equal(jsonb_array_length(test.seen_by(v_bob, v_all)), 1, 'its target''s owner sees it');
  perform test.equal(test.seen_by(v_eve, v_all), '[]', 'a stranger does not');
  perform test.equal(
    jsonb_array_length(test.seen_by(v_bob, format('select 1 from public.domain_events where aggregate_id = %L', v_link))), 1,
    'who sees a link reads its events');
  perform test.equal(
    test.seen_by(v_eve, format('select 1 from public.domain_events where aggregate_id = %L', v_link)), '[]', 'others do not');

  perform test.equal(
    test.command_refusal('save_node_links', v_bob, test.link(gen_random_uuid(), v_source, v_target)), '42501',
    'nobody links a model they do not view');
  perform test.equal(
    test.command_refusal('save_node_links', v_ada, test.link(gen_random_uuid(), v_target, v_source)), '42501',
    'viewing is not enough at the source');
  perform test.equal(
    test.command_refusal('save_node_links', v_ada, test.link(gen_random_uuid(), v_source, v_hidden)), '42501',
    'the target must be visible');
  perform test.equal(
    test.command_refusal('save_node_links', v_bob, test.changed_link(v_link, '{"linkStrength": 0.7}')), '42501',
    'the target''s owner does not change it');
  perform test.equal(
    test.command_refusal('save_node_links', v_eve, test.changed_link(v_link, '{"linkStrength": 0.7}')), 'FM004',
    'to strangers it does not exist');
  perform test.equal(
    test.command_refusal('save_node_links', v_bob, test.changed_link(v_link, '{"remove": true}')), '42501',
    'nor removes it');

  perform test.command('save_node_links', v_ada, test.changed_link(v_link, '{"linkStrength": 0.755}'));
  perform test.equal(
    (select array[link_strength::text, link_type, revision::text] from public.node_links where link_id = v_link),
    '{0.76,references,2}', 'a change names what changes; two decimals are kept');
  perform test.equal(
    test.command_refusal('save_node_links', v_ada, test.changed_link(v_link, '{"linkStrength": 0.1}')), 'PT409', 'stale');
  perform test.command('save_node_links', v_ada, test.changed_link(v_link, '{"remove": true}', 2));
  perform test.equal(test.seen_by(v_ada, v_all), '[]', 'removed');
  perform test.equal(
    jsonb_array_length(test.seen_by(v_bob, format('select 1 from public.domain_events where aggregate_id = %L', v_link))), 3,
    'its history stays with those who view an end');

  perform test.command('save_node_links', v_ada, test.link(v_own, gen_random_uuid(), gen_random_uuid(),
    '{"sourceFeature": "event-storm", "targetFeature": "event-storm"}'));
  perform test.equal(jsonb_array_length(test.seen_by(v_ada, v_all)), 1, 'what no model takes part in is its maker''s');
  perform test.equal(test.seen_by(v_bob, v_all), '[]', 'alone');
end
$$;

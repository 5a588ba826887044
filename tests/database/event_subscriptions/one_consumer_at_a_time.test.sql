-- A subscription delivers what is behind its checkpoint, in order, to one consumer at a time, and
-- only the newest batch can be settled.
create or replace function private.event_watermark() returns bigint language sql as
  $sql$ select coalesce(pg_sequence_last_value('private.event_positions'), 0) $sql$;

create function test.ask(name text, command jsonb) returns jsonb language plpgsql as $$
declare
  v_answer jsonb;
begin
  set local role service_role;
  execute format('select public.%I($1)', name) into v_answer using command;
  reset role;
  return v_answer;
end
$$;

do $$
declare
  v_user uuid := test.user('author@example.org');
  v_batch jsonb;
  v_first uuid;
  v_second uuid;
begin
  perform test.model(v_user, 'Before');
  perform test.ask('save_event_subscription', '{"name": "mail", "eventTypes": ["FunctionModelCreated"]}');
  v_first := test.model(v_user, 'First');
  perform test.save(v_user, v_first, jsonb_build_object('events', test.event('FunctionModelUpdated')));
  v_second := test.model(v_user, 'Second');

  v_batch := test.ask('fetch_events', '{"name": "mail"}');
  perform test.equal(
    jsonb_path_query_array(v_batch, '$.events[*].aggregateId'), jsonb_build_array(v_first, v_second),
    'from where it began, of the wanted type, in order');
  perform test.refused(
    $sql$select test.ask('fetch_events', '{"name": "mail"}')$sql$, 'FM041', 'one consumer at a time');
  perform test.refused(
    $sql$select test.ask('settle_events', '{"name": "mail", "batch": 0}')$sql$, 'FM007', 'a batch of nobody');

  update private.event_subscriptions set leased_until = clock_timestamp() - interval '1 second';
  v_batch := test.ask('fetch_events', '{"name": "mail", "limit": 1}');
  perform test.equal(jsonb_array_length(v_batch -> 'events'), 1, 'nothing was settled: the first comes again');
  perform test.refused(
    $sql$select test.ask('settle_events', '{"name": "mail", "batch": 1}')$sql$, 'FM007', 'who came late moves nothing');
  perform test.ask('settle_events', jsonb_build_object('name', 'mail', 'batch', v_batch -> 'batch'));
  perform test.refused(
    format('select test.ask(%L, %L)', 'settle_events', jsonb_build_object('name', 'mail', 'batch', v_batch -> 'batch')),
    'FM007', 'a batch is settled once');

  v_batch := test.ask('fetch_events', '{"name": "mail"}');
  perform test.equal(
    jsonb_path_query_array(v_batch, '$.events[*].aggregateId'), jsonb_build_array(v_second), 'goes on behind it');
  v_batch := test.ask('fetch_events', jsonb_build_object('name', 'mail', 'batch', v_batch -> 'batch'));
  perform test.equal(jsonb_array_length(v_batch -> 'events'), 1, 'who has the batch may ask for it again');
  perform test.equal(
    test.ask('settle_events', jsonb_build_object('name', 'mail', 'batch', v_batch -> 'batch')) -> 'lag', '0',
    'all is handled');
  perform test.equal(test.ask('fetch_events', '{"name": "mail"}') -> 'events', '[]', 'nothing is left');
  perform test.refused(
    $sql$select test.ask('fetch_events', '{"name": "post"}')$sql$, 'FM004', 'a subscription that is not there');

  perform test.ask('save_event_subscription', '{"name": "mail", "eventTypes": ["FunctionModelCreated"], "afterPosition": 0}');
  v_batch := test.ask('fetch_events', '{"name": "mail", "limit": 1000}');
  perform test.holds(jsonb_array_length(v_batch -> 'events') >= 3, 'from the start again');
  perform test.ask('save_event_subscription', '{"name": "mail", "remove": true}');
  perform test.equal(test.ask('read_event_subscriptions', '{"name": "mail"}'), null, 'it is gone');
end
$$;

-- A subscription begins now, at a place or at a time, and is moved to another; users reach none of it.
create or replace function private.event_watermark() returns bigint language sql as
  $sql$ select coalesce(pg_sequence_last_value('private.event_positions'), 0) $sql$;

do $$
declare
  v_user uuid := test.user('author@example.org');
  v_model uuid := test.model(v_user, 'Model');
  v_position bigint := (select position from public.domain_events where aggregate_id = v_model);
  v_state jsonb;
  v_moved jsonb;
begin
  set local role service_role;
  v_state := public.save_event_subscription('{"name": "a"}');
  reset role;
  perform test.equal(v_state -> 'lag', '0', 'begins now');
  set local role service_role;
  v_state := public.save_event_subscription(jsonb_build_object('name', 'b', 'from', now()));
  reset role;
  perform test.equal((v_state ->> 'position')::bigint, v_position - 1, 'begins at a time');
  set local role service_role;
  v_state := public.save_event_subscription('{"name": "b", "aggregateTypes": ["organization"], "maxAttempts": 3}');
  reset role;
  perform test.equal((v_state ->> 'position')::bigint, v_position - 1, 'a change of the filter leaves the place');
  perform test.equal(v_state -> 'aggregateTypes', '["organization"]', 'and changes the filter');
  set local role service_role;
  v_state := public.fetch_events('{"name": "b"}');
  perform public.save_event_subscription(jsonb_build_object('name', 'b', 'afterPosition', v_position + 1000000));
  v_moved := public.read_event_subscriptions('{"name": "b"}');
  reset role;
  perform test.equal(
    (v_moved ->> 'position')::bigint, private.event_watermark(), 'never beyond the end of the log');
  perform test.refused(
    format('select public.settle_events(%L)', jsonb_build_object('name', 'b', 'batch', v_state -> 'batch')),
    'FM007', 'who had a batch loses it when the checkpoint is moved');
  perform test.equal(v_state -> 'events', '[]', 'the filter holds');
  perform test.refused(
    $sql$select public.save_event_subscription('{"name": "Not a word"}')$sql$, '23514', 'names are words');
end
$$;

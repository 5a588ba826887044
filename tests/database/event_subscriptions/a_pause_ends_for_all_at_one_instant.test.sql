-- Whether an event's pause is over is judged at one instant for all of a batch: a clock that goes on
-- meanwhile would hold back the failed event and hand out what came after it.
do $$
declare
  v_thing uuid := gen_random_uuid();
  v_due timestamptz := clock_timestamp();
begin
  insert into private.event_subscriptions (name, position) values ('mail', 0);
  insert into private.set_aside_events (subscription, position, event_id, aggregate_id, attempts, due_at)
  select 'mail', place, gen_random_uuid(), v_thing, (place = 1)::integer, v_due - (place > 1)::integer * interval '1 s'
  from generate_series(1, 50) as place;

  perform test.equal(
    (select count(*) from private.take_due_events('mail', 1, 100, v_due - interval '1 microsecond')), 0::bigint,
    'nothing passes an event that pauses');
  perform test.equal(
    array(select position from private.take_due_events('mail', 1, 3, v_due) order by 1), '{1,2,3}',
    'when its pause is over, it is the first');
  perform test.holds(
    (select prosrc not like '%clock_timestamp%' from pg_proc where oid = 'private.take_due_events'::regproc),
    'the instant is given, not read again and again');
end
$$;

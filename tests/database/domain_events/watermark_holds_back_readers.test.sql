-- A reader goes no further than the lowest position that an open transaction may still draw.
do $$
declare
  v_user uuid := test.user('author@example.org');
  v_before bigint := private.event_watermark();
  v_feed jsonb;
begin
  perform test.equal(v_before, coalesce(pg_sequence_last_value('private.event_positions'), 0),
    'with no writer all is final');
  begin
    perform test.model(v_user, 'Undone');
    perform test.equal(private.event_watermark(), v_before, 'an open writer holds back its own positions');
    raise exception using errcode = 'TT000';
  exception when sqlstate 'TT000' then
    null;
  end;
  perform test.holds(private.event_watermark() > v_before, 'a rollback frees its gap');

  v_before := private.event_watermark();
  perform test.model(v_user, 'First');
  perform test.model(v_user, 'Second');
  perform test.equal(private.event_watermark(), v_before, 'the first of several appends counts');
  set local role service_role;
  v_feed := public.read_events(v_before, 10);
  reset role;
  perform test.equal(
    v_feed, jsonb_build_object('events', '[]'::jsonb, 'position', v_before), 'nothing unfinished is read');
  perform test.equal(
    (select count(*) from pg_locks
     where locktype = 'advisory' and pid = pg_backend_pid() and mode = 'ShareLock' and classid::bigint >> 16 = 17997),
    1::bigint, 'one announcement serves the transaction');
end
$$;

-- Both logs announce, once per statement and before the first position is drawn.
select test.equal(
  (select count(*) from pg_trigger
   where tgfoid = 'private.tg_events__announce_position'::regproc and not tgisinternal
     and tgrelid in ('public.domain_events'::regclass, 'public.execution_events'::regclass)
     and tgtype & 1 = 0 and tgtype & 2 = 2 and tgtype & 4 = 4),
  2::bigint, 'announcing triggers');

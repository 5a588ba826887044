-- One sequence numbers both event tables, so that the log has one order. Its
-- values become visible out of order: a slow transaction may commit a lower
-- position after a higher one was read. Therefore every insert announces, by a
-- shared advisory lock that lasts until its transaction ends, the last position
-- drawn before it; a reader takes positions only up to the lowest announcement
-- still held. Statement triggers fire before the first default is evaluated, so
-- the announcement always precedes the positions it covers.

create sequence private.event_positions as bigint cache 1;

comment on sequence private.event_positions is 'Places in the whole event log: rising, with gaps where a transaction rolled back.';

revoke all on sequence private.event_positions from public, anon, authenticated, service_role;
grant usage on sequence private.event_positions to fm_writer, fm_engine;

create function private.tg_events__announce_position() returns trigger
language plpgsql set search_path = ''
as $$
begin
  -- One announcement serves a whole transaction: the first is the lowest. A
  -- rollback to a savepoint frees the lock and undoes the setting alike.
  if coalesce(current_setting('fm.announced', true), '') = '' then
    perform pg_advisory_xact_lock_shared(
      (17997::bigint << 48) | coalesce(pg_sequence_last_value('private.event_positions'), 0));
    perform set_config('fm.announced', 'yes', true);
  end if;
  return null;
end
$$;

comment on function private.tg_events__announce_position() is
  'Holds back readers from positions that this transaction is about to draw. 17997 (0x464D) marks our locks among others.';

revoke all on function private.tg_events__announce_position() from public;

create function private.event_watermark() returns bigint
language plpgsql volatile set search_path = ''
as $$
declare
  v_last bigint;
  v_lowest bigint;
begin
  -- Two statements, in this order: a position drawn by now was announced by
  -- now, so when its lock is gone below, its transaction has ended.
  v_last := coalesce(pg_sequence_last_value('private.event_positions'), 0);
  select min(((held.classid::bigint & 65535) << 32) | held.objid::bigint) into v_lowest
  from pg_catalog.pg_locks as held
  where held.locktype = 'advisory' and held.objsubid = 1
    and held.classid::bigint >> 16 = 17997
    and held.database = (select db.oid from pg_catalog.pg_database as db where db.datname = current_database());
  return least(v_last, v_lowest);
end
$$;

comment on function private.event_watermark() is
  'The highest position below which no event can appear any more.';

revoke all on function private.event_watermark() from public;
grant execute on function private.event_watermark() to fm_engine;

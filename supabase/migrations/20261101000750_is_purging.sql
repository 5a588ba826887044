create function private.is_purging() returns boolean
language sql stable set search_path = ''
as $$
  select coalesce(current_setting('fm.purging', true), '') = 'true'
$$;

comment on function private.is_purging() is
  'Whether this transaction removes a model for good, the only one in which what is kept as written may go. The setting alone gives no right to delete anything.';

revoke all on function private.is_purging() from public;

create function private.is_rebuilding() returns boolean
language sql stable set search_path = ''
as $$
  select coalesce(current_setting('fm.rebuilding', true), '') = 'true'
$$;

comment on function private.is_rebuilding() is
  'Whether this transaction makes rows what their events say, so that corrupted snapshots are put right. The setting alone gives no right to change anything.';

revoke all on function private.is_rebuilding() from public;
grant execute on function private.is_rebuilding() to fm_writer;

-- In plpgsql, like every small function that rows or runs call often: a session
-- keeps its plan, while the body of an SQL function is planned anew each time.

create function private.wire_time(instant timestamptz) returns text
language plpgsql stable set search_path = ''
as $$
begin
  return to_char(instant at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');
end
$$;

comment on function private.wire_time(timestamptz) is
  'An instant as it travels: RFC 3339, UTC, milliseconds.';

revoke all on function private.wire_time(timestamptz) from public;
grant execute on function private.wire_time(timestamptz) to authenticated, fm_writer, fm_engine;

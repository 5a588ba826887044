create function private.actor_id() returns uuid
language sql stable set search_path = ''
as $$
  select (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid
$$;

comment on function private.actor_id() is
  'The user on whose behalf this transaction works, from the verified claims; null for the system.';

revoke all on function private.actor_id() from public;
grant execute on function private.actor_id() to authenticated, fm_writer, fm_engine;

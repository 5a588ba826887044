create function private.actor_id() returns uuid
language plpgsql stable set search_path = ''
as $$
begin
  return (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
end
$$;

comment on function private.actor_id() is
  'The user on whose behalf this transaction works, from the verified claims; null for the system.';

revoke all on function private.actor_id() from public;
grant execute on function private.actor_id() to authenticated, fm_writer, fm_engine;

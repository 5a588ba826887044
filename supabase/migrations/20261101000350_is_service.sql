create function private.is_service() returns boolean
language plpgsql stable set search_path = ''
as $$
begin
  return nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role' = 'service_role';
end
$$;

comment on function private.is_service() is
  'Whether this transaction works for the service itself, which the secret key has proved to the edge function.';

revoke all on function private.is_service() from public;
grant execute on function private.is_service() to authenticated, fm_writer;

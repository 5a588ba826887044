-- Two roles do all writing.
--
-- `fm_writer` carries out a command for one user: each command function takes
-- on this role as a clause, sets the user's claims first, and policies judge
-- that user. `fm_engine` drives runs of many users at once and reaches run and
-- event tables only. Neither passes row level security, neither logs in.
--
-- `service_role` calls these functions and has no grant on any table, so a
-- function that forgot its clause fails instead of writing past the policies.

do $$
begin
  if not exists (select from pg_catalog.pg_roles where rolname = 'fm_writer') then
    create role fm_writer nologin;
  end if;
  if not exists (select from pg_catalog.pg_roles where rolname = 'fm_engine') then
    create role fm_engine nologin;
  end if;
end
$$;

grant fm_writer, fm_engine to authenticator;
grant usage on schema public, private to fm_writer, fm_engine;

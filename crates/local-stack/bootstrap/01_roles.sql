-- The roles a Supabase project has before its first migration.
--
-- Run once, on a fresh cluster, by the superuser `supabase_admin`. The role
-- `postgres`, which applies migrations, is deliberately no superuser: it may
-- create roles and passes row level security, and holds ADMIN on the four
-- roles of the API, no more. Every password is 'postgres': this is a laptop.

do $$
declare
  v_statement text;
begin
  foreach v_statement in array array[
    'create role postgres login createrole createdb replication bypassrls password ''postgres''',
    'create role anon nologin inherit',
    'create role authenticated nologin inherit',
    'create role service_role nologin inherit bypassrls',
    'create role authenticator login noinherit password ''postgres''',
    'create role supabase_auth_admin login noinherit createrole password ''postgres''',
    'create role supabase_storage_admin login noinherit createrole password ''postgres''',
    'create role supabase_realtime_admin nologin noinherit',
    'create role supabase_replication_admin login replication password ''postgres''',
    'create role supabase_read_only_user login bypassrls password ''postgres''',
    'create role dashboard_user nologin createdb createrole replication'
  ] loop
    begin
      execute v_statement;
    exception when duplicate_object then
      raise notice 'kept the role that exists: %', v_statement;
    end;
  end loop;
end
$$;

grant anon, authenticated, service_role to authenticator;
grant authenticator to supabase_storage_admin;
grant anon, authenticated, service_role, authenticator to postgres with admin option;
grant pg_monitor, pg_read_all_data, pg_signal_backend, pg_create_subscription to postgres with admin option;
grant pg_read_all_data to supabase_read_only_user;

-- On the platform an extension lets `postgres` make policies and triggers on
-- these two schemas' tables. Here it inherits their owners, which allows a
-- little more; `auth` stays closed, since its owner could pass USAGE on.
grant supabase_realtime_admin, supabase_storage_admin to postgres with inherit true, set false;

alter role anon set statement_timeout = '3s';
alter role authenticated set statement_timeout = '8s';
alter role authenticator set statement_timeout = '8s';
alter role authenticator set lock_timeout = '8s';
alter role postgres set search_path = "$user", public, extensions;
alter role supabase_admin set search_path = "$user", public, auth, extensions;
alter role supabase_auth_admin set search_path = auth;
alter role supabase_auth_admin set idle_in_transaction_session_timeout = '60s';
alter role supabase_storage_admin set search_path = storage;

-- Settings of PostgREST that the platform lets `postgres` give to roles.
grant set on parameter pgrst.db_schemas, pgrst.db_extra_search_path, pgrst.db_max_rows, pgrst.db_pre_request
  to postgres;

do $$
begin
  execute format('alter database %I owner to postgres', current_database());
end
$$;

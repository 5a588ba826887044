-- No role of the API may write any table, and nothing at all is open to anon.
do $$
declare
  v_table record;
  v_role text;
  v_privilege text;
begin
  for v_table in
    select format('%I.%I', namespace.nspname, class.relname) as name, namespace.nspname as schema, class.oid
    from pg_class as class
    join pg_namespace as namespace on namespace.oid = class.relnamespace
    where namespace.nspname in ('public', 'private') and class.relkind in ('r', 'p', 'v', 'm')
  loop
    foreach v_role in array array['anon', 'authenticated', 'service_role'] loop
      foreach v_privilege in array array['insert', 'update', 'delete', 'truncate', 'references', 'trigger', 'maintain'] loop
        perform test.holds(
          not has_table_privilege(v_role, v_table.oid, v_privilege),
          format('%s may not %s %s', v_role, v_privilege, v_table.name));
      end loop;
      perform test.holds(
        not has_any_column_privilege(v_role, v_table.oid, 'insert, update, references'),
        format('%s may write no column of %s', v_role, v_table.name));
    end loop;
    perform test.holds(
      not has_any_column_privilege('anon', v_table.oid, 'select')
        and not has_any_column_privilege('service_role', v_table.oid, 'select'),
      format('anon and service_role may not read %s', v_table.name));
    perform test.holds(
      has_table_privilege('authenticated', v_table.oid, 'select') = (v_table.schema = 'public'),
      format('authenticated reads public tables only: %s', v_table.name));
  end loop;
end
$$;

-- What the catalogue says is what happens.
do $$
declare
  v_user uuid := test.user('writer@example.org');
  v_name text;
begin
  for v_name in
    select class.oid::regclass::text
    from pg_class as class
    where class.relnamespace = 'public'::regnamespace and class.relkind in ('r', 'p')
  loop
    perform test.refused(
      format('select test.run_as(%L, %L, %L)', 'authenticated', v_user, format('insert into %s default values', v_name)),
      '42501', 'a user inserts into ' || v_name);
    perform test.refused(
      format('select test.run_as(%L, %L, %L)', 'authenticated', v_user, format('delete from %s where true', v_name)),
      '42501', 'a user deletes from ' || v_name);
    perform test.refused(
      format('select test.run_as(%L, %L, %L)', 'service_role', v_user, format('insert into %s default values', v_name)),
      '42501', 'the service inserts into ' || v_name);
    perform test.refused(
      format('select test.run_as(%L, %L, %L)', 'service_role', v_user, format('select from %s', v_name)),
      '42501', 'the service reads ' || v_name);
    perform test.refused(
      format('select test.run_as(%L, %L, %L)', 'anon', v_user, format('select from %s', v_name)),
      '42501', 'anon reads ' || v_name);
  end loop;
end
$$;

-- No role changes or removes an audit row, the owner and the service included, and no audited table is emptied.
do $$
declare
  v_user uuid := test.user('author@example.org');
  v_model uuid := test.model(v_user, 'Audited');
  v_role text;
  v_table text;
  v_change text;
begin
  foreach v_role in array array['anon', 'authenticated', 'service_role', 'fm_writer', 'fm_engine', 'postgres'] loop
    perform test.refused(
      format('select test.run_as(%L, %L, %L)', v_role, v_user, 'update public.audit_logs set operation = ''x'' where true'),
      '42501', v_role || ' changes');
    perform test.refused(
      format('select test.run_as(%L, %L, %L)', v_role, v_user, 'delete from public.audit_logs where true'),
      '42501', v_role || ' removes');
    perform test.refused(
      format('select test.run_as(%L, %L, %L)', v_role, v_user, 'truncate public.audit_logs'), '42501', v_role || ' empties');
  end loop;
  for v_table in select inhrelid::regclass::text from pg_inherits where inhparent = 'public.audit_logs'::regclass loop
    foreach v_role in array array['anon', 'authenticated', 'service_role', 'fm_writer', 'fm_engine', 'postgres'] loop
      foreach v_change in array array[
        'truncate %s', 'delete from %s where true', 'update %s set operation = operation where true',
        'insert into %s (table_name, operation, record_id, new_data) values (''x'', ''create'', gen_random_uuid(), ''{}'')']
      loop
        perform test.refused(
          format('select test.run_as(%L, %L, %L)', v_role, v_user, format(v_change, v_table)),
          '42501', format('%s: %s', v_role, format(v_change, v_table)));
      end loop;
    end loop;
  end loop;
  foreach v_table in array array[
    'organizations', 'organization_members', 'function_models', 'container_nodes', 'action_nodes', 'node_dependencies',
    'function_model_versions', 'workflows', 'knowledge_contents']
  loop
    perform test.refused(format('truncate public.%I cascade', v_table), '42501', v_table || ' is emptied');
  end loop;
end
$$;

-- No role changes or removes an audit row, the owner and the service included, and no audited table is emptied.
do $$
declare
  v_user uuid := test.user('author@example.org');
  v_model uuid := test.model(v_user, 'Audited');
  v_role text;
  v_table text;
begin
  foreach v_role in array array['authenticated', 'service_role', 'postgres'] loop
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
    perform test.refused(format('truncate %s', v_table), '42501', v_table || ' is emptied');
    perform test.refused(
      format('select test.run_as(%L, %L, %L)', 'service_role', v_user, format('insert into %s default values', v_table)),
      '42501', v_table || ' is written directly');
  end loop;
  foreach v_table in array array[
    'organizations', 'organization_members', 'function_models', 'container_nodes', 'action_nodes', 'node_dependencies',
    'function_model_versions', 'workflows', 'knowledge_contents']
  loop
    perform test.refused(format('truncate public.%I cascade', v_table), '42501', v_table || ' is emptied');
  end loop;
end
$$;

-- No role changes or removes a seal, the owner and the service included, and nobody but the sealing adds one.
do $$
declare
  v_user uuid := test.user('author@example.org');
  v_role text;
  v_statement text;
begin
  perform test.model(v_user, 'Sealed');
  perform private.seal_audit_logs();
  foreach v_role in array array['anon', 'authenticated', 'service_role', 'fm_writer', 'fm_engine', 'postgres'] loop
    foreach v_statement in array array[
      'update public.audit_seals set row_count = 9 where true',
      'delete from public.audit_seals where true',
      'truncate public.audit_seals cascade']
    loop
      perform test.refused(
        format('select test.run_as(%L, %L, %L)', v_role, v_user, v_statement), '42501', v_role || ': ' || v_statement);
    end loop;
  end loop;
  foreach v_role in array array['anon', 'authenticated', 'service_role', 'fm_writer'] loop
    perform test.refused(
      format('select test.run_as(%L, %L, %L)', v_role, v_user, 'insert into public.audit_seals default values'),
      '42501', v_role || ' seals');
    perform test.refused(
      format('select test.run_as(%L, %L, %L)', v_role, v_user, 'select private.seal_audit_logs()'),
      '42501', v_role || ' has the audit log sealed');
  end loop;
  perform test.equal(
    test.seen_by(v_user, 'select count(*) > 0 as seen from public.audit_seals') -> 0 -> 'seen', 'true'::jsonb,
    'whoever is signed in reads seals');
end
$$;

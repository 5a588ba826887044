-- A month leaves the audit log only when it is over, sealed, exported whole and old enough, and its leaving is sealed.
do $$
declare
  v_month text := '2019-03';
  v_digest text := repeat('a', 64);
  v_seal public.audit_seals;
  v_export uuid;
  v_number bigint;
begin
  create table private.audit_logs_2019_03 partition of public.audit_logs
    for values from ('2019-03-01 00:00+00') to ('2019-04-01 00:00+00');
  insert into public.audit_logs (table_name, operation, record_id, new_data, changed_at)
  select 'old', 'create', gen_random_uuid(), '{}', '2019-03-31 23:59:59.999999+00' from generate_series(1, 3);
  perform test.refused(format('select private.record_audit_export(%L, 3, %L, ''a file'')', v_month, v_digest), '55000', 'before it is sealed');
  perform private.seal_audit_logs();
  perform test.refused(format('select private.retire_audit_month(%L)', v_month), '55000', 'before it is exported');
  perform test.refused(format('select private.record_audit_export(%L, 2, %L, ''a file'')', v_month, v_digest), '55000', 'exported in part');
  perform test.refused(format('select private.record_audit_export(%L, 3, %L, ''a file'')', to_char(now() at time zone 'UTC', 'YYYY-MM'), v_digest), '55000', 'before it is over');
  perform test.refused(format('select private.record_audit_export(''2018-01'', 0, %L, ''a file'')', v_digest), 'P0002', 'a month without rows');
  v_export := private.record_audit_export(v_month, 3, v_digest, 's3://audit/2019-03.jsonl');
  perform test.refused(format('select private.retire_audit_month(%L, ''100 years'')', v_month), '55000', 'before its time');

  v_number := private.retire_audit_month(v_month);
  select * into strict v_seal from public.audit_seals where seal_number = v_number;
  perform test.equal(v_seal.kind, 'retirement', 'the chain says so');
  perform test.equal(
    (v_seal.details::jsonb) - '{exportId,exportedBy,exportedAt,retiredBy}'::text[],
    jsonb_build_object('rowCount', 3, 'digest', v_digest, 'location', 's3://audit/2019-03.jsonl'), 'and what was exported where');
  perform test.equal(
    (select retired_by_seal from private.audit_exports where export_id = v_export), v_seal.seal_number, 'and the list of exports');
  perform test.equal(to_regclass('private.audit_logs_2019_03')::text, null, 'the rows are gone');
  perform test.refused(format('select private.retire_audit_month(%L)', v_month), 'P0002', 'once');
  perform test.equal(
    public.read_sealed_rows(v_seal.seal_number - 1, 1) -> 'retirements' -> -1 ->> 'month', v_month, 'a verifier is told');
end
$$;

-- No role of the API, and none of ours, retires or exports anything.
do $$
declare
  v_user uuid := test.user('author@example.org');
  v_role text;
  v_call text;
begin
  foreach v_role in array array['anon', 'authenticated', 'service_role', 'fm_writer', 'fm_engine'] loop
    foreach v_call in array array[
      'select private.retire_audit_month(''2019-03'')', 'select private.record_audit_export(''2019-03'', 0, '''', '''')',
      'select from private.audit_exports']
    loop
      perform test.refused(format('select test.run_as(%L, %L, %L)', v_role, v_user, v_call), '42501', v_role || ': ' || v_call);
    end loop;
  end loop;
end
$$;

-- Rows are sealed once, in order, by month; each seal repeats what its rows hash to and names the seal before it.
do $$
declare
  v_user uuid := test.user('author@example.org');
  v_first bigint;
  v_seal public.audit_seals;
  v_page jsonb;
  v_leaves bytea;
begin
  perform private.seal_audit_logs();
  select coalesce(max(seal_number), 0) into v_first from public.audit_seals;
  perform test.model(v_user, 'Sealed');
  insert into public.audit_logs (table_name, operation, record_id, new_data, changed_at)
  select 'elsewhere', 'create', gen_random_uuid(), jsonb_build_object('place', place),
         case place % 2 when 0 then now() else now() + interval '1 month' end
  from generate_series(1, 5) as place;
  perform test.equal(
    private.seal_audit_logs(),
    (select count(*)::integer from public.audit_logs where changed_by = v_user or table_name = 'elsewhere'),
    'all of them are sealed');
  perform test.equal(private.seal_audit_logs(), 0, 'and none again');
  perform test.equal(
    array(select month from public.audit_seals where seal_number > v_first order by seal_number),
    array[to_char(now() at time zone 'UTC', 'YYYY-MM'), to_char((now() + interval '1 month') at time zone 'UTC', 'YYYY-MM')],
    'one seal for each month');

  select * into strict v_seal from public.audit_seals where seal_number = v_first + 2;
  perform test.equal(v_seal.row_count, 3, 'rows of the later month');
  perform test.equal(
    v_seal.previous_hash, (select seal_hash from public.audit_seals where seal_number = v_first + 1), 'the chain');
  perform test.equal(
    (select previous_hash from public.audit_seals where seal_number = 1), repeat('0', 64), 'the chain begins with nothing');

  -- Three leaves: the third goes up alone.
  v_page := public.read_sealed_rows(v_first + 1, 1);
  perform test.equal(jsonb_array_length(v_page -> 'seals'), 2, 'seals of one range stay together');
  select string_agg(sha256('\x00'::bytea || substring(array_send(array(
    select jsonb_array_elements_text(fields))) from 21)), ''::bytea order by (fields ->> 0)::bigint)
  into v_leaves
  from jsonb_array_elements(v_page -> 'rows') as fields
  where fields ->> 12 >= v_seal.month;
  perform test.equal(
    v_seal.merkle_root,
    encode(sha256('\x01'::bytea || sha256('\x01'::bytea || substring(v_leaves for 64)) || substring(v_leaves from 65)), 'hex'),
    'the root over what a verifier is told');
end
$$;

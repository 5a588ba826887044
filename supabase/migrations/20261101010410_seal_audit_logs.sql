create function private.audit_watermark() returns bigint
language plpgsql volatile set search_path = ''
as $$
declare
  v_last bigint;
  v_lowest bigint;
begin
  -- Two statements, in this order: a position drawn by now was announced by now,
  -- so when its lock is gone below, its transaction has ended. Rows of this very
  -- transaction are visible to it and live or die with the seals it makes.
  v_last := coalesce(pg_sequence_last_value('private.audit_positions'), 0);
  select min(((held.classid::bigint & 65535) << 32) | held.objid::bigint) into v_lowest
  from pg_catalog.pg_locks as held
  where held.locktype = 'advisory' and held.objsubid = 1
    and held.classid::bigint >> 16 = 17998
    and held.pid is distinct from pg_backend_pid()
    and held.database = (select db.oid from pg_catalog.pg_database as db where db.datname = current_database());
  return least(v_last, v_lowest);
end
$$;

comment on function private.audit_watermark() is
  'The highest position below which no audit row of another transaction can appear any more.';

revoke all on function private.audit_watermark() from public;
grant execute on function private.audit_watermark() to fm_engine;

create function private.seal_audit_logs(batch_size integer default 1000, max_batches integer default 500) returns integer
language plpgsql volatile
set role = 'fm_engine' set search_path = '' set client_encoding = 'UTF8' set timezone = 'UTC' set datestyle = 'ISO, MDY'
as $$
declare
  v_watermark bigint;
  v_after bigint;
  v_last bigint;
  v_batches integer := 0;
  v_rows integer := 0;
  v_seal public.audit_seals;
  v_leaves bytea;
  v_found boolean;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception using errcode = '25001', message = 'Sealing reads what was committed meanwhile: it needs read committed';
  end if;
  -- One at a time; each statement after this one sees what the other committed.
  perform pg_advisory_xact_lock(17999::bigint << 48);
  select coalesce(max(seal.last_position), 0) into v_after from public.audit_seals as seal;
  v_watermark := private.audit_watermark();
  v_last := v_after;
  while v_last < v_watermark and v_batches < max_batches loop
    v_last := least(v_watermark, v_last + batch_size);
    v_found := false;
    for v_seal.month, v_seal.row_count, v_leaves in
      select entry.month, count(*),
             string_agg(sha256('\x00'::bytea || substring(array_send(entry.fields) from 21)), ''::bytea order by entry.position)
      from private.audit_fields as entry
      where entry.position > v_after and entry.position <= v_last
      group by entry.month
      order by entry.month
    loop
      v_found := true;
      v_seal.kind := 'rows';
      v_seal.after_position := v_after;
      v_seal.last_position := v_last;
      v_seal.merkle_root := encode(private.merkle_root(v_leaves), 'hex');
      perform private.append_audit_seal(v_seal);
      v_rows := v_rows + v_seal.row_count;
    end loop;
    -- A range without rows was rolled back; the next seal covers it too.
    if v_found then
      v_after := v_last;
      v_batches := v_batches + 1;
    end if;
  end loop;
  return v_rows;
end
$$;

comment on function private.seal_audit_logs(integer, integer) is
  'Seals the audit rows behind the last seal that no open transaction can precede; answers how many. A job calls it every five seconds.';

revoke all on function private.seal_audit_logs(integer, integer) from public;

-- Audit rows leave by the month, and only after an export: a file with every row
-- of the month, whose digest and place are recorded here. Dropping a month adds a
-- seal that says so, so that missing rows are either accounted for or found.
-- Operators call these functions as the owner of the schema; no role may.

create table private.audit_exports (
  export_id uuid not null default private.uuid_v7(),
  month text not null,
  row_count bigint not null,
  digest text not null,
  location text not null,
  exported_by text not null default session_user,
  exported_at timestamptz not null default now(),
  retired_by_seal bigint,
  constraint audit_exports_pkey primary key (export_id),
  constraint exported_month_is_a_month check (month ~ '^\d{4}-(0[1-9]|1[0-2])$'),
  constraint export_counts_its_rows check (row_count >= 0),
  constraint export_digest_is_sha256 check (digest ~ '^[0-9a-f]{64}$'),
  constraint export_is_somewhere check (length(btrim(location)) between 1 and 1000),
  constraint audit_exports_retired_by_seal_fkey foreign key (retired_by_seal) references public.audit_seals (seal_number)
);

create index audit_exports_retired_by_seal_idx on private.audit_exports (retired_by_seal);

comment on table private.audit_exports is
  'What was exported of the audit log, where to, and whether the rows were dropped afterwards.';
comment on column private.audit_exports.digest is 'SHA-256 of the file.';
comment on column private.audit_exports.location is 'Where the operator keeps the file.';
comment on column private.audit_exports.retired_by_seal is 'The retirement in the chain; null while the rows are still there.';

alter table private.audit_exports enable row level security;
revoke all on private.audit_exports from public, anon, authenticated, service_role;

create function private.audit_partition(month text) returns regclass
language plpgsql stable set search_path = ''
as $$
begin
  return to_regclass(format('private.%I', 'audit_logs_' || replace(month, '-', '_')));
end
$$;

comment on function private.audit_partition(text) is 'The partition with the rows of a month, null when there is none.';

create function private.count_sealed_month(month text) returns bigint
language plpgsql volatile set search_path = ''
as $$
declare
  v_start timestamptz := (month || '-01 00:00+00')::timestamptz;
  v_count bigint;
  v_last bigint;
begin
  if private.audit_partition(month) is null then
    raise exception using errcode = 'P0002', message = format('The audit log has no rows of %s', month);
  end if;
  if now() < v_start + interval '1 month' then
    raise exception using errcode = '55000', message = format('%s is not over', month);
  end if;
  select count(*), max(entry.position) into v_count, v_last
  from public.audit_logs as entry
  where entry.changed_at >= v_start and entry.changed_at < v_start + interval '1 month';
  if v_last > (select coalesce(max(seal.last_position), 0) from public.audit_seals as seal) then
    raise exception using errcode = '55000', message = format('Not all rows of %s are sealed', month);
  end if;
  return v_count;
end
$$;

comment on function private.count_sealed_month(text) is
  'How many audit rows a month has. Refuses a month that is not over, or not sealed to its end.';

create function private.record_audit_export(month text, row_count bigint, digest text, location text) returns uuid
language plpgsql set search_path = ''
as $$
declare
  v_count bigint := private.count_sealed_month(month);
  v_export_id uuid;
begin
  if v_count <> row_count then
    raise exception using errcode = '55000', message = format('%s has %s rows, the export %s', month, v_count, row_count);
  end if;
  insert into private.audit_exports (month, row_count, digest, location)
  values (record_audit_export.month, record_audit_export.row_count, record_audit_export.digest, record_audit_export.location)
  returning export_id into v_export_id;
  return v_export_id;
end
$$;

comment on function private.record_audit_export(text, bigint, text, text) is
  'Notes that every row of a month is in a file of this digest. `cargo xtask audit export` writes the file and calls it.';

create function private.retire_audit_month(month text, keep interval default '1 year') returns bigint
language plpgsql set search_path = '' set timezone = 'UTC'
as $$
declare
  v_partition regclass := private.audit_partition(month);
  v_export private.audit_exports;
  v_seal public.audit_seals;
  v_count bigint;
begin
  perform pg_advisory_xact_lock(17999::bigint << 48);
  if v_partition is not null then
    execute format('lock table %s in access exclusive mode', v_partition);
  end if;
  v_count := private.count_sealed_month(month);
  if now() < (month || '-01')::timestamptz + interval '1 month' + keep then
    raise exception using errcode = '55000', message = format('%s has to be kept for %s', month, keep);
  end if;
  select export.* into v_export
  from private.audit_exports as export
  where export.month = retire_audit_month.month and export.row_count = v_count
  order by export.exported_at desc
  limit 1;
  if not found then
    raise exception using errcode = '55000', message = format('The rows of %s were not exported', month);
  end if;
  v_seal.kind := 'retirement';
  v_seal.month := month;
  select coalesce(max(seal.last_position), 0) into v_seal.last_position from public.audit_seals as seal;
  v_seal.after_position := v_seal.last_position;
  v_seal.row_count := 0;
  v_seal.merkle_root := encode(private.merkle_root(''), 'hex');
  v_seal.details := jsonb_build_object(
    'exportId', v_export.export_id, 'rowCount', v_count, 'digest', v_export.digest, 'location', v_export.location,
    'exportedBy', v_export.exported_by, 'exportedAt', private.wire_time(v_export.exported_at),
    'retiredBy', session_user)::text;
  v_seal := private.append_audit_seal(v_seal);
  update private.audit_exports as export set retired_by_seal = v_seal.seal_number
  where export.export_id = v_export.export_id;
  execute format('drop table %s', v_partition);
  return v_seal.seal_number;
end
$$;

comment on function private.retire_audit_month(text, interval) is
  'Drops the audit rows of a month that was exported whole and is older than it has to be kept; answers the number of the seal that says so.';

revoke all on function private.audit_partition(text) from public;
revoke all on function private.count_sealed_month(text) from public;
revoke all on function private.record_audit_export(text, bigint, text, text) from public;
revoke all on function private.retire_audit_month(text, interval) from public;

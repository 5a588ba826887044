-- Tamper evidence of the audit log. A seal covers the rows of one month whose
-- positions lie in a range; it holds the root of a Merkle tree over their hashes
-- and the hash of the seal before it. Whoever keeps one seal elsewhere can show
-- that nothing at or before it has changed since. Format and verification by
-- hand: docs/audit.md.
--
-- Sealing runs behind the writers and never touches the rows themselves.

create table public.audit_seals (
  seal_number bigint not null,
  kind text not null default 'rows',
  month text not null,
  after_position bigint not null,
  last_position bigint not null,
  row_count integer not null,
  merkle_root text not null,
  details text,
  sealed_at timestamptz not null default date_trunc('milliseconds', clock_timestamp()),
  previous_hash text not null,
  seal_hash text not null,
  constraint audit_seals_pkey primary key (seal_number),
  constraint seals_count_from_one check (seal_number >= 1),
  constraint seal_kind_is_known check (kind in ('rows', 'retirement')),
  constraint month_is_a_month check (month ~ '^\d{4}-(0[1-9]|1[0-2])$'),
  constraint seal_covers_a_range check (
    case kind when 'rows' then last_position > after_position and row_count >= 1 and details is null
      else last_position = after_position and row_count = 0 and details is not null end),
  constraint hashes_are_sha256 check (
    merkle_root ~ '^[0-9a-f]{64}$' and previous_hash ~ '^[0-9a-f]{64}$' and seal_hash ~ '^[0-9a-f]{64}$')
);

comment on table public.audit_seals is
  'A chain of hashes over the audit log, and over the months that were exported and dropped. Immutable.';
comment on column public.audit_seals.kind is '`rows`, or `retirement`: from here on the rows of the month are gone.';
comment on column public.audit_seals.month is 'Month of the rows'' changed_at in UTC, as its partition.';
comment on column public.audit_seals.after_position is 'The range begins behind this position; seals of one range differ in their month.';
comment on column public.audit_seals.details is 'Of a retirement: what was exported and dropped, as JSON text.';
comment on column public.audit_seals.previous_hash is 'The seal before; 64 zeros for the first.';

create trigger _010_refuse_change before update or delete on public.audit_seals
  for each row execute function private.tg_refuse_change();
create trigger _010_refuse_truncate before truncate on public.audit_seals
  for each statement execute function private.tg_refuse_change();

alter table public.audit_seals enable row level security;
revoke all on public.audit_seals from public, anon, authenticated, service_role;
grant select on public.audit_seals to authenticated;
grant select, insert on public.audit_seals to fm_engine;

create policy "Everybody who is signed in may keep a seal as a witness" on public.audit_seals
  for select to authenticated using (true);

create policy "What seals rows reads the chain" on public.audit_seals
  for select to fm_engine using (true);

create policy "What seals rows adds to the chain" on public.audit_seals
  for insert to fm_engine with check (true);

-- A view, so that the planner sees through it; as a function it would cost most of
-- the time of sealing. Its readers set time zone, date style and encoding.
create view private.audit_fields with (security_invoker = true) as
  select entry.position,
         to_char(entry.changed_at at time zone 'UTC', 'YYYY-MM') as month,
         array[
           entry.position::text, entry.audit_id::text, entry.table_name, entry.operation,
           entry.record_id::text, entry.row_id::text, entry.model_id::text, entry.organization_id::text,
           entry.execution_id::text, entry.old_data::text, entry.new_data::text, entry.changed_by::text,
           entry.changed_at::text, entry.event_id::text, entry.event_type, entry.request_id,
           entry.traceparent] as fields
  from public.audit_logs as entry;

comment on view private.audit_fields is
  'The audit rows as what their hashes cover: the text of every column, in a fixed order.';

revoke all on private.audit_fields from public, anon, authenticated, service_role;
grant select on private.audit_fields to fm_engine;

create function private.merkle_root(leaves bytea) returns bytea
language plpgsql immutable set search_path = ''
as $$
declare
  v_level bytea := coalesce(leaves, '');
  v_count integer := octet_length(v_level) / 32;
begin
  if v_count = 0 then
    return sha256('');
  end if;
  -- Level by level; a node without a neighbour goes up as it is.
  while v_count > 1 loop
    select coalesce(string_agg(sha256('\x01'::bytea || substring(v_level from 64 * place + 1 for 64)), ''::bytea order by place), '')
           || case v_count % 2 when 1 then substring(v_level from 32 * (v_count - 1) + 1) else '' end
    into v_level
    from generate_series(0, v_count / 2 - 1) as place;
    v_count := (v_count + 1) / 2;
  end loop;
  return v_level;
end
$$;

comment on function private.merkle_root(bytea) is
  'The root of the Merkle tree of RFC 6962 over hashes of 32 bytes each, one behind the other.';

revoke all on function private.merkle_root(bytea) from public;
grant execute on function private.merkle_root(bytea) to fm_engine;

create function private.append_audit_seal(seal public.audit_seals) returns public.audit_seals
language plpgsql set search_path = '' set client_encoding = 'UTF8'
as $$
begin
  seal.sealed_at := date_trunc('milliseconds', clock_timestamp());
  select coalesce(max(stored.seal_number), 0) + 1 into seal.seal_number from public.audit_seals as stored;
  seal.previous_hash := coalesce(
    (select stored.seal_hash from public.audit_seals as stored where stored.seal_number = seal.seal_number - 1),
    repeat('0', 64));
  -- The first 20 bytes that array_send makes describe the array; lengths and texts follow.
  seal.seal_hash := encode(sha256('\x02'::bytea || substring(array_send(array[
    '1', seal.seal_number::text, seal.kind, seal.month, seal.after_position::text, seal.last_position::text,
    seal.row_count::text, seal.merkle_root, seal.details, private.wire_time(seal.sealed_at),
    seal.previous_hash]) from 21)), 'hex');
  insert into public.audit_seals select seal.*;
  return seal;
end
$$;

comment on function private.append_audit_seal(public.audit_seals) is
  'Numbers a seal, chains it to the last one and stores it. The caller holds the lock on sealing.';

revoke all on function private.append_audit_seal(public.audit_seals) from public;
grant execute on function private.append_audit_seal(public.audit_seals) to fm_engine;

-- Who changed what. Rows are written by triggers alone, in the transaction of
-- the change, and never change again.
--
-- There is one index that a write has to find its place in, the primary key: it
-- answers "the history of this record" and keeps bulk writing fast. `record_id`
-- is the aggregate a row belongs to (the model, for its nodes), `row_id` the
-- changed row itself. Partitions live in `private`, where nobody may write to
-- them directly.
--
-- `position` is the order in which rows are sealed. Like positions of events it
-- becomes visible out of order, so that every transaction announces, before its
-- first row, the last position drawn until then; what seals rows stops at the
-- lowest announcement still held. Its index holds a summary of each few pages,
-- which costs a write nothing.

create sequence private.audit_positions as bigint cache 1;

comment on sequence private.audit_positions is 'Places in the audit log: rising, with gaps where a transaction rolled back.';

revoke all on sequence private.audit_positions from public, anon, authenticated, service_role;
grant usage on sequence private.audit_positions to fm_engine;

create function private.tg_audit_logs__announce_position() returns trigger
language plpgsql set search_path = ''
as $$
begin
  -- The first announcement of a transaction is its lowest. A rollback to a
  -- savepoint frees the lock and undoes the setting alike.
  if coalesce(current_setting('fm.audit_announced', true), '') = '' then
    perform pg_advisory_xact_lock_shared(
      (17998::bigint << 48) | coalesce(pg_sequence_last_value('private.audit_positions'), 0));
    perform set_config('fm.audit_announced', 'yes', true);
  end if;
  return null;
end
$$;

comment on function private.tg_audit_logs__announce_position() is
  'Holds back sealing from positions that this transaction is about to draw. 17998 (0x464E) marks these locks among others.';

revoke all on function private.tg_audit_logs__announce_position() from public;

create table public.audit_logs (
  position bigint not null default nextval('private.audit_positions'),
  audit_id uuid not null default private.uuid_v7(),
  table_name text not null,
  operation text not null,
  record_id uuid not null,
  row_id uuid,
  model_id uuid,
  organization_id uuid,
  execution_id uuid,
  old_data jsonb,
  new_data jsonb,
  changed_by uuid,
  changed_at timestamptz not null default now(),
  event_id uuid,
  event_type text,
  request_id text,
  traceparent text,
  constraint audit_logs_pkey primary key (record_id, changed_at, audit_id),
  constraint table_name_is_short check (length(btrim(table_name)) between 1 and 100),
  constraint sides_suit_the_operation check (
    case operation
      when 'create' then new_data is not null and old_data is null
      when 'delete' then old_data is not null and new_data is null
      when 'update' then old_data is not null or new_data is not null
      else false
    end)
) partition by range (changed_at);

create index audit_logs_position_idx on public.audit_logs using brin (position)
  with (pages_per_range = 32, autosummarize = on);

comment on table public.audit_logs is 'One row per changed row of a business table, and one per domain event. Immutable.';
comment on column public.audit_logs.position is 'Place in the order in which rows are sealed; audit_seals cover ranges of it.';
comment on column public.audit_logs.record_id is 'The aggregate: the model for models, nodes, actions, dependencies and versions.';
comment on column public.audit_logs.row_id is 'The changed row within it; equals record_id for the aggregate itself.';
comment on column public.audit_logs.old_data is 'Of an update, only the columns that differ.';
comment on column public.audit_logs.new_data is 'Of an update, only the columns that differ.';
comment on column public.audit_logs.changed_by is 'From the verified claims; null for the system.';
comment on column public.audit_logs.event_id is 'The first domain event of the command that caused the change; its data is in domain_events.';

create trigger _010_announce_position before insert on public.audit_logs
  for each statement execute function private.tg_audit_logs__announce_position();
create trigger _010_refuse_change before update or delete on public.audit_logs
  for each row execute function private.tg_refuse_change();
create trigger _010_refuse_truncate before truncate on public.audit_logs
  for each statement execute function private.tg_refuse_change();

alter table public.audit_logs enable row level security;
revoke all on public.audit_logs from public, anon, authenticated, service_role;
grant select on public.audit_logs to authenticated, fm_engine;

create policy "Readers of a model and admins of an organization read its audit" on public.audit_logs
  for select to authenticated
  using (
    -- The cheap question first: reports of an organization ask it of every row.
    organization_id in (select private.my_organizations('{owner,admin}'))
    or exists (select from public.function_models as model where model.model_id = audit_logs.model_id)
    or (model_id is null and organization_id is null and changed_by = (select private.actor_id()))
  );

create policy "What seals and verifies rows reads them all" on public.audit_logs
  for select to fm_engine using (true);

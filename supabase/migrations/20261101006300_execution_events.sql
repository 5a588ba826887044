-- The events of runs: the same columns and the same positions as domain_events.
-- There are many, so they are partitioned by position and dropped when archived;
-- versions come from the locked run and are unique within each partition.

create table public.execution_events (
  position bigint not null default nextval('private.event_positions'),
  event_id uuid not null default private.uuid_v7(),
  aggregate_type text not null default 'execution',
  aggregate_id uuid not null,
  aggregate_version integer not null,
  event_type text not null,
  event_version smallint not null default 1,
  occurred_at timestamptz not null default now(),
  actor_id uuid,
  organization_id uuid,
  correlation_id text,
  causation_id uuid,
  traceparent text,
  data jsonb not null,
  constraint execution_events_pkey primary key (position),
  constraint aggregate_is_an_execution check (aggregate_type = 'execution')
) partition by range (position);

comment on table public.execution_events is 'The event log of runs.';
comment on column public.execution_events.aggregate_id is 'The run.';
comment on column public.execution_events.correlation_id is 'The request that caused it; null means the run itself did.';

create trigger _010_announce_position before insert on public.execution_events
  for each statement execute function private.tg_events__announce_position();
create trigger _010_refuse_change before update or delete on public.execution_events
  for each row execute function private.tg_refuse_change();
create trigger _010_refuse_truncate before truncate on public.execution_events
  for each statement execute function private.tg_refuse_change();

alter table public.execution_events enable row level security;
revoke all on public.execution_events from public, anon, authenticated, service_role;
grant select on public.execution_events to authenticated;
grant select, insert on public.execution_events to fm_engine;

create policy "Who sees a run reads its events" on public.execution_events
  for select to authenticated
  using (exists (
    select from public.workflow_executions as execution
    where execution.execution_id = execution_events.aggregate_id));

create policy "The engine reads events of runs" on public.execution_events
  for select to fm_engine using (true);
create policy "The engine appends events of runs" on public.execution_events
  for insert to fm_engine with check (aggregate_type = 'execution');

create function private.make_event_partitions(ahead integer default 4) returns integer
language plpgsql security definer set search_path = ''
as $$
declare
  v_size constant bigint := 20000000;
  v_current bigint := coalesce(pg_sequence_last_value('private.event_positions'), 0) / v_size;
  v_name text;
  v_made integer := 0;
begin
  for v_number in v_current .. v_current + make_event_partitions.ahead loop
    v_name := format('execution_events_%s', v_number);
    continue when to_regclass(format('private.%I', v_name)) is not null;
    execute format(
      'create table private.%I partition of public.execution_events for values from (%s) to (%s)',
      v_name, v_number * v_size, (v_number + 1) * v_size);
    execute format('alter table private.%I enable row level security', v_name);
    execute format('create unique index on private.%I (aggregate_id, aggregate_version)', v_name);
    execute format(
      'create trigger _010_refuse_truncate before truncate on private.%I
         for each statement execute function private.tg_refuse_change()', v_name);
    v_made := v_made + 1;
  end loop;
  return v_made;
end
$$;

comment on function private.make_event_partitions(integer) is
  'Makes the partitions for the current and so many further ranges of 20 million positions. Definer: only the owner may make partitions.';

revoke all on function private.make_event_partitions(integer) from public;

select private.make_event_partitions();

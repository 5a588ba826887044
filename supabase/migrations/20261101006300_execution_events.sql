-- The events of runs: the same envelope and the same positions as domain_events.
-- There are many, so the rows are narrow, partitioned by position, and dropped
-- when archived. Versions come from the locked run and are unique within each
-- partition. `facts` is the data without the two ids that every event of a run
-- carries; the computed fields `data` and `aggregate_type` read like the columns
-- of domain_events.

create table public.execution_events (
  position bigint not null default nextval('private.event_positions'),
  occurred_at timestamptz not null default now(),
  event_id uuid not null default private.uuid_v7(),
  aggregate_id uuid not null,
  actor_id uuid,
  organization_id uuid,
  causation_id uuid,
  aggregate_version integer not null,
  event_version smallint not null default 1,
  event_type text not null,
  correlation_id text,
  traceparent text,
  facts jsonb not null,
  constraint execution_events_pkey primary key (position)
) partition by range (position);

comment on table public.execution_events is 'The event log of runs.';
comment on column public.execution_events.aggregate_id is 'The run.';
comment on column public.execution_events.correlation_id is 'The request that caused it; null means the run itself did.';
comment on column public.execution_events.facts is 'The event''s data without executionId and modelId; read the computed field data.';

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
  for insert to fm_engine with check (aggregate_version >= 1);

create function public.data(event public.execution_events) returns jsonb
language plpgsql stable set search_path = ''
as $$
begin
  return jsonb_build_object(
    'executionId', event.aggregate_id,
    'modelId', (
      select execution.model_id from public.workflow_executions as execution
      where execution.execution_id = event.aggregate_id)) || event.facts;
end
$$;

comment on function public.data(public.execution_events) is
  'Computed field: the event''s data, with the ids of its run and model.';

create function public.aggregate_type(event public.execution_events) returns text
language sql immutable set search_path = ''
as $$
  select 'execution'
$$;

comment on function public.aggregate_type(public.execution_events) is 'Computed field: always execution.';

revoke all on function public.data(public.execution_events) from public, anon, authenticated, service_role;
revoke all on function public.aggregate_type(public.execution_events) from public, anon, authenticated, service_role;
grant execute on function public.data(public.execution_events) to authenticated, fm_engine;
grant execute on function public.aggregate_type(public.execution_events) to authenticated, fm_engine;

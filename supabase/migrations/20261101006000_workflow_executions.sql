-- One row per run. It is the only contended row of a run: whoever records what
-- its steps did holds its lock, which is what keeps its events gapless and its
-- counters true. Most of its updates stay on its page, hence the fill factor and
-- the absence of indexes on columns that change. Its values are guarded by types
-- and policies instead of check constraints, which PostgreSQL would read and
-- prepare anew for each of the many small updates.

create type public.execution_status as enum ('pending', 'running', 'paused', 'completed', 'failed', 'cancelled');
create type public.execution_environment as enum ('development', 'staging', 'production', 'test');
create type public.execution_mode as enum ('sync', 'async');
create type public.execution_priority as enum ('low', 'normal', 'high');

create table public.workflow_executions (
  execution_id uuid not null,
  model_id uuid not null,
  version_id uuid not null,
  version_number text not null,
  organization_id uuid,
  environment public.execution_environment not null default 'production',
  parameters jsonb not null default '{}',
  session_id text not null,
  mode public.execution_mode not null default 'async',
  priority public.execution_priority not null default 'normal',
  max_depth smallint not null default 10,
  approved_actions uuid[] not null default '{}',
  start_at timestamptz,
  deadline timestamptz,
  parent_execution_id uuid,
  parent_step integer,
  schedule_id uuid,
  scheduled_for timestamptz,
  depth smallint not null default 0,
  started_by uuid not null,
  traceparent text,
  recovery jsonb,
  created_at timestamptz not null default now(),
  total_steps integer not null,
  total_nodes integer not null,
  status public.execution_status not null default 'pending',
  remaining_steps integer not null,
  completed_nodes integer not null default 0,
  failed_nodes integer not null default 0,
  skipped_nodes integer not null default 0,
  stream_version integer not null default 0,
  revision integer not null default 1,
  started_at timestamptz,
  completed_at timestamptz,
  outputs jsonb,
  errors jsonb,
  constraint workflow_executions_pkey primary key (execution_id),
  constraint workflow_executions_model_id_fkey foreign key (model_id)
    references public.function_models (model_id),
  constraint workflow_executions_parent_fkey foreign key (parent_execution_id)
    references public.workflow_executions (execution_id)
) with (fillfactor = 30);

create index workflow_executions_model_id_idx on public.workflow_executions (model_id, created_at desc);
create index workflow_executions_parent_idx on public.workflow_executions (parent_execution_id)
  where parent_execution_id is not null;
create unique index a_time_of_a_schedule_starts_one_run on public.workflow_executions (schedule_id, scheduled_for)
  where schedule_id is not null;
create index workflow_executions_started_by_idx on public.workflow_executions (started_by, created_at desc);

comment on table public.workflow_executions is 'Runs of published versions.';
comment on column public.workflow_executions.version_id is 'The snapshot and plan it runs. No foreign key: versions are never removed, and its lock would be written with each start.';
comment on column public.workflow_executions.remaining_steps is 'Steps that have not ended; at 0 the run ends.';
comment on column public.workflow_executions.start_at is 'When it starts, if that was asked for; pending until then, and its deadline counts from it.';
comment on column public.workflow_executions.recovery is '{maxRetryAttempts, retryDelayMs}: how often a container that failed is tried again as a whole; null for never.';
comment on column public.workflow_executions.traceparent is 'The trace that its start belongs to, passed on to the services it calls.';
comment on column public.workflow_executions.total_nodes is 'Containers of the plan; completed, failed and skipped ones are counted beside.';
comment on column public.workflow_executions.parent_step is 'The step of the parent run that waits for this one.';
comment on column public.workflow_executions.schedule_id is 'The schedule that started it. No foreign key: the schedule may be gone.';
comment on column public.workflow_executions.scheduled_for is 'The time of the schedule that it started for.';
comment on column public.workflow_executions.stream_version is 'Number of the newest event of this run.';
comment on column public.workflow_executions.revision is 'Rises with every exchange that touches the run; broadcasts carry it.';
comment on column public.workflow_executions.outputs is 'Merged outputs of the steps that the plan names, once the run has ended.';
comment on column public.workflow_executions.errors is 'List of {nodeId?, actionId?, code, message}, once the run has ended.';

alter table public.workflow_executions enable row level security;
revoke all on public.workflow_executions from public, anon, authenticated, service_role;
grant select on public.workflow_executions to authenticated;
grant select, insert, update (status) on public.workflow_executions to fm_writer;
grant select, update on public.workflow_executions to fm_engine;

create policy "Who sees a model sees its runs" on public.workflow_executions
  for select to authenticated, fm_writer
  using ((select private.is_service()) or exists (
    select from public.function_models as model
    where model.model_id = workflow_executions.model_id));

create policy "Executors start runs in their own name" on public.workflow_executions
  for insert to fm_writer
  with check (
    started_by = (select private.actor_id())
    and status = 'pending' and revision = 1 and stream_version = 0
    and depth between 0 and 10 and max_depth between 1 and 10 and length(session_id) between 1 and 200
    and (parent_execution_id is null) = (parent_step is null)
    and jsonb_typeof(parameters) = 'object'
    and (start_at is null or start_at <= now() + interval '367 days')
    and exists (
      select from public.function_models as model
      where model.model_id = workflow_executions.model_id
        and model.deleted_at is null and model.status <> 'archived'
        and (model.user_id = (select private.actor_id())
          or model.permissions -> 'editors' ? (select private.actor_id())::text
          or model.permissions -> 'executors' ? (select private.actor_id())::text
          or model.organization_id in (select private.my_organizations('{editor}'))))
  );

create policy "Executors and whoever started a run control it" on public.workflow_executions
  for update to fm_writer
  using ((select private.is_service()) or exists (
    select from public.function_models as model
    where model.model_id = workflow_executions.model_id
      and (workflow_executions.started_by = (select private.actor_id())
        or model.user_id = (select private.actor_id())
        or model.permissions -> 'editors' ? (select private.actor_id())::text
        or model.permissions -> 'executors' ? (select private.actor_id())::text
        or model.organization_id in (select private.my_organizations('{editor}')))));

comment on policy "Executors and whoever started a run control it" on public.workflow_executions is
  'Judges who may lock a run to control it, the service any; the engine then writes.';

create policy "The engine sees every run" on public.workflow_executions
  for select to fm_engine using (true);
create policy "The engine moves runs until they have ended, and takes up failed ones" on public.workflow_executions
  for update to fm_engine
  using (completed_at is null or status = 'failed')
  with check (
    revision > 1
    and (status in ('completed', 'failed', 'cancelled')) = (completed_at is not null)
  );

-- One row per run. It is the only contended row of a run: whoever records what
-- its steps did holds its lock, which is what keeps its events gapless and its
-- counters true. Most of its updates stay on its page, hence the fill factor and
-- the absence of indexes on columns that change.

create table public.workflow_executions (
  execution_id uuid not null,
  model_id uuid not null,
  version_id uuid not null,
  version_number text not null,
  organization_id uuid,
  environment text not null default 'production',
  parameters jsonb not null default '{}',
  session_id text not null,
  mode text not null default 'async',
  priority text not null default 'normal',
  max_depth smallint not null default 10,
  approved_actions uuid[] not null default '{}',
  deadline timestamptz,
  parent_execution_id uuid,
  parent_step integer,
  depth smallint not null default 0,
  started_by uuid not null,
  created_at timestamptz not null default now(),
  total_steps integer not null,
  total_nodes integer not null,
  status text not null default 'pending',
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
  constraint workflow_executions_version_id_fkey foreign key (version_id)
    references public.function_model_versions (version_id),
  constraint workflow_executions_parent_fkey foreign key (parent_execution_id)
    references public.workflow_executions (execution_id),
  constraint execution_status_is_known
    check (status in ('pending', 'running', 'paused', 'completed', 'failed', 'cancelled')),
  constraint environment_is_known check (environment in ('development', 'staging', 'production', 'test')),
  constraint mode_is_known check (mode in ('sync', 'async')),
  constraint priority_is_known check (priority in ('low', 'normal', 'high')),
  constraint depth_is_within_limits check (depth between 0 and 10 and max_depth between 1 and 10),
  constraint nested_runs_name_their_step check ((parent_execution_id is null) = (parent_step is null)),
  constraint parameters_are_an_object check (jsonb_typeof(parameters) = 'object'),
  constraint ended_runs_have_an_end
    check ((status in ('completed', 'failed', 'cancelled')) = (completed_at is not null))
) with (fillfactor = 30);

create index workflow_executions_model_id_idx on public.workflow_executions (model_id, created_at desc);
create index workflow_executions_version_id_idx on public.workflow_executions (version_id);
create index workflow_executions_parent_idx on public.workflow_executions (parent_execution_id)
  where parent_execution_id is not null;
create index workflow_executions_started_by_idx on public.workflow_executions (started_by, created_at desc);

comment on table public.workflow_executions is 'Runs of published versions.';
comment on column public.workflow_executions.remaining_steps is 'Steps that have not ended; at 0 the run ends.';
comment on column public.workflow_executions.total_nodes is 'Containers of the plan; completed, failed and skipped ones are counted beside.';
comment on column public.workflow_executions.parent_step is 'The step of the parent run that waits for this one.';
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
  using (exists (
    select from public.function_models as model
    where model.model_id = workflow_executions.model_id));

create policy "Executors start runs in their own name" on public.workflow_executions
  for insert to fm_writer
  with check (
    started_by = (select private.actor_id())
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
  using (exists (
    select from public.function_models as model
    where model.model_id = workflow_executions.model_id
      and (workflow_executions.started_by = (select private.actor_id())
        or model.user_id = (select private.actor_id())
        or model.permissions -> 'editors' ? (select private.actor_id())::text
        or model.permissions -> 'executors' ? (select private.actor_id())::text
        or model.organization_id in (select private.my_organizations('{editor}')))))
  with check (revision > 0);

comment on policy "Executors and whoever started a run control it" on public.workflow_executions is
  'Judges who may lock a run to cancel it; the engine then writes.';

create policy "The engine sees every run" on public.workflow_executions
  for select to fm_engine using (true);
create policy "The engine moves runs until they have ended" on public.workflow_executions
  for update to fm_engine
  using (completed_at is null)
  with check (revision > 1);

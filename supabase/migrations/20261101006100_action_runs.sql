-- What became of each step in one run. Rows are made when a step becomes ready
-- (a join's when its first branch arrives, a skipped one's when that is decided),
-- and there is no second index: one insert and one update on the same page per
-- action.

create type public.step_status as enum (
  'pending', 'ready', 'executing', 'waiting', 'completed', 'failed', 'skipped', 'cancelled');

create table public.action_runs (
  execution_id uuid not null,
  step integer not null,
  status public.step_status not null,
  attempt integer not null default 0,
  failures integer not null default 0,
  waiting integer not null default 0,
  lets_others_go_on boolean not null default false,
  lease_token uuid,
  child_execution_id uuid,
  skip_reason text,
  due_at timestamptz,
  options jsonb,
  started_at timestamptz,
  finished_at timestamptz,
  output jsonb,
  error jsonb,
  constraint action_runs_pkey primary key (execution_id, step),
  constraint action_runs_execution_id_fkey foreign key (execution_id)
    references public.workflow_executions (execution_id) on delete cascade
) with (fillfactor = 40);

comment on table public.action_runs is 'Steps of runs: actions, and the opening and closing of containers.';
comment on column public.action_runs.step is 'Number of the step in the plan of the run''s version.';
comment on column public.action_runs.status is 'pending: predecessors are missing; waiting: a nested run is under way.';
comment on column public.action_runs.attempt is 'Times the step was handed to a worker; with the lease token it fences late outcomes.';
comment on column public.action_runs.failures is 'Attempts that failed.';
comment on column public.action_runs.lets_others_go_on is 'Of a failed action: its container does not fail with it.';
comment on column public.action_runs.child_execution_id is 'The nested run that this step waits for or goes on with; a failed attempt forgets it.';
comment on column public.action_runs.waiting is 'Predecessors that have not ended. Above 0 in a step that has ended: a failed run was taken up again before it, and it will only let through.';
comment on column public.action_runs.options is 'What holds for this step instead of the plan {failureHandling?, contextPropagation?}.';
comment on column public.action_runs.due_at is 'Of a failed attempt, when the next one may begin.';
comment on column public.action_runs.skip_reason is 'Set before a step is ready, it ends as skipped when it would have become so.';

alter table public.action_runs enable row level security;
revoke all on public.action_runs from public, anon, authenticated, service_role;
grant select on public.action_runs to authenticated;
grant select, insert, update, delete on public.action_runs to fm_engine;

create policy "Who sees a run sees its steps" on public.action_runs
  for select to authenticated
  using (exists (
    select from public.workflow_executions as execution
    where execution.execution_id = action_runs.execution_id));

create policy "The engine sees every step" on public.action_runs
  for select to fm_engine using (true);
create policy "The engine makes steps" on public.action_runs
  for insert to fm_engine with check (step >= 0);
create policy "The engine moves steps" on public.action_runs
  for update to fm_engine using (status <> 'cancelled') with check (step >= 0);
create policy "The engine forgets steps of failed runs that are done again" on public.action_runs
  for delete to fm_engine using (output is null);

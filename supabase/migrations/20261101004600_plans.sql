-- A version that may run is stored with its plan: a graph of steps, numbered in
-- topological order, that the domain compiled. The document is what workers
-- read; the rows are what the engine counts down. Runs share both.

create table private.plans (
  version_id uuid not null,
  plan jsonb not null,
  total_steps integer not null,
  total_nodes integer not null,
  roots integer[] not null,
  outputs integer[] not null,
  constraint plans_pkey primary key (version_id),
  constraint plans_version_id_fkey foreign key (version_id)
    references public.function_model_versions (version_id) on delete cascade
);

comment on table private.plans is 'The plan of a version, once for all its runs.';
comment on column private.plans.roots is 'Steps that are ready when a run begins.';
comment on column private.plans.outputs is 'Steps whose outputs, merged in this order, are those of the run.';

create table private.plan_steps (
  version_id uuid not null,
  step integer not null,
  kind text not null,
  indegree integer not null,
  successors integer[] not null,
  group_id integer,
  opened_by integer,
  node_id uuid,
  action_id uuid,
  event jsonb not null default '{}',
  constraint plan_steps_pkey primary key (version_id, step),
  constraint plan_steps_version_id_fkey foreign key (version_id)
    references private.plans (version_id) on delete cascade,
  constraint step_kind_is_known check (kind in ('pass', 'open', 'close', 'join', 'action'))
);

comment on table private.plan_steps is 'Steps of plans. Only those of kind action are handed to workers.';
comment on column private.plan_steps.indegree is 'Steps that must have ended before this one is ready.';
comment on column private.plan_steps.opened_by is 'Of a step of kind close, and of an action whose container has a time limit, the step that opened the container.';
comment on column private.plan_steps.event is 'The part of the step''s events that no run changes.';

create table private.plan_groups (
  version_id uuid not null,
  group_id integer not null,
  members integer[] not null,
  concurrency integer not null,
  constraint plan_groups_pkey primary key (version_id, group_id),
  constraint plan_groups_version_id_fkey foreign key (version_id)
    references private.plans (version_id) on delete cascade,
  constraint concurrency_is_positive check (concurrency >= 1)
);

comment on table private.plan_groups is 'Parallel groups that run at most so many members at once, in the order of members.';

alter table private.plans enable row level security;
alter table private.plan_steps enable row level security;
alter table private.plan_groups enable row level security;
revoke all on private.plans, private.plan_steps, private.plan_groups from public, anon, authenticated, service_role;
grant select, insert on private.plans, private.plan_steps, private.plan_groups to fm_writer;
grant select on private.plans, private.plan_steps, private.plan_groups to fm_engine;

create policy "The engine reads every plan" on private.plans
  for select to fm_engine using (true);
create policy "The engine reads every step" on private.plan_steps
  for select to fm_engine using (true);
create policy "The engine reads every group" on private.plan_groups
  for select to fm_engine using (true);

create policy "Who sees a version sees its plan" on private.plans
  for select to fm_writer using (exists (
    select from public.function_model_versions as version where version.version_id = plans.version_id));
create policy "Authors of a version store its plan" on private.plans
  for insert to fm_writer with check (exists (
    select from public.function_model_versions as version
    where version.version_id = plans.version_id and version.author_id = (select private.actor_id())));
create policy "Who sees a version sees its steps" on private.plan_steps
  for select to fm_writer using (exists (
    select from public.function_model_versions as version where version.version_id = plan_steps.version_id));
create policy "Authors of a version store its steps" on private.plan_steps
  for insert to fm_writer with check (version_id in (
    select version.version_id from public.function_model_versions as version
    where version.model_id = (select private.model_being_saved())
      and version.author_id = (select private.actor_id())));
create policy "Who sees a version sees its groups" on private.plan_groups
  for select to fm_writer using (exists (
    select from public.function_model_versions as version where version.version_id = plan_groups.version_id));
create policy "Authors of a version store its groups" on private.plan_groups
  for insert to fm_writer with check (version_id in (
    select version.version_id from public.function_model_versions as version
    where version.model_id = (select private.model_being_saved())
      and version.author_id = (select private.actor_id())));

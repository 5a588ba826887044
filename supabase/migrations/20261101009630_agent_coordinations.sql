-- Several agents working together in stages. The tasks are rows of agent_tasks;
-- here is what joins them. The domain decides what a stage came to.

create table public.agent_coordinations (
  coordination_id uuid not null,
  mode text not null,
  synchronization_points jsonb not null default '[]',
  continue_on_failure boolean not null default false,
  timeout_ms integer not null,
  task_count integer not null,
  status text not null default 'running',
  current_stage integer not null,
  stages jsonb not null default '[]',
  synchronized jsonb not null default '[]',
  requested_by uuid not null,
  organization_id uuid,
  lease_token uuid,
  lease_expires_at timestamptz,
  created_at timestamptz not null default now(),
  deadline timestamptz not null,
  completed_at timestamptz,
  constraint agent_coordinations_pkey primary key (coordination_id),
  constraint agent_coordinations_organization_id_fkey foreign key (organization_id)
    references public.organizations (organization_id) on delete cascade,
  constraint mode_is_known check (mode in ('sequential', 'parallel')),
  constraint coordination_status_is_known check (status in ('running', 'completed', 'failed', 'partial')),
  constraint an_end_has_its_time check ((status = 'running') = (completed_at is null))
);

create index agent_coordinations_requested_by_idx on public.agent_coordinations (requested_by);
create index agent_coordinations_organization_id_idx on public.agent_coordinations (organization_id);
create index agent_coordinations_running_idx on public.agent_coordinations (deadline) where status = 'running';

comment on table public.agent_coordinations is 'Work of several agents in stages.';
comment on column public.agent_coordinations.stages is 'What ended stages came to.';
comment on column public.agent_coordinations.synchronized is 'What synchronization points made of the outputs.';
comment on column public.agent_coordinations.lease_token is 'The worker that judges an ended stage.';

alter table public.agent_coordinations enable row level security;
revoke all on public.agent_coordinations from public, anon, authenticated, service_role;
grant select on public.agent_coordinations to authenticated, fm_engine, fm_writer;
grant insert (
  coordination_id, mode, synchronization_points, continue_on_failure, timeout_ms, task_count, current_stage,
  requested_by, organization_id, deadline
) on public.agent_coordinations to fm_writer;
grant update (status, current_stage, stages, synchronized, lease_token, lease_expires_at, completed_at)
  on public.agent_coordinations to fm_engine;

create policy "People see the coordinations they asked for" on public.agent_coordinations
  for select to authenticated using (requested_by = (select private.actor_id()));

create policy "Commands see the coordinations of their user" on public.agent_coordinations
  for select to fm_writer
  using (requested_by = (select private.actor_id()) or (select private.is_service()));

create policy "People coordinate agents in their own name" on public.agent_coordinations
  for insert to fm_writer
  with check (
    requested_by = (select private.actor_id())
    and (organization_id is null
      or organization_id in (select private.my_organizations())
      or (select private.is_service())));

create policy "The engine sees every coordination" on public.agent_coordinations
  for select to fm_engine using (true);

create policy "The engine moves coordinations until they have ended" on public.agent_coordinations
  for update to fm_engine using (completed_at is null) with check (current_stage >= 1);

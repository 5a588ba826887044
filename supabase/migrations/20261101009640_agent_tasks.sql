-- What agents are asked to do. A row is the task itself and its place in the
-- queue: a worker holds a lease on what it does, and what a lost worker held is
-- taken up again. The events of an agent are the audit of its tasks.

create table public.agent_tasks (
  task_id uuid not null,
  agent_id uuid not null,
  tenant_id uuid not null,
  organization_id uuid,
  requested_by uuid not null,
  by_service boolean not null default false,
  request_id text,
  task_type text not null,
  task text not null,
  parameters jsonb not null default '{}',
  priority smallint not null default 5,
  timeout_ms integer not null,
  max_retries smallint not null default 0,
  status text not null,
  is_ready boolean not null default true,
  attempts integer not null default 0,
  losses integer not null default 0,
  output jsonb,
  error jsonb,
  tools_used text[] not null default '{}',
  duration_ms integer,
  execution_id uuid,
  step integer,
  coordination_id uuid,
  part text,
  place integer,
  stage integer,
  lease_token uuid,
  lease_expires_at timestamptz,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  completed_at timestamptz,
  constraint agent_tasks_pkey primary key (task_id),
  constraint agent_tasks_agent_id_fkey foreign key (agent_id)
    references public.ai_agents (agent_id) on delete cascade,
  constraint agent_tasks_coordination_id_fkey foreign key (coordination_id)
    references public.agent_coordinations (coordination_id) on delete cascade,
  constraint task_type_is_known check (task_type in (
    'data-processing', 'analysis', 'report-generation', 'orchestration', 'execution', 'capability-verification')),
  constraint task_status_is_known check (status in ('queued', 'running', 'completed', 'failed')),
  constraint priority_is_0_to_10 check (priority between 0 and 10),
  constraint parameters_are_an_object check (jsonb_typeof(parameters) = 'object'),
  constraint an_end_has_its_time check ((status in ('completed', 'failed')) = (completed_at is not null)),
  constraint a_running_task_has_a_worker check (status <> 'running' or lease_token is not null),
  constraint part_is_done_once unique (coordination_id, part)
);

create index agent_tasks_agent_id_idx on public.agent_tasks (agent_id, created_at desc);
create index agent_tasks_running_idx on public.agent_tasks (tenant_id, agent_id) where status = 'running';
create index agent_tasks_queued_idx on public.agent_tasks (priority desc, created_at) where status = 'queued';
create index agent_tasks_queue_of_agent_idx on public.agent_tasks (agent_id) where status = 'queued';
create unique index step_of_a_run_is_one_task on public.agent_tasks (execution_id, step)
  where execution_id is not null and status = 'running';

comment on table public.agent_tasks is 'What agents are asked to do, and what came of it.';
comment on column public.agent_tasks.tenant_id is 'Whose limit of running tasks counts: the organization, else whoever registered the agent.';
comment on column public.agent_tasks.is_ready is 'False for parts of a coordination whose stage has not begun.';
comment on column public.agent_tasks.attempts is 'Attempts that were begun.';
comment on column public.agent_tasks.losses is 'How often its worker was lost.';
comment on column public.agent_tasks.execution_id is 'The run whose step this is; that run''s worker does it.';
comment on column public.agent_tasks.part is 'The caller''s name for it in a coordination.';
comment on column public.agent_tasks.place is 'Its place in the list of the coordination, from 1.';

alter table public.agent_tasks enable row level security;
revoke all on public.agent_tasks from public, anon, authenticated, service_role;
grant select on public.agent_tasks to authenticated, fm_writer, fm_engine;
grant insert on public.agent_tasks to fm_writer;
grant update (
  status, is_ready, attempts, losses, output, error, tools_used, duration_ms, lease_token, lease_expires_at,
  started_at, completed_at
) on public.agent_tasks to fm_engine;

create policy "Who sees an agent sees its tasks" on public.agent_tasks
  for select to authenticated, fm_writer
  using (exists (select from public.ai_agents as agent where agent.agent_id = agent_tasks.agent_id));

create policy "Who executes the entity has its agents work" on public.agent_tasks
  for insert to fm_writer
  with check (
    requested_by = (select private.actor_id())
    and by_service = (select private.is_service())
    and exists (
      select from public.ai_agents as agent
      where agent.agent_id = agent_tasks.agent_id
        and private.may_on_entity('execute', agent.model_id, agent.organization_id, agent.created_by))
  );

create policy "The engine sees every task" on public.agent_tasks
  for select to fm_engine using (true);

create policy "The engine moves tasks until they have ended" on public.agent_tasks
  for update to fm_engine using (completed_at is null) with check (attempts >= 0);

create function private.running_agent_tasks(agent_id uuid) returns integer
language sql stable security definer set search_path = ''
as $$
  select count(*)::integer from public.agent_tasks as task
  where task.agent_id = running_agent_tasks.agent_id and task.status = 'running'
$$;

comment on function private.running_agent_tasks(uuid) is
  'How many tasks an agent is doing. Definer: the number counts whoever asked for them.';

revoke all on function private.running_agent_tasks(uuid) from public;
grant execute on function private.running_agent_tasks(uuid) to fm_writer, fm_engine;

create function private.has_room(agent public.ai_agents) returns boolean
language sql volatile security definer set search_path = ''
as $$
  select private.running_agent_tasks(agent.agent_id) < (agent.capabilities ->> 'maxConcurrentTasks')::integer
    and (select count(*) from public.agent_tasks as task
         where task.status = 'running'
           and task.tenant_id = coalesce(agent.organization_id, agent.created_by)) < 10
$$;

comment on function private.has_room(public.ai_agents) is
  'Whether an agent and its organization have room for one more running task; ask under the lock of the tenant. Definer: as the above.';

revoke all on function private.has_room(public.ai_agents) from public;
grant execute on function private.has_room(public.ai_agents) to fm_writer, fm_engine;

create function private.lock_agents_of_tenant(tenant_id uuid, wait boolean) returns boolean
language plpgsql volatile set search_path = ''
as $$
begin
  if wait then
    perform pg_advisory_xact_lock(hashtextextended('agents of ' || tenant_id, 0));
    return true;
  end if;
  return pg_try_advisory_xact_lock(hashtextextended('agents of ' || tenant_id, 0));
end
$$;

comment on function private.lock_agents_of_tenant(uuid, boolean) is
  'Takes the lock under which running tasks of a tenant are counted and begun.';

revoke all on function private.lock_agents_of_tenant(uuid, boolean) from public;
grant execute on function private.lock_agents_of_tenant(uuid, boolean) to fm_writer, fm_engine;

create function private.agent_in_wire_form(agent public.ai_agents) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_strip_nulls(jsonb_build_object(
    'agentId', agent.agent_id, 'featureType', agent.feature_type, 'entityId', agent.entity_id,
    'nodeId', agent.node_id, 'organizationId', agent.organization_id, 'name', agent.name,
    'description', agent.description, 'instructions', agent.instructions,
    'isEnabled', agent.is_enabled,
    'lastExecutedAt', private.wire_time(agent.last_executed_at), 'createdBy', agent.created_by,
    'createdAt', private.wire_time(agent.created_at), 'updatedAt', private.wire_time(agent.updated_at),
    'revision', agent.revision))
    || jsonb_build_object('tools', agent.tools, 'capabilities', agent.capabilities,
      'performanceMetrics', agent.performance_metrics)
$$;

comment on function private.agent_in_wire_form(public.ai_agents) is 'An agent in wire form.';

revoke all on function private.agent_in_wire_form(public.ai_agents) from public;
grant execute on function private.agent_in_wire_form(public.ai_agents) to fm_writer, fm_engine;

create function private.task_claim(task public.agent_tasks, agent public.ai_agents) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_strip_nulls(jsonb_build_object(
    'taskId', task.task_id, 'attempt', task.attempts, 'taskType', task.task_type, 'task', task.task,
    'timeoutMs', task.timeout_ms, 'maxRetries', task.max_retries, 'requestedBy', task.requested_by,
    'organizationId', task.organization_id, 'coordinationId', task.coordination_id))
    || jsonb_build_object('parameters', task.parameters, 'agent', private.agent_in_wire_form(agent))
$$;

comment on function private.task_claim(public.agent_tasks, public.ai_agents) is
  'A task as the worker that does it is told of it.';

revoke all on function private.task_claim(public.agent_tasks, public.ai_agents) from public;
grant execute on function private.task_claim(public.agent_tasks, public.ai_agents) to fm_writer, fm_engine;

create function private.task_started(task public.agent_tasks, agent public.ai_agents) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object('eventType', 'AIAgentExecutionStarted', 'eventVersion', 1, 'data',
    jsonb_build_object(
      'agentId', agent.agent_id, 'taskId', task.task_id, 'agentName', agent.name,
      'trigger', jsonb_build_object('eventType', case
        when task.execution_id is not null then 'ActionNodeExecutionStarted'
        when task.coordination_id is not null then 'AgentWorkflowStarted'
        else 'AgentTaskRequested' end, 'triggeredBy', task.requested_by),
      'executionContext', jsonb_build_object(
        'availableTools', agent.tools -> 'availableTools', 'executionMode', task.task_type,
        'timeoutMs', task.timeout_ms),
      'startedAt', private.wire_time(now())))
$$;

comment on function private.task_started(public.agent_tasks, public.ai_agents) is
  'The event that an agent began a task.';

revoke all on function private.task_started(public.agent_tasks, public.ai_agents) from public;
grant execute on function private.task_started(public.agent_tasks, public.ai_agents) to fm_writer, fm_engine;

-- AI agents. Whoever sees the served entity sees the agent; configuring is
-- judged by the entity's permissions too. The metrics are written by the engine
-- alone, in one statement each, so that tasks that end together lose nothing.

create function private.traits_of_agent(tools jsonb, capabilities jsonb) returns text[]
language sql immutable set search_path = ''
as $$
  select array(
    select lower(capability.key) from jsonb_each(capabilities) as capability where capability.value = 'true'
    union
    select prefix || lower(tool #>> '{}')
    from jsonb_path_query(tools, 'lax $.availableTools[*]') as tool
    cross join (values (''), ('tool:')) as spelling (prefix)
    union
    select 'datatype:' || lower(kind #>> '{}')
    from jsonb_path_query(capabilities, 'lax $.supportedDataTypes[*]') as kind)
$$;

comment on function private.traits_of_agent(jsonb, jsonb) is
  'What an agent can be asked for, in small letters: true capabilities, tools, data types.';

revoke all on function private.traits_of_agent(jsonb, jsonb) from public;
grant execute on function private.traits_of_agent(jsonb, jsonb) to fm_writer;

create table public.ai_agents (
  agent_id uuid not null,
  feature_type text not null,
  entity_id uuid not null,
  node_id uuid,
  name text not null,
  description text,
  instructions text not null,
  tools jsonb not null default '{}',
  capabilities jsonb not null default '{}',
  is_enabled boolean not null default true,
  last_executed_at timestamptz,
  performance_metrics jsonb not null
    default '{"executionCount": 0, "successCount": 0, "failureCount": 0, "averageExecutionTimeMs": 0}',
  organization_id uuid,
  created_by uuid not null,
  revision integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  model_id uuid generated always as (case when feature_type = 'function-model' then entity_id end) stored,
  traits text[] not null generated always as (private.traits_of_agent(tools, capabilities)) stored,
  most_tasks integer generated always as ((capabilities ->> 'maxConcurrentTasks')::integer) stored,
  success_rate double precision not null generated always as (coalesce(
    (performance_metrics ->> 'successCount')::double precision
      / nullif((performance_metrics ->> 'executionCount')::double precision, 0), 0)) stored,
  constraint ai_agents_pkey primary key (agent_id),
  constraint ai_agents_model_id_fkey foreign key (model_id)
    references public.function_models (model_id) on delete cascade,
  constraint ai_agents_organization_id_fkey foreign key (organization_id)
    references public.organizations (organization_id) on delete cascade,
  constraint feature_is_known
    check (feature_type in ('function-model', 'knowledge-base', 'spindle', 'event-storm')),
  constraint agent_name_has_1_to_100_characters check (length(btrim(name)) between 1 and 100),
  constraint agent_description_has_at_most_1000_characters check (length(description) <= 1000),
  constraint instructions_have_1_to_10000_characters check (length(btrim(instructions)) between 1 and 10000),
  constraint agent_does_1_to_100_tasks_at_once check (most_tasks between 1 and 100),
  constraint tools_are_an_object check (jsonb_typeof(tools) = 'object'),
  constraint capabilities_are_an_object check (jsonb_typeof(capabilities) = 'object'),
  constraint metrics_are_an_object check (jsonb_typeof(performance_metrics) = 'object'),
  constraint revision_counts_from_one check (revision >= 1)
);

create unique index agent_name_is_free_in_entity on public.ai_agents (feature_type, entity_id, name)
  where is_enabled;
create index idx_ai_agents_feature_type on public.ai_agents (feature_type, created_at desc);
create index ai_agents_model_id_idx on public.ai_agents (model_id);
create index ai_agents_entity_id_idx on public.ai_agents (entity_id);
create index ai_agents_organization_id_idx on public.ai_agents (organization_id);
create index ai_agents_traits_idx on public.ai_agents using gin (traits);
create index ai_agents_created_at_idx on public.ai_agents (created_at desc, agent_id desc);

comment on table public.ai_agents is 'AI agents attached to models and other things.';
comment on column public.ai_agents.tools is '{availableTools, toolConfigurations?, customTools?}.';
comment on column public.ai_agents.capabilities is '{canRead, canWrite, canExecute, canAnalyze, canOrchestrate, maxConcurrentTasks, supportedDataTypes}.';
comment on column public.ai_agents.performance_metrics is '{executionCount, successCount, failureCount, averageExecutionTimeMs}: written when a task ends.';
comment on column public.ai_agents.organization_id is 'Of the served entity when the agent was registered.';
comment on column public.ai_agents.traits is 'What it can be asked for, in small letters; derived, for filters.';
comment on column public.ai_agents.success_rate is 'Successes by executions; derived, for filters.';
comment on column public.ai_agents.model_id is 'The served model, if it is one; derived.';

create trigger _010_refuse_truncate before truncate on public.ai_agents
  for each statement execute function private.tg_refuse_change();
create trigger _800_record_audit_log_of_insert after insert on public.ai_agents
  referencing new table as new_rows for each statement
  execute function private.tg_record_audit_log('agent_id', 'agent_id', 'performance_metrics,last_executed_at,traits,most_tasks,success_rate');
create trigger _800_record_audit_log_of_update after update on public.ai_agents
  referencing old table as old_rows new table as new_rows for each statement
  execute function private.tg_record_audit_log('agent_id', 'agent_id', 'performance_metrics,last_executed_at,traits,most_tasks,success_rate');
create trigger _800_record_audit_log_of_delete after delete on public.ai_agents
  referencing old table as old_rows for each statement
  execute function private.tg_record_audit_log('agent_id', 'agent_id', 'performance_metrics,last_executed_at,traits,most_tasks,success_rate');

create function private.tg_ai_agents__broadcast_change() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform private.broadcast(message.list)
  from (
    select array_agg(jsonb_build_object(
      'topic', case when changed.model_id is not null then 'function_model:' || changed.model_id
        when changed.organization_id is not null then 'organization:' || changed.organization_id
        else 'user:' || changed.created_by end,
      'event', 'agent_changed',
      'payload', jsonb_build_object(
        'type', 'ai_agent',
        'agentId', changed.agent_id,
        'revision', changed.revision,
        'removed', tg_op = 'DELETE',
        'occurredAt', private.wire_time(now())))) as list
    from changed_rows as changed
  ) as message
  where message.list is not null;
  return null;
end
$$;

comment on function private.tg_ai_agents__broadcast_change() is
  'Tells the channel of the served model, organization or person which agent changed. Definer: broadcasting needs the owner''s rights.';

revoke all on function private.tg_ai_agents__broadcast_change() from public;

create trigger _900_broadcast_change_of_insert after insert on public.ai_agents
  referencing new table as changed_rows for each statement
  execute function private.tg_ai_agents__broadcast_change();
create trigger _900_broadcast_change_of_update after update on public.ai_agents
  referencing new table as changed_rows for each statement
  execute function private.tg_ai_agents__broadcast_change();
create trigger _900_broadcast_change_of_delete after delete on public.ai_agents
  referencing old table as changed_rows for each statement
  execute function private.tg_ai_agents__broadcast_change();

alter table public.ai_agents enable row level security;
revoke all on public.ai_agents from public, anon, authenticated, service_role;
grant select on public.ai_agents to authenticated, fm_engine;
grant select, delete on public.ai_agents to fm_writer;
grant insert (
  agent_id, feature_type, entity_id, node_id, name, description, instructions, tools, capabilities,
  is_enabled, organization_id, created_by
) on public.ai_agents to fm_writer;
grant update (
  node_id, name, description, instructions, tools, capabilities, is_enabled, revision, updated_at
) on public.ai_agents to fm_writer;
grant update (performance_metrics, last_executed_at, is_enabled, revision, updated_at)
  on public.ai_agents to fm_engine;

create policy "Who sees the entity sees its agents" on public.ai_agents
  for select to authenticated
  using (
    exists (select from public.function_models as model where model.model_id = ai_agents.model_id)
    or (model_id is null and organization_id is null and created_by = (select private.actor_id()))
    or (model_id is null and organization_id in (select private.my_organizations()))
  );

create policy "Commands see the agents of their user's entities" on public.ai_agents
  for select to fm_writer
  using (
    (select private.is_service())
    or exists (select from public.function_models as model where model.model_id = ai_agents.model_id)
    or (model_id is null and organization_id is null and created_by = (select private.actor_id()))
    or (model_id is null and organization_id in (select private.my_organizations()))
  );

create policy "Who edits the entity registers agents" on public.ai_agents
  for insert to fm_writer
  with check (
    created_by = (select private.actor_id())
    and private.may_on_entity('edit',
      case when feature_type = 'function-model' then entity_id end, organization_id, created_by)
    and (organization_id is null or feature_type = 'function-model'
      or organization_id in (select private.my_organizations())
      or (select private.is_service()))
  );

create policy "Who edits the entity changes its agents" on public.ai_agents
  for update to fm_writer
  using (private.may_on_entity('edit', model_id, organization_id, created_by))
  with check (revision > 1);

create policy "Who edits the entity removes its agents" on public.ai_agents
  for delete to fm_writer
  using (private.may_on_entity('edit', model_id, organization_id, created_by));

create policy "The engine sees every agent" on public.ai_agents
  for select to fm_engine using (true);

create policy "The engine counts what agents do, and isolates them" on public.ai_agents
  for update to fm_engine using (is_enabled) with check (revision >= 1);

create function private.lock_stream_of_agent(agent_id uuid) returns void
language sql security definer set search_path = ''
as $$
  select from public.ai_agents as agent
  where agent.agent_id = lock_stream_of_agent.agent_id
  for no key update
$$;

comment on function private.lock_stream_of_agent(uuid) is
  'Locks an agent that is not changed itself, to append to its stream. Definer: having it do something needs no right to change it.';

revoke all on function private.lock_stream_of_agent(uuid) from public;
grant execute on function private.lock_stream_of_agent(uuid) to fm_writer, fm_engine;

-- What nodes of a model share, in one tree per model or run. Which node may see
-- and change which context is the domain's to decide; here it is guarded who of
-- the people may look: those who may execute the model, and the service.

create table public.node_contexts (
  context_id uuid not null,
  model_id uuid not null,
  execution_id uuid,
  node_id uuid not null,
  node_type text not null,
  parent_node_id uuid,
  level smallint not null,
  scope text not null,
  data jsonb not null,
  inherited_data jsonb not null default '{}',
  inheritance jsonb not null default '[]',
  last_emergency jsonb,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  revision integer not null default 1,
  constraint node_contexts_pkey primary key (context_id),
  constraint node_has_one_context unique nulls not distinct (model_id, execution_id, node_id),
  constraint node_contexts_model_id_fkey foreign key (model_id)
    references public.function_models (model_id) on delete cascade,
  constraint node_contexts_execution_id_fkey foreign key (execution_id)
    references public.workflow_executions (execution_id) on delete cascade,
  constraint level_is_derived_from_the_parent check (level between 0 and 10 and (level = 0) = (parent_node_id is null)),
  constraint node_is_not_its_own_parent check (parent_node_id <> node_id),
  constraint scope_is_known check (scope in ('execution', 'session', 'global', 'isolated')),
  constraint context_data_is_an_object check (jsonb_typeof(data) = 'object' and jsonb_typeof(inherited_data) = 'object')
);

create index node_contexts_execution_id_idx on public.node_contexts (execution_id) where execution_id is not null;

comment on table public.node_contexts is 'Contexts of nodes: data they share, in one tree per model or run.';
comment on column public.node_contexts.execution_id is 'The run the context belongs to; null: the model''s own.';
comment on column public.node_contexts.level is 'Distance from the root of the tree.';
comment on column public.node_contexts.inherited_data is 'What comes from the contexts above, computed when those change.';
comment on column public.node_contexts.inheritance is 'List of {property, type, default?}; properties without a rule are inherited.';
comment on column public.node_contexts.last_emergency is 'The last access outside its time window {requestingNodeId, reason, grantedAt, accessUntil}; audited as a change.';

create trigger _010_refuse_truncate before truncate on public.node_contexts
  for each statement execute function private.tg_refuse_change();
create trigger _800_record_audit_log_of_insert after insert on public.node_contexts
  referencing new table as new_rows for each statement
  execute function private.tg_record_audit_log('model_id', 'context_id');
create trigger _800_record_audit_log_of_update after update on public.node_contexts
  referencing old table as old_rows new table as new_rows for each statement
  execute function private.tg_record_audit_log('model_id', 'context_id');
create trigger _800_record_audit_log_of_delete after delete on public.node_contexts
  referencing old table as old_rows for each statement
  execute function private.tg_record_audit_log('model_id', 'context_id');

alter table public.node_contexts enable row level security;
revoke all on public.node_contexts from public, anon, authenticated, service_role;
grant select on public.node_contexts to authenticated;
grant select, insert, update, delete on public.node_contexts to fm_writer;

create policy "Executors see the contexts of a model" on public.node_contexts
  for select to authenticated, fm_writer
  using ((select private.is_service()) or exists (
    select from public.function_models as model
    where model.model_id = node_contexts.model_id
      and (model.user_id = (select private.actor_id())
        or model.permissions -> 'editors' ? (select private.actor_id())::text
        or model.permissions -> 'executors' ? (select private.actor_id())::text
        or model.organization_id in (select private.my_organizations('{editor}')))));

create policy "Executors add contexts to a model" on public.node_contexts
  for insert to fm_writer
  with check ((select private.is_service()) or exists (
    select from public.function_models as model
    where model.model_id = node_contexts.model_id and model.deleted_at is null
      and (model.user_id = (select private.actor_id())
        or model.permissions -> 'editors' ? (select private.actor_id())::text
        or model.permissions -> 'executors' ? (select private.actor_id())::text
        or model.organization_id in (select private.my_organizations('{editor}')))));

create policy "Executors change the contexts of a model" on public.node_contexts
  for update to fm_writer
  using ((select private.is_service()) or exists (
    select from public.function_models as model
    where model.model_id = node_contexts.model_id
      and (model.user_id = (select private.actor_id())
        or model.permissions -> 'editors' ? (select private.actor_id())::text
        or model.permissions -> 'executors' ? (select private.actor_id())::text
        or model.organization_id in (select private.my_organizations('{editor}')))))
  with check ((select private.is_service()) or exists (
    select from public.function_models as model
    where model.model_id = node_contexts.model_id and model.deleted_at is null
      and (model.user_id = (select private.actor_id())
        or model.permissions -> 'editors' ? (select private.actor_id())::text
        or model.permissions -> 'executors' ? (select private.actor_id())::text
        or model.organization_id in (select private.my_organizations('{editor}')))));

create policy "Executors remove the contexts of a model" on public.node_contexts
  for delete to fm_writer
  using ((select private.is_service()) or exists (
    select from public.function_models as model
    where model.model_id = node_contexts.model_id
      and (model.user_id = (select private.actor_id())
        or model.permissions -> 'editors' ? (select private.actor_id())::text
        or model.permissions -> 'executors' ? (select private.actor_id())::text
        or model.organization_id in (select private.my_organizations('{editor}')))));

create function private.tg_node_contexts__broadcast_change() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform private.broadcast(message.list)
  from (
    select array_agg(jsonb_build_object(
      'topic', coalesce('execution:' || tree.execution_id, 'function_model:' || tree.model_id),
      'event', 'contexts',
      'payload', jsonb_strip_nulls(jsonb_build_object(
        'type', 'node_contexts', 'modelId', tree.model_id, 'executionId', tree.execution_id,
        'revision', tree.revision, 'occurredAt', private.wire_time(now()))))) as list
    from (
      select saved.model_id, saved.execution_id, max(saved.revision) as revision
      from new_rows as saved
      group by saved.model_id, saved.execution_id
    ) as tree
  ) as message
  where message.list is not null;
  return null;
end
$$;

comment on function private.tg_node_contexts__broadcast_change() is
  'Tells the channel of a run or model that contexts changed. Definer: broadcasting needs the owner''s rights.';

revoke all on function private.tg_node_contexts__broadcast_change() from public;

create trigger _900_broadcast_change_of_insert after insert on public.node_contexts
  referencing new table as new_rows for each statement
  execute function private.tg_node_contexts__broadcast_change();
create trigger _900_broadcast_change_of_update after update on public.node_contexts
  referencing new table as new_rows for each statement
  execute function private.tg_node_contexts__broadcast_change();

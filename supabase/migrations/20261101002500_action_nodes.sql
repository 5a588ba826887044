-- One row per action of a working copy; each sits in a stage of the same model.
-- They are written within a save of their model alone, which is judged once per statement.

create table public.action_nodes (
  model_id uuid not null,
  action_id uuid not null,
  parent_node_id uuid not null,
  action_type text not null,
  name text not null,
  description text,
  execution_mode text not null default 'sequential',
  execution_order integer not null,
  status text not null default 'draft',
  priority smallint not null default 5,
  estimated_duration_minutes double precision,
  retry_policy jsonb,
  raci jsonb not null,
  action_specific_data jsonb not null,
  metadata jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint action_nodes_pkey primary key (model_id, action_id),
  constraint action_nodes_model_id_fkey foreign key (model_id)
    references public.function_models (model_id) on delete cascade,
  constraint action_nodes_parent_node_id_fkey foreign key (model_id, parent_node_id)
    references public.container_nodes (model_id, node_id) on delete cascade,
  constraint execution_order_is_free_in_container unique (model_id, parent_node_id, execution_order)
    deferrable initially immediate,
  constraint action_type_is_known check (action_type in ('tetherNode', 'kbNode', 'functionModelContainer')),
  constraint action_name_has_1_to_200_characters check (length(name) between 1 and 200),
  constraint action_description_has_at_most_1000_characters check (length(description) <= 1000),
  constraint execution_mode_is_known check (execution_mode in ('sequential', 'parallel', 'conditional')),
  constraint execution_order_counts_from_one check (execution_order >= 1),
  constraint definition_status_is_known
    check (status in ('draft', 'configured', 'active', 'inactive', 'archived', 'error')),
  constraint priority_is_1_to_10 check (priority between 1 and 10),
  constraint estimate_is_positive check (estimated_duration_minutes > 0),
  constraint action_settings_are_objects check (
    jsonb_typeof(metadata) = 'object' and jsonb_typeof(raci) = 'object'
    and jsonb_typeof(action_specific_data) = 'object')
);

comment on table public.action_nodes is 'Actions of the working copies of models.';
comment on column public.action_nodes.execution_order is 'Place within the container, from 1, unique there; checked at the end of a statement, so that a reorder may swap places.';
comment on column public.action_nodes.priority is '1 to 10, 10 most urgent.';
comment on column public.action_nodes.retry_policy is 'Own policy; null means the container''s, else the default of the type.';

create trigger _010_refuse_truncate before truncate on public.action_nodes
  for each statement execute function private.tg_refuse_change();
create trigger _050_judge_publishers after update on public.action_nodes
  referencing old table as old_rows new table as new_rows for each statement
  when (current_user = 'fm_writer')
  execute function private.tg_nodes__judge_publishers('action_id');
create trigger _800_record_audit_log_of_insert after insert on public.action_nodes
  referencing new table as new_rows for each statement
  execute function private.tg_record_audit_log('model_id', 'action_id');
create trigger _800_record_audit_log_of_update after update on public.action_nodes
  referencing old table as old_rows new table as new_rows for each statement
  execute function private.tg_record_audit_log('model_id', 'action_id');
create trigger _800_record_audit_log_of_delete after delete on public.action_nodes
  referencing old table as old_rows for each statement
  execute function private.tg_record_audit_log('model_id', 'action_id');

alter table public.action_nodes enable row level security;
revoke all on public.action_nodes from public, anon, authenticated, service_role;
grant select on public.action_nodes to authenticated;
grant select, insert, delete on public.action_nodes to fm_writer;
grant update (
  parent_node_id, name, description, execution_mode, execution_order, status, priority,
  estimated_duration_minutes, retry_policy, raci, action_specific_data, metadata, updated_at
) on public.action_nodes to fm_writer;

create policy "Who sees a model sees its actions" on public.action_nodes
  for select to authenticated, fm_writer
  using (exists (
    select from public.function_models as model
    where model.model_id = action_nodes.model_id));

create policy "Editors add actions" on public.action_nodes
  for insert to fm_writer
  with check (
    model_id = (
      select model.model_id from public.function_models as model
      where model.model_id = (select private.model_being_saved())
        and (model.user_id = (select private.actor_id())
          or model.permissions -> 'editors' ? (select private.actor_id())::text
          or model.organization_id in (select private.my_organizations('{editor}'))))
  );

create policy "Editors remove actions" on public.action_nodes
  for delete to fm_writer
  using (
    model_id = (
      select model.model_id from public.function_models as model
      where model.model_id = (select private.model_being_saved())
        and (model.user_id = (select private.actor_id())
          or model.permissions -> 'editors' ? (select private.actor_id())::text
          or model.organization_id in (select private.my_organizations('{editor}'))))
  );

create policy "Editors change actions, publishers activate them" on public.action_nodes
  for update to fm_writer
  using (
    model_id = (
      select model.model_id from public.function_models as model
      where model.model_id = (select private.model_being_saved())
        and (model.user_id = (select private.actor_id())
          or model.permissions -> 'editors' ? (select private.actor_id())::text
          or model.permissions -> 'publishers' ? (select private.actor_id())::text
          or model.organization_id in (select private.my_organizations('{editor}'))))
  );

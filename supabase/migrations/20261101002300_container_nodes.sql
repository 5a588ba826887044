-- One row per container of a working copy.
--
-- Rows are written within a save of their model alone. The policies of writing look
-- at that model once per statement: once per row took longer than the writing.

create table public.container_nodes (
  model_id uuid not null,
  node_id uuid not null,
  node_type text not null,
  name text not null,
  description text,
  position_x double precision not null,
  position_y double precision not null,
  execution_type text not null default 'sequential',
  status text not null default 'draft',
  timeout_ms integer,
  metadata jsonb not null default '{}',
  visual_properties jsonb not null default '{}',
  type_specific_data jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint container_nodes_pkey primary key (model_id, node_id),
  constraint container_nodes_model_id_fkey foreign key (model_id)
    references public.function_models (model_id) on delete cascade,
  constraint node_type_is_known check (node_type in ('ioNode', 'stageNode')),
  constraint node_name_has_1_to_200_characters check (length(name) between 1 and 200),
  constraint node_description_has_at_most_1000_characters check (length(description) <= 1000),
  constraint execution_type_is_known check (execution_type in ('sequential', 'parallel', 'conditional')),
  constraint node_status_is_known
    check (status in ('draft', 'configured', 'active', 'inactive', 'archived', 'error')),
  constraint timeout_is_at_most_a_day check (timeout_ms between 0 and 86400000),
  constraint node_settings_are_objects check (
    jsonb_typeof(metadata) = 'object' and jsonb_typeof(visual_properties) = 'object'
    and jsonb_typeof(type_specific_data) = 'object')
);

comment on table public.container_nodes is 'Containers (boundaries and stages) of the working copies of models.';
comment on column public.container_nodes.timeout_ms is 'Milliseconds; 0 and null mean no limit of its own.';

create trigger _010_refuse_truncate before truncate on public.container_nodes
  for each statement execute function private.tg_refuse_change();
create trigger _050_judge_publishers after update on public.container_nodes
  referencing old table as old_rows new table as new_rows for each statement
  when (current_user = 'fm_writer')
  execute function private.tg_nodes__judge_publishers('node_id');
create trigger _800_record_audit_log_of_insert after insert on public.container_nodes
  referencing new table as new_rows for each statement
  execute function private.tg_record_audit_log('model_id', 'node_id');
create trigger _800_record_audit_log_of_update after update on public.container_nodes
  referencing old table as old_rows new table as new_rows for each statement
  execute function private.tg_record_audit_log('model_id', 'node_id');
create trigger _800_record_audit_log_of_delete after delete on public.container_nodes
  referencing old table as old_rows for each statement
  execute function private.tg_record_audit_log('model_id', 'node_id');

alter table public.container_nodes enable row level security;
revoke all on public.container_nodes from public, anon, authenticated, service_role;
grant select on public.container_nodes to authenticated;
grant select, insert, delete on public.container_nodes to fm_writer;
grant update (
  name, description, position_x, position_y, execution_type, status, timeout_ms, metadata,
  visual_properties, type_specific_data, updated_at
) on public.container_nodes to fm_writer;

create policy "Who sees a model sees its containers" on public.container_nodes
  for select to authenticated, fm_writer
  using (exists (
    select from public.function_models as model
    where model.model_id = container_nodes.model_id));

create policy "Editors add containers" on public.container_nodes
  for insert to fm_writer
  with check (
    model_id = (
      select model.model_id from public.function_models as model
      where model.model_id = (select private.model_being_saved())
        and (model.user_id = (select private.actor_id())
          or model.permissions -> 'editors' ? (select private.actor_id())::text
          or model.organization_id in (select private.my_organizations('{editor}'))))
  );

create policy "Editors remove containers" on public.container_nodes
  for delete to fm_writer
  using (
    model_id = (
      select model.model_id from public.function_models as model
      where model.model_id = (select private.model_being_saved())
        and (model.user_id = (select private.actor_id())
          or model.permissions -> 'editors' ? (select private.actor_id())::text
          or model.organization_id in (select private.my_organizations('{editor}'))))
  );

create policy "Editors change containers, publishers activate them" on public.container_nodes
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

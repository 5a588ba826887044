-- Which container waits for which. Rows are added and removed, never changed.
-- They are written within a save of their model alone, which is judged once per statement.

create table public.node_dependencies (
  model_id uuid not null,
  node_id uuid not null,
  dependency_id uuid not null,
  position integer not null,
  constraint node_dependencies_pkey primary key (model_id, node_id, dependency_id),
  constraint node_dependencies_node_id_fkey foreign key (model_id, node_id)
    references public.container_nodes (model_id, node_id) on delete cascade,
  constraint node_dependencies_dependency_id_fkey foreign key (model_id, dependency_id)
    references public.container_nodes (model_id, node_id),
  constraint node_never_waits_for_itself check (node_id <> dependency_id)
);

create index node_dependencies_dependency_id_idx on public.node_dependencies (dependency_id, model_id);

comment on table public.node_dependencies is 'node_id starts after dependency_id has completed.';
comment on column public.node_dependencies.position is 'Keeps the order in which the dependencies of a node were given.';

create trigger _010_refuse_truncate before truncate on public.node_dependencies
  for each statement execute function private.tg_refuse_change();
create trigger _800_record_audit_log_of_insert after insert on public.node_dependencies
  referencing new table as new_rows for each statement
  execute function private.tg_record_audit_log('model_id', 'node_id');
create trigger _800_record_audit_log_of_delete after delete on public.node_dependencies
  referencing old table as old_rows for each statement
  execute function private.tg_record_audit_log('model_id', 'node_id');

alter table public.node_dependencies enable row level security;
revoke all on public.node_dependencies from public, anon, authenticated, service_role;
grant select on public.node_dependencies to authenticated;
grant select, insert, delete on public.node_dependencies to fm_writer;

create policy "Who sees a model sees its dependencies" on public.node_dependencies
  for select to authenticated, fm_writer
  using (exists (
    select from public.function_models as model
    where model.model_id = node_dependencies.model_id));

create policy "Editors add dependencies" on public.node_dependencies
  for insert to fm_writer
  with check (
    model_id = (
      select model.model_id from public.function_models as model
      where model.model_id = (select private.model_being_saved())
        and (model.user_id = (select private.actor_id())
          or model.permissions -> 'editors' ? (select private.actor_id())::text
          or model.organization_id in (select private.my_organizations('{editor}'))))
  );

create policy "Editors remove dependencies" on public.node_dependencies
  for delete to fm_writer
  using (
    model_id = (
      select model.model_id from public.function_models as model
      where model.model_id = (select private.model_being_saved())
        and (model.user_id = (select private.actor_id())
          or model.permissions -> 'editors' ? (select private.actor_id())::text
          or model.organization_id in (select private.my_organizations('{editor}'))))
  );

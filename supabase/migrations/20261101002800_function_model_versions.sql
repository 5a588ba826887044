-- Snapshots of models. What runs and what caches keep is always a snapshot, so
-- its content never changes; only which one is published does.

create table public.function_model_versions (
  version_id uuid not null,
  model_id uuid not null,
  version_number text not null,
  version_data jsonb not null,
  author_id uuid not null,
  is_published boolean not null default false,
  notes text,
  previous_version text,
  created_at timestamptz not null default now(),
  constraint function_model_versions_pkey primary key (version_id),
  constraint function_model_versions_model_id_fkey foreign key (model_id)
    references public.function_models (model_id),
  constraint version_number_is_free_in_model unique (model_id, version_number),
  constraint version_number_is_plain check (version_number ~ '^\d+\.\d+\.\d+$'),
  constraint version_data_is_an_object check (jsonb_typeof(version_data) = 'object'),
  constraint version_notes_have_at_most_2000_characters check (length(notes) <= 2000)
);

create unique index one_version_of_a_model_is_published on public.function_model_versions (model_id)
  where is_published;

comment on table public.function_model_versions is 'Immutable snapshots of models; at most one per model is published.';
comment on column public.function_model_versions.version_data is 'The complete model: name, description, nodes, actionNodes, aiAgentConfig, metadata.';
comment on column public.function_model_versions.previous_version is 'Number that was current before; null for the first.';

create trigger _010_refuse_removal before delete on public.function_model_versions
  for each row when (not private.is_purging()) execute function private.tg_refuse_change();
create trigger _010_refuse_truncate before truncate on public.function_model_versions
  for each statement execute function private.tg_refuse_change();
create trigger _020_refuse_change before update on public.function_model_versions
  for each row
  when ((old.version_id, old.model_id, old.version_number, old.version_data, old.author_id, old.notes,
         old.previous_version, old.created_at)
    is distinct from
        (new.version_id, new.model_id, new.version_number, new.version_data, new.author_id, new.notes,
         new.previous_version, new.created_at)
    and not private.is_rebuilding()
    or old.is_published = new.is_published and not private.is_rebuilding())
  execute function private.tg_refuse_change();

-- The snapshot stays out of the audit log, and is not even looked at: it may have megabytes.
create function private.tg_function_model_versions__record_audit_log() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  v_request jsonb := private.current_request();
  -- Only rebuilding changes anything else than what is published.
  v_whole boolean := tg_op = 'INSERT' or private.is_rebuilding();
begin
  insert into public.audit_logs (
    table_name, operation, record_id, row_id, model_id, organization_id, old_data, new_data,
    changed_by, event_id, event_type, request_id, traceparent)
  select tg_table_name, case tg_op when 'INSERT' then 'create' else 'update' end,
         version.model_id, version.version_id, version.model_id, (v_request ->> 'organizationId')::uuid,
         case when not v_whole then jsonb_build_object('is_published', not version.is_published) end,
         case when not v_whole then jsonb_build_object('is_published', version.is_published)
           else jsonb_build_object(
             'version_id', version.version_id, 'model_id', version.model_id,
             'version_number', version.version_number, 'author_id', version.author_id,
             'is_published', version.is_published, 'notes', version.notes,
             'previous_version', version.previous_version, 'created_at', version.created_at)
         end,
         private.actor_id(), (v_request ->> 'eventId')::uuid, v_request ->> 'eventType',
         v_request ->> 'requestId', v_request ->> 'traceparent'
  from new_rows as version;
  return null;
end
$$;

comment on function private.tg_function_model_versions__record_audit_log() is
  'Writes the audit rows of new versions and of those that were published or no longer are; nothing else of them changes, but by rebuilding. Definer: nobody else may write audit_logs.';

revoke all on function private.tg_function_model_versions__record_audit_log() from public;

create trigger _800_record_audit_log_of_insert after insert on public.function_model_versions
  referencing new table as new_rows for each statement
  execute function private.tg_function_model_versions__record_audit_log();
create trigger _800_record_audit_log_of_update after update on public.function_model_versions
  referencing new table as new_rows for each statement
  execute function private.tg_function_model_versions__record_audit_log();

alter table public.function_model_versions enable row level security;
revoke all on public.function_model_versions from public, anon, authenticated, service_role;
grant select on public.function_model_versions to authenticated;
grant select, insert, update (is_published) on public.function_model_versions to fm_writer;

create policy "Who sees a model sees its versions" on public.function_model_versions
  for select to authenticated, fm_writer
  using (exists (
    select from public.function_models as model
    where model.model_id = function_model_versions.model_id));

create policy "Editors and publishers add versions" on public.function_model_versions
  for insert to fm_writer
  with check (
    author_id = (select private.actor_id())
    and exists (
      select from public.function_models as model
      where model.model_id = function_model_versions.model_id
        and (model.user_id = (select private.actor_id())
          or model.permissions -> 'editors' ? (select private.actor_id())::text
          or model.permissions -> 'publishers' ? (select private.actor_id())::text
          or model.organization_id in (select private.my_organizations('{editor}'))))
  );

create policy "Editors and publishers choose the published version" on public.function_model_versions
  for update to fm_writer
  using (exists (
    select from public.function_models as model
    where model.model_id = function_model_versions.model_id
      and (model.user_id = (select private.actor_id())
        or model.permissions -> 'editors' ? (select private.actor_id())::text
        or model.permissions -> 'publishers' ? (select private.actor_id())::text
        or model.organization_id in (select private.my_organizations('{editor}')))));

-- The header of a model. Its containers, actions and dependencies are rows of
-- their own, so that editing one node writes one small row; `nodes` and
-- `action_nodes` read them back as computed fields.

create table public.function_models (
  model_id uuid not null,
  name text not null,
  description text,
  version text not null default '1.0.0',
  status text not null default 'draft',
  current_version text not null default '1.0.0',
  version_count integer not null default 1,
  ai_agent_config jsonb,
  metadata jsonb not null default '{}',
  permissions jsonb not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  last_saved_at timestamptz not null default now(),
  deleted_at timestamptz,
  deleted_by text,
  retain_until timestamptz,
  user_id uuid not null,
  organization_id uuid,
  revision integer not null default 1,
  readers uuid[] not null generated always as (private.readers(permissions)) stored,
  search tsvector not null generated always as (
    setweight(to_tsvector('simple', name), 'A')
    || setweight(to_tsvector('simple', coalesce(description, '')), 'B')
    || setweight(jsonb_to_tsvector('simple', coalesce(metadata -> 'tags', '[]'), '["string"]'), 'B')) stored,
  constraint function_models_pkey primary key (model_id),
  constraint function_models_user_id_fkey foreign key (user_id) references auth.users (id),
  constraint function_models_organization_id_fkey foreign key (organization_id)
    references public.organizations (organization_id),
  constraint model_name_has_3_to_100_characters check (length(name) between 3 and 100),
  constraint model_description_has_at_most_5000_characters check (length(description) <= 5000),
  constraint model_status_is_known check (status in ('draft', 'published', 'archived')),
  constraint model_versions_are_plain check (version ~ '^\d+\.\d+\.\d+$' and current_version ~ '^\d+\.\d+\.\d+$'),
  constraint versions_are_counted_from_one check (version_count >= 1),
  constraint metadata_is_an_object check (jsonb_typeof(metadata) = 'object'),
  constraint agent_settings_are_an_object check (jsonb_typeof(ai_agent_config) = 'object'),
  constraint the_owner_is_the_user check (permissions ->> 'owner' = user_id::text),
  constraint deletion_names_time_and_person check ((deleted_at is null) = (deleted_by is null)),
  constraint only_what_is_deleted_is_retained check (retain_until is null or deleted_at is not null),
  constraint archived_models_are_never_deleted check (deleted_at is null or status <> 'archived'),
  constraint revision_counts_from_one check (revision >= 1)
);

create unique index model_name_is_free_in_organization on public.function_models (organization_id, name)
  where deleted_at is null and organization_id is not null;
create unique index model_name_is_free_for_owner on public.function_models (user_id, name)
  where deleted_at is null and organization_id is null;
create index function_models_user_id_idx on public.function_models (user_id, updated_at desc);
create index function_models_organization_id_idx on public.function_models (organization_id, updated_at desc);
create index function_models_deleted_at_idx on public.function_models (deleted_at) where deleted_at is not null;
create index function_models_created_at_idx on public.function_models (organization_id, created_at desc);
create index function_models_readers_idx on public.function_models using gin (readers);
create index function_models_search_idx on public.function_models using gin (search);

comment on table public.function_models is 'Business process models: the working copy''s header.';
comment on column public.function_models.version is 'Number under which the working copy is edited.';
comment on column public.function_models.current_version is 'Number of the newest stored snapshot.';
comment on column public.function_models.permissions is '{owner, editors, viewers, publishers, executors, archivers, administrators}: user ids.';
comment on column public.function_models.readers is 'Everybody the permissions name; derived, for policies and lists.';
comment on column public.function_models.revision is 'Rises by one with each save; a save names the one it read.';
comment on column public.function_models.retain_until is 'Of a deleted model: it may be removed for good afterwards.';
comment on column public.function_models.search is 'Name, description and tags for full-text search; derived.';

create trigger _010_refuse_truncate before truncate on public.function_models
  for each statement execute function private.tg_refuse_change();
create trigger _800_record_audit_log_of_insert after insert on public.function_models
  referencing new table as new_rows for each statement
  execute function private.tg_record_audit_log('model_id', 'model_id', 'readers,search');
create trigger _800_record_audit_log_of_update after update on public.function_models
  referencing old table as old_rows new table as new_rows for each statement
  execute function private.tg_record_audit_log('model_id', 'model_id', 'readers,search');
create trigger _800_record_audit_log_of_delete after delete on public.function_models
  referencing old table as old_rows for each statement
  execute function private.tg_record_audit_log('model_id', 'model_id', 'readers,search');

alter table public.function_models enable row level security;
revoke all on public.function_models from public, anon, authenticated, service_role;
grant select on public.function_models to authenticated;
grant select, insert on public.function_models to fm_writer;
grant update (
  name, description, version, status, current_version, version_count, ai_agent_config, metadata,
  permissions, updated_at, last_saved_at, deleted_at, deleted_by, retain_until, user_id, revision
) on public.function_models to fm_writer;

create policy "Readers see models, and deleted ones whoever may restore them" on public.function_models
  for select to authenticated
  using (
    (deleted_at is null
      and (readers @> array[(select private.actor_id())]
        or organization_id in (select private.my_organizations('{owner,admin,editor,viewer}'))))
    or (deleted_at is not null
      and (organization_id in (select private.my_organizations('{owner,admin}'))
        or (organization_id is null and user_id = (select private.actor_id()))))
  );

create policy "Commands see the models of their user, deleted or not" on public.function_models
  for select to fm_writer
  using (
    readers @> array[(select private.actor_id())]
    or organization_id in (select private.my_organizations('{owner,admin,editor,viewer}'))
    or model_id = (select private.model_being_saved())
  );

create policy "People create models of their own, in their organizations" on public.function_models
  for insert to fm_writer
  with check (
    user_id = (select private.actor_id())
    and (organization_id is null or organization_id in (select private.my_organizations()))
  );

create policy "People with any act that changes a model save it" on public.function_models
  for update to fm_writer
  using (
    user_id = (select private.actor_id())
    or permissions -> 'editors' ? (select private.actor_id())::text
    or permissions -> 'publishers' ? (select private.actor_id())::text
    or permissions -> 'archivers' ? (select private.actor_id())::text
    or permissions -> 'administrators' ? (select private.actor_id())::text
    or organization_id in (select private.my_organizations('{owner,admin,editor}'))
  )
  with check (revision > 1);

comment on policy "People with any act that changes a model save it" on public.function_models is
  'Which columns each of them may change is judged by the trigger _050_judge_acts, since a policy sees no difference of rows.';

-- Tasks of the built-in Spindle: what a tether runs. The definition is judged by
-- the domain; secrets are referred to by name and never stored here.

create table public.workflows (
  workflow_id uuid not null,
  organization_id uuid,
  user_id uuid not null,
  name text not null,
  definition jsonb not null,
  revision integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint workflows_pkey primary key (workflow_id),
  constraint workflows_organization_id_fkey foreign key (organization_id)
    references public.organizations (organization_id) on delete cascade,
  constraint workflows_user_id_fkey foreign key (user_id) references auth.users (id),
  constraint workflow_name_has_1_to_200_characters check (length(btrim(name)) between 1 and 200),
  constraint definition_is_an_object check (jsonb_typeof(definition) = 'object'),
  constraint revision_counts_from_one check (revision >= 1)
);

create index workflows_organization_id_idx on public.workflows (organization_id);
create index workflows_user_id_idx on public.workflows (user_id);

comment on table public.workflows is 'Registered workflows: HTTP tasks that actions of type tetherNode run.';

create trigger _010_refuse_truncate before truncate on public.workflows
  for each statement execute function private.tg_refuse_change();
create trigger _800_record_audit_log_of_insert after insert on public.workflows
  referencing new table as new_rows for each statement
  execute function private.tg_record_audit_log('workflow_id', 'workflow_id', '', 'redact');
create trigger _800_record_audit_log_of_update after update on public.workflows
  referencing old table as old_rows new table as new_rows for each statement
  execute function private.tg_record_audit_log('workflow_id', 'workflow_id', '', 'redact');
create trigger _800_record_audit_log_of_delete after delete on public.workflows
  referencing old table as old_rows for each statement
  execute function private.tg_record_audit_log('workflow_id', 'workflow_id', '', 'redact');

alter table public.workflows enable row level security;
revoke all on public.workflows from public, anon, authenticated, service_role;
grant select on public.workflows to authenticated;
grant select, insert, delete on public.workflows to fm_writer;
grant update (name, definition, revision, updated_at) on public.workflows to fm_writer;

create policy "Owners and members of the organization see workflows" on public.workflows
  for select to authenticated, fm_writer
  using (
    user_id = (select private.actor_id())
    or organization_id in (select private.my_organizations())
  );

create policy "People register workflows, in organizations they edit" on public.workflows
  for insert to fm_writer
  with check (
    user_id = (select private.actor_id())
    and (organization_id is null
      or organization_id in (select private.my_organizations('{owner,admin,editor}')))
  );

create policy "Owners and editors of the organization change workflows" on public.workflows
  for update to fm_writer
  using (
    (organization_id is null and user_id = (select private.actor_id()))
    or organization_id in (select private.my_organizations('{owner,admin,editor}'))
  )
  with check (revision > 1);

create policy "Owners and editors of the organization remove workflows" on public.workflows
  for delete to fm_writer
  using (
    (organization_id is null and user_id = (select private.actor_id()))
    or organization_id in (select private.my_organizations('{owner,admin,editor}'))
  );

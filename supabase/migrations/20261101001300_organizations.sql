create table public.organizations (
  organization_id uuid not null,
  name text not null,
  created_by uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  revision integer not null default 1,
  constraint organizations_pkey primary key (organization_id),
  constraint organizations_created_by_fkey foreign key (created_by)
    references auth.users (id) on delete set null,
  constraint organization_name_has_1_to_100_characters check (length(btrim(name)) between 1 and 100),
  constraint revision_counts_from_one check (revision >= 1)
);

create index organizations_created_by_idx on public.organizations (created_by);

comment on table public.organizations is 'Tenants. Who belongs to one, and as what, is in organization_members.';
comment on column public.organizations.revision is 'Rises by one with each save; a save names the one it read.';

create trigger _010_refuse_truncate before truncate on public.organizations
  for each statement execute function private.tg_refuse_change();
create trigger _800_record_audit_log_of_insert after insert on public.organizations
  referencing new table as new_rows for each statement
  execute function private.tg_record_audit_log('organization_id', 'organization_id');
create trigger _800_record_audit_log_of_update after update on public.organizations
  referencing old table as old_rows new table as new_rows for each statement
  execute function private.tg_record_audit_log('organization_id', 'organization_id');
create trigger _800_record_audit_log_of_delete after delete on public.organizations
  referencing old table as old_rows for each statement
  execute function private.tg_record_audit_log('organization_id', 'organization_id');

alter table public.organizations enable row level security;
revoke all on public.organizations from public, anon, authenticated, service_role;
grant select on public.organizations to authenticated;
grant select, insert, delete on public.organizations to fm_writer;
grant update (name, updated_at, revision) on public.organizations to fm_writer;

create policy "Members see their organizations" on public.organizations
  for select to authenticated, fm_writer
  using (organization_id in (select private.my_organizations()));

create policy "Anybody founds an organization in their own name" on public.organizations
  for insert to fm_writer
  with check (created_by = (select private.actor_id()));

create policy "Owners and admins change their organization" on public.organizations
  for update to fm_writer
  using (organization_id in (select private.my_organizations('{owner,admin}')));

create policy "Owners remove their organization" on public.organizations
  for delete to fm_writer
  using (organization_id in (select private.my_organizations('{owner}')));

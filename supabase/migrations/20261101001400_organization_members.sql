create table public.organization_members (
  organization_id uuid not null,
  user_id uuid not null,
  role text not null,
  created_at timestamptz not null default now(),
  constraint organization_members_pkey primary key (user_id, organization_id),
  constraint organization_members_organization_id_fkey foreign key (organization_id)
    references public.organizations (organization_id) on delete cascade,
  constraint organization_members_user_id_fkey foreign key (user_id)
    references auth.users (id) on delete cascade,
  constraint member_role_is_known check (role in ('owner', 'admin', 'editor', 'viewer', 'member'))
);

create index organization_members_organization_id_idx on public.organization_members (organization_id);

comment on table public.organization_members is
  'Who belongs to an organization. Owners and admins administer it, editors and viewers act like that list of each of its models, members gain nothing by it alone.';

create trigger _010_refuse_truncate before truncate on public.organization_members
  for each statement execute function private.tg_refuse_change();
create trigger _800_record_audit_log_of_insert after insert on public.organization_members
  referencing new table as new_rows for each statement
  execute function private.tg_record_audit_log('organization_id', 'user_id');
create trigger _800_record_audit_log_of_update after update on public.organization_members
  referencing old table as old_rows new table as new_rows for each statement
  execute function private.tg_record_audit_log('organization_id', 'user_id');
create trigger _800_record_audit_log_of_delete after delete on public.organization_members
  referencing old table as old_rows for each statement
  execute function private.tg_record_audit_log('organization_id', 'user_id');

alter table public.organization_members enable row level security;
revoke all on public.organization_members from public, anon, authenticated, service_role;
grant select on public.organization_members to authenticated;
grant select, delete on public.organization_members to fm_writer;
grant update (role) on public.organization_members to fm_writer;

create policy "Members see who else is in their organizations" on public.organization_members
  for select to authenticated, fm_writer
  using (organization_id in (select private.my_organizations()));

create policy "Admins change members, only owners make and unmake owners" on public.organization_members
  for update to fm_writer
  using (
    organization_id in (select private.my_organizations('{owner}'))
    or (role <> 'owner' and organization_id in (select private.my_organizations('{admin}'))))
  with check (
    organization_id in (select private.my_organizations('{owner}'))
    or (role <> 'owner' and organization_id in (select private.my_organizations('{admin}')))
    or user_id = (select private.actor_id()));

comment on policy "Admins change members, only owners make and unmake owners" on public.organization_members is
  'Who gives up a role of their own may lose by it the right to give roles.';

create policy "Admins remove members, only owners remove owners, everybody may leave" on public.organization_members
  for delete to fm_writer
  using (
    user_id = (select private.actor_id())
    or organization_id in (select private.my_organizations('{owner}'))
    or (role <> 'owner' and organization_id in (select private.my_organizations('{admin}'))));

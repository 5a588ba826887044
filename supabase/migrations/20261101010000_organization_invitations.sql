-- Offers to join, made to an e-mail address. The token that accepting takes is
-- shown to its maker once; only its hash is kept, and nobody needs it to see or
-- revoke the offer.

create table public.organization_invitations (
  invitation_id uuid not null,
  organization_id uuid not null,
  email text not null,
  role text not null,
  token_hash text not null,
  invited_by uuid not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  accepted_at timestamptz,
  accepted_by uuid,
  constraint organization_invitations_pkey primary key (invitation_id),
  constraint token_is_unique unique (token_hash),
  constraint organization_invitations_organization_id_fkey foreign key (organization_id)
    references public.organizations (organization_id) on delete cascade,
  constraint organization_invitations_invited_by_fkey foreign key (invited_by)
    references auth.users (id) on delete cascade,
  constraint organization_invitations_accepted_by_fkey foreign key (accepted_by)
    references auth.users (id) on delete set null,
  constraint invited_role_is_known check (role in ('owner', 'admin', 'editor', 'viewer', 'member')),
  constraint email_is_in_small_letters check (email = lower(email) and length(email) between 3 and 254),
  constraint invitation_lasts_7_days check (expires_at = created_at + interval '7 days')
);

create index organization_invitations_organization_id_idx
  on public.organization_invitations (organization_id, created_at desc);
create index organization_invitations_invited_by_idx on public.organization_invitations (invited_by);
create index organization_invitations_accepted_by_idx on public.organization_invitations (accepted_by);

comment on table public.organization_invitations is 'Offers to join an organization, by e-mail address.';
comment on column public.organization_invitations.token_hash is 'SHA-256 of the token, in hexadecimal digits.';

create trigger _010_refuse_truncate before truncate on public.organization_invitations
  for each statement execute function private.tg_refuse_change();
create trigger _800_record_audit_log_of_insert after insert on public.organization_invitations
  referencing new table as new_rows for each statement
  execute function private.tg_record_audit_log('organization_id', 'invitation_id', 'token_hash');
create trigger _800_record_audit_log_of_update after update on public.organization_invitations
  referencing old table as old_rows new table as new_rows for each statement
  execute function private.tg_record_audit_log('organization_id', 'invitation_id', 'token_hash');
create trigger _800_record_audit_log_of_delete after delete on public.organization_invitations
  referencing old table as old_rows for each statement
  execute function private.tg_record_audit_log('organization_id', 'invitation_id', 'token_hash');

alter table public.organization_invitations enable row level security;
revoke all on public.organization_invitations from public, anon, authenticated, service_role;
grant select on public.organization_invitations to authenticated;
grant select, insert, delete on public.organization_invitations to fm_writer;

create policy "Admins see open invitations" on public.organization_invitations
  for select to authenticated, fm_writer
  using (
    accepted_at is null and expires_at > now()
    and organization_id in (select private.my_organizations('{owner,admin}')));

create policy "Admins invite to roles not above their own" on public.organization_invitations
  for insert to fm_writer
  with check (
    invited_by = (select private.actor_id())
    and (organization_id in (select private.my_organizations('{owner}'))
      or (role <> 'owner' and organization_id in (select private.my_organizations('{admin}')))));

create policy "Admins revoke invitations" on public.organization_invitations
  for delete to fm_writer
  using (organization_id in (select private.my_organizations('{owner,admin}')));

-- Secrets that calls of services carry. What is told of one is a row of
-- `secrets`; its value, encrypted by the edge function under a key that the
-- database never has, is a row of `private.secret_values`, which no role of the
-- API reads. The value's encryption is bound to the secret's id, owner, name and
-- hosts, so that a value moved to another row, or a row sent elsewhere, opens
-- nothing.

create table public.secrets (
  secret_id uuid not null,
  organization_id uuid,
  user_id uuid not null,
  name text not null,
  hosts text[] not null,
  key_id text not null,
  last_used_at timestamptz,
  rotated_at timestamptz not null default now(),
  revision integer not null default 1,
  created_at timestamptz not null default now(),
  constraint secrets_pkey primary key (secret_id),
  constraint secrets_organization_id_fkey foreign key (organization_id)
    references public.organizations (organization_id) on delete cascade,
  constraint secrets_user_id_fkey foreign key (user_id) references auth.users (id),
  constraint secret_name_is_a_word check (name ~ '^[A-Za-z][A-Za-z0-9_-]*$' and length(name) <= 64),
  constraint secret_has_1_to_20_hosts check (cardinality(hosts) between 1 and 20 and array_position(hosts, null) is null),
  constraint key_id_has_1_to_40_characters check (length(key_id) between 1 and 40),
  constraint revision_counts_from_one check (revision >= 1)
);

create unique index secret_name_is_free_in_organization on public.secrets (organization_id, name)
  where organization_id is not null;
create unique index secret_name_is_free_for_owner on public.secrets (user_id, name)
  where organization_id is null;
create index secrets_user_id_idx on public.secrets (user_id);
create index secrets_key_id_idx on public.secrets (key_id, secret_id);

comment on table public.secrets is
  'What is told of a secret: never its value, which is encrypted in private.secret_values.';
comment on column public.secrets.hosts is 'Where it may be sent: host (usual port of the scheme) or host:port.';
comment on column public.secrets.key_id is 'Names the key of the function secrets under which the value is encrypted.';
comment on column public.secrets.last_used_at is 'When a call last carried it, to the minute.';

create table private.secret_values (
  secret_id uuid not null,
  sealed text not null,
  constraint secret_values_pkey primary key (secret_id),
  constraint secret_values_secret_id_fkey foreign key (secret_id)
    references public.secrets (secret_id) on delete cascade,
  constraint sealed_value_is_base64url check (
    length(sealed) between 40 and 6000 and sealed ~ '^[A-Za-z0-9_-]+$')
);

comment on table private.secret_values is 'Values of secrets, encrypted. No trigger copies them anywhere.';
comment on column private.secret_values.sealed is 'Nonce, ciphertext and tag of AES-256-GCM, base64url.';

create trigger _010_refuse_truncate before truncate on public.secrets
  for each statement execute function private.tg_refuse_change();
create trigger _010_refuse_truncate before truncate on private.secret_values
  for each statement execute function private.tg_refuse_change();
create trigger _800_record_audit_log_of_insert after insert on public.secrets
  referencing new table as new_rows for each statement
  execute function private.tg_record_audit_log('secret_id', 'secret_id', 'last_used_at');
create trigger _800_record_audit_log_of_update after update on public.secrets
  referencing old table as old_rows new table as new_rows for each statement
  execute function private.tg_record_audit_log('secret_id', 'secret_id', 'last_used_at');
create trigger _800_record_audit_log_of_delete after delete on public.secrets
  referencing old table as old_rows for each statement
  execute function private.tg_record_audit_log('secret_id', 'secret_id', 'last_used_at');

alter table public.secrets enable row level security;
alter table private.secret_values enable row level security;
revoke all on public.secrets, private.secret_values from public, anon, authenticated, service_role;
grant select on public.secrets to authenticated;
grant select, insert, delete on public.secrets to fm_writer;
grant update (hosts, key_id, rotated_at, revision) on public.secrets to fm_writer;
grant select, insert on private.secret_values to fm_writer;
grant update (sealed) on private.secret_values to fm_writer;

create policy "Owners, members and the service see secrets" on public.secrets
  for select to authenticated, fm_writer
  using (
    (organization_id is null and user_id = (select private.actor_id()))
    or organization_id in (select private.my_organizations())
    or (select private.is_service())
  );

comment on policy "Owners, members and the service see secrets" on public.secrets is
  'The service reads them to encrypt them anew under another key.';

create policy "People keep secrets, admins those of their organization" on public.secrets
  for insert to fm_writer
  with check (
    user_id = (select private.actor_id())
    and (organization_id is null
      or organization_id in (select private.my_organizations('{owner,admin}')))
  );

create policy "Owners and admins of the organization rotate secrets" on public.secrets
  for update to fm_writer
  using (
    (organization_id is null and user_id = (select private.actor_id()))
    or organization_id in (select private.my_organizations('{owner,admin}'))
    or (select private.is_service())
  )
  with check (revision > 1);

create policy "Owners and admins of the organization remove secrets" on public.secrets
  for delete to fm_writer
  using (
    (organization_id is null and user_id = (select private.actor_id()))
    or organization_id in (select private.my_organizations('{owner,admin}'))
  );

-- Who sees a secret may have a call carry it; who may change it is asked of the
-- row of `secrets`, which is written first.
create policy "Values are read with their secrets" on private.secret_values
  for select to fm_writer
  using (secret_id in (select secret.secret_id from public.secrets as secret));

create policy "Values are kept with their secrets" on private.secret_values
  for insert to fm_writer
  with check (secret_id in (
    select secret.secret_id from public.secrets as secret
    where (secret.organization_id is null and secret.user_id = (select private.actor_id()))
      or secret.organization_id in (select private.my_organizations('{owner,admin}'))));

create policy "Values change with their secrets" on private.secret_values
  for update to fm_writer
  using (secret_id in (
    select secret.secret_id from public.secrets as secret
    where (secret.organization_id is null and secret.user_id = (select private.actor_id()))
      or secret.organization_id in (select private.my_organizations('{owner,admin}'))
      or (select private.is_service())))
  with check (true);

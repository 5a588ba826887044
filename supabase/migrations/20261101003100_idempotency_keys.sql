-- The first answer to a command that named a key, stored in the transaction of
-- the command. A second caller with the same key waits on the primary key until
-- the first has ended, then reads its answer.

create table private.idempotency_keys (
  user_id uuid not null,
  key text not null,
  path text not null,
  body_hash text not null,
  answer jsonb not null,
  created_at timestamptz not null default now(),
  constraint idempotency_keys_pkey primary key (user_id, key, path),
  constraint key_has_1_to_200_characters check (length(key) between 1 and 200)
);

create index idempotency_keys_created_at_idx on private.idempotency_keys (created_at);

comment on table private.idempotency_keys is 'Answers to commands by Idempotency-Key; each counts for 24 hours.';

alter table private.idempotency_keys enable row level security;
revoke all on private.idempotency_keys from public, anon, authenticated, service_role;
grant select, insert, update on private.idempotency_keys to fm_writer;

create policy "Users find their own keys" on private.idempotency_keys
  for select to fm_writer using (user_id = (select private.actor_id()));
create policy "Users take keys of their own" on private.idempotency_keys
  for insert to fm_writer with check (user_id = (select private.actor_id()));
create policy "Users take an expired key again" on private.idempotency_keys
  for update to fm_writer
  using (user_id = (select private.actor_id()));

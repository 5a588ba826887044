-- Batches that are under way. A row goes with the transaction that carries the
-- batch out; one that was left behind counts for a minute.

create table private.link_batches (
  user_id uuid not null,
  batch_id text not null,
  begun_at timestamptz not null default now(),
  constraint link_batches_pkey primary key (user_id, batch_id),
  constraint batch_name_has_1_to_200_characters check (length(batch_id) between 1 and 200)
);

comment on table private.link_batches is 'Batches of links under way, by the name their user gave them.';

alter table private.link_batches enable row level security;
revoke all on private.link_batches from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.link_batches to fm_writer;

create policy "Users see their own batches" on private.link_batches
  for select to fm_writer using (user_id = (select private.actor_id()));
create policy "Users begin batches of their own" on private.link_batches
  for insert to fm_writer with check (user_id = (select private.actor_id()));
create policy "Users begin a batch again that was left behind" on private.link_batches
  for update to fm_writer
  using (user_id = (select private.actor_id()));
create policy "Users end their own batches" on private.link_batches
  for delete to fm_writer using (user_id = (select private.actor_id()));

create function public.begin_link_batch(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
begin
  perform private.begin_command(actor, request - 'idempotency');
  insert into private.link_batches as batch (user_id, batch_id, begun_at)
  values (private.actor_id(), command ->> 'batchId', clock_timestamp())
  on conflict on constraint link_batches_pkey do update
    set begun_at = excluded.begun_at
    where batch.begun_at < now() - interval '60 seconds';
  if not found then
    raise exception using errcode = 'FM041', message = 'Batch in progress';
  end if;
  return '{}';
end
$$;

comment on function public.begin_link_batch(jsonb, jsonb, jsonb) is
  'Marks a batch {batchId} of the actor as under way; FM041 when it is already.';

revoke all on function public.begin_link_batch(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.begin_link_batch(jsonb, jsonb, jsonb) to service_role;

create function public.end_link_batch(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
begin
  perform private.begin_command(actor, request - 'idempotency');
  delete from private.link_batches as batch
  where batch.user_id = private.actor_id() and batch.batch_id = command ->> 'batchId';
  return '{}';
end
$$;

comment on function public.end_link_batch(jsonb, jsonb, jsonb) is
  'Lets a batch {batchId} of the actor go that changed nothing.';

revoke all on function public.end_link_batch(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.end_link_batch(jsonb, jsonb, jsonb) to service_role;

-- A seal proves something only against whoever cannot rewrite it. So the newest
-- one is told, once a minute at most, to the function that writes it into its
-- log, which the database does not reach.

create table private.audit_publications (
  seal_number bigint not null,
  published_at timestamptz not null default now(),
  constraint audit_publications_pkey primary key (seal_number),
  constraint audit_publications_seal_number_fkey foreign key (seal_number) references public.audit_seals (seal_number)
);

comment on table private.audit_publications is 'Which seals were handed to the function''s log, and when.';

alter table private.audit_publications enable row level security;
revoke all on private.audit_publications from public, anon, authenticated, service_role;
grant select, insert on private.audit_publications to fm_engine;

create policy "Who publishes seals keeps the list" on private.audit_publications
  for all to fm_engine using (true) with check (true);

create function public.take_seal_to_publish() returns jsonb
language plpgsql volatile set role = 'fm_engine' set search_path = ''
as $$
declare
  v_seal public.audit_seals;
begin
  select seal.* into v_seal from public.audit_seals as seal order by seal.seal_number desc limit 1;
  if not found then
    return null;
  end if;
  insert into private.audit_publications (seal_number) values (v_seal.seal_number) on conflict do nothing;
  if not found then
    return null;
  end if;
  return private.seal_to_wire(v_seal);
end
$$;

comment on function public.take_seal_to_publish() is
  'The newest seal in wire form for the caller to publish, null when it was taken before.';

revoke all on function public.take_seal_to_publish() from public, anon, authenticated, service_role;
grant execute on function public.take_seal_to_publish() to service_role;

create function private.seal_is_unpublished() returns boolean
language sql volatile set role = 'fm_engine' set search_path = ''
as $$
  select coalesce((select max(seal.seal_number) from public.audit_seals as seal), 0)
    > coalesce((select max(published.seal_number) from private.audit_publications as published), 0)
$$;

comment on function private.seal_is_unpublished() is 'Whether there is a seal that no log has been told.';

revoke all on function private.seal_is_unpublished() from public;

create function private.publish_audit_seal() returns boolean
language plpgsql set search_path = ''
as $$
begin
  return private.seal_is_unpublished() and private.call_worker('/seals');
end
$$;

comment on function private.publish_audit_seal() is
  'Calls a worker to write the newest seal into its log; true when it called. A job does it every minute.';

revoke all on function private.publish_audit_seal() from public;

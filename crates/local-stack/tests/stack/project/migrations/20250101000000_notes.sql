create table public.notes (
  note_id bigint generated always as identity primary key,
  owner uuid not null default auth.uid() references auth.users (id),
  body text not null
);
revoke all on public.notes from public, anon, authenticated, service_role;
grant select, insert on public.notes to authenticated;
alter table public.notes enable row level security;
create policy "Owners read their notes" on public.notes for select to authenticated
  using (owner = (select auth.uid()));
create policy "Owners write their notes" on public.notes for insert to authenticated
  with check (owner = (select auth.uid()));

select cron.schedule('call-echo', '1 seconds', $$
  select net.http_post(
    url := (select decrypted_secret from vault.decrypted_secrets where name = 'project_url')
      || '/functions/v1/echo/from-cron',
    headers := jsonb_build_object('apikey',
      (select decrypted_secret from vault.decrypted_secrets where name = 'worker_key')))
$$);

create table public.execution_logs (
  log_id bigint not null generated always as identity,
  execution_id uuid not null,
  at timestamptz not null default now(),
  level text not null,
  node_id uuid,
  action_id uuid,
  message text not null,
  constraint execution_logs_pkey primary key (execution_id, log_id),
  constraint execution_logs_execution_id_fkey foreign key (execution_id)
    references public.workflow_executions (execution_id) on delete cascade,
  constraint level_is_known check (level in ('debug', 'info', 'warn', 'error')),
  constraint message_has_at_most_10000_characters check (length(message) <= 10000)
);

comment on table public.execution_logs is 'What actions said while they ran. Append only.';

create trigger _010_refuse_change before update on public.execution_logs
  for each row execute function private.tg_refuse_change();

alter table public.execution_logs enable row level security;
revoke all on public.execution_logs from public, anon, authenticated, service_role;
revoke all on sequence public.execution_logs_log_id_seq from public, anon, authenticated, service_role;
grant select on public.execution_logs to authenticated;
grant insert on public.execution_logs to fm_engine;

create policy "Who sees a run sees its log" on public.execution_logs
  for select to authenticated
  using (exists (
    select from public.workflow_executions as execution
    where execution.execution_id = execution_logs.execution_id));

create policy "The engine writes the log" on public.execution_logs
  for insert to fm_engine with check (length(message) > 0);

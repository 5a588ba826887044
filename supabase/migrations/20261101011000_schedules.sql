-- Schedules start runs by a cron expression on the wall clock of a zone. When is
-- the domain's to say: the next time is stored as an instant, and whoever moves
-- it on has fired for it. That is what makes a time fire once, however many
-- workers look. What the engine keeps (the next time, what came of the last one)
-- is no change of the schedule: neither audited nor a new revision.

create type public.schedule_overlap_policy as enum ('skip', 'allowAll', 'cancelOther');
create type public.schedule_status as enum ('active', 'paused');

create table public.schedules (
  schedule_id uuid not null,
  model_id uuid not null,
  organization_id uuid,
  user_id uuid not null,
  version text not null,
  version_id uuid,
  parameters jsonb not null default '{}',
  environment public.execution_environment not null default 'production',
  priority public.execution_priority not null default 'normal',
  timeout_seconds integer,
  cron_expression text not null,
  time_zone text not null,
  starts_at timestamptz,
  ends_at timestamptz,
  overlap_policy public.schedule_overlap_policy not null default 'skip',
  catchup_window_seconds integer not null default 60,
  status public.schedule_status not null default 'active',
  next_fire_at timestamptz,
  claimed_until timestamptz,
  last_fire jsonb,
  unfinished uuid[] not null default '{}',
  revision integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint schedules_pkey primary key (schedule_id),
  constraint schedules_model_id_fkey foreign key (model_id)
    references public.function_models (model_id) on delete cascade,
  constraint schedules_organization_id_fkey foreign key (organization_id)
    references public.organizations (organization_id) on delete cascade,
  constraint schedules_user_id_fkey foreign key (user_id) references auth.users (id),
  constraint a_number_names_a_version check ((version = 'published') = (version_id is null)),
  constraint schedule_parameters_are_an_object check (jsonb_typeof(parameters) = 'object'),
  constraint run_has_1_second_to_30_days check (timeout_seconds between 1 and 2592000),
  constraint cron_expression_has_9_to_100_characters check (length(cron_expression) between 9 and 100),
  constraint time_zone_has_1_to_64_characters check (length(time_zone) between 1 and 64),
  constraint bounds_are_in_order check (starts_at < ends_at),
  constraint catchup_window_has_10_seconds_to_a_year check (catchup_window_seconds between 10 and 31536000),
  constraint paused_schedules_have_no_next_time check (status = 'active' or next_fire_at is null),
  constraint revision_counts_from_one check (revision >= 1)
);

create index schedules_model_id_idx on public.schedules (model_id, created_at desc, schedule_id desc);
create index schedules_created_at_idx on public.schedules (created_at desc, schedule_id desc);
create index schedules_organization_id_idx on public.schedules (organization_id);
create index schedules_user_id_idx on public.schedules (user_id);
create index schedules_next_fire_at_idx on public.schedules (next_fire_at) where next_fire_at is not null;

comment on table public.schedules is 'What starts runs of models at times.';
comment on column public.schedules.user_id is 'Its owner: who made or last changed it. Runs start in this person''s name and with their rights.';
comment on column public.schedules.version is 'A number, whose snapshot is version_id, or published: the one that is when a time has come.';
comment on column public.schedules.catchup_window_seconds is 'How late a run may start.';
comment on column public.schedules.next_fire_at is 'When the next run starts; null when paused, and when no time is left.';
comment on column public.schedules.claimed_until is 'Until then a worker looks after the next time; a hint that spares others the work, not a lock.';
comment on column public.schedules.last_fire is 'What the last time that came led to {scheduledFor, outcome, at, executionId?, code?}.';
comment on column public.schedules.unfinished is 'Runs it started that had not ended when it was last looked at.';

create trigger _010_refuse_truncate before truncate on public.schedules
  for each statement execute function private.tg_refuse_change();
create trigger _800_record_audit_log_of_insert after insert on public.schedules
  referencing new table as new_rows for each statement
  execute function private.tg_record_audit_log('schedule_id', 'schedule_id', 'next_fire_at,claimed_until,last_fire,unfinished');
create trigger _800_record_audit_log_of_update after update on public.schedules
  referencing old table as old_rows new table as new_rows for each statement
  execute function private.tg_record_audit_log('schedule_id', 'schedule_id', 'next_fire_at,claimed_until,last_fire,unfinished');
create trigger _800_record_audit_log_of_delete after delete on public.schedules
  referencing old table as old_rows for each statement
  execute function private.tg_record_audit_log('schedule_id', 'schedule_id', 'next_fire_at,claimed_until,last_fire,unfinished');

alter table public.schedules enable row level security;
revoke all on public.schedules from public, anon, authenticated, service_role;
grant select on public.schedules to authenticated;
grant select, insert, delete on public.schedules to fm_writer;
grant update (
  user_id, version, version_id, parameters, environment, priority, timeout_seconds, cron_expression, time_zone,
  starts_at, ends_at, overlap_policy, catchup_window_seconds, status, next_fire_at, claimed_until, revision, updated_at)
  on public.schedules to fm_writer;
grant select, update (next_fire_at, claimed_until, last_fire, unfinished) on public.schedules to fm_engine;

create policy "Who sees a model sees its schedules" on public.schedules
  for select to authenticated, fm_writer
  using (exists (
    select from public.function_models as model
    where model.model_id = schedules.model_id));

create policy "Executors make schedules in their own name" on public.schedules
  for insert to fm_writer
  with check (
    user_id = (select private.actor_id()) and revision = 1
    and exists (
      select from public.function_models as model
      where model.model_id = schedules.model_id
        and model.organization_id is not distinct from schedules.organization_id
        and (model.user_id = (select private.actor_id())
          or model.permissions -> 'editors' ? (select private.actor_id())::text
          or model.permissions -> 'executors' ? (select private.actor_id())::text
          or model.organization_id in (select private.my_organizations('{editor}'))))
  );

create policy "Executors change schedules, which are theirs from then on" on public.schedules
  for update to fm_writer
  using (exists (
    select from public.function_models as model
    where model.model_id = schedules.model_id
      and (model.user_id = (select private.actor_id())
        or model.permissions -> 'editors' ? (select private.actor_id())::text
        or model.permissions -> 'executors' ? (select private.actor_id())::text
        or model.organization_id in (select private.my_organizations('{editor}')))))
  with check (user_id = (select private.actor_id()) and revision > 1);

create policy "Executors remove schedules" on public.schedules
  for delete to fm_writer
  using (exists (
    select from public.function_models as model
    where model.model_id = schedules.model_id
      and (model.user_id = (select private.actor_id())
        or model.permissions -> 'editors' ? (select private.actor_id())::text
        or model.permissions -> 'executors' ? (select private.actor_id())::text
        or model.organization_id in (select private.my_organizations('{editor}')))));

create policy "The engine sees every schedule" on public.schedules
  for select to fm_engine using (true);
create policy "The engine moves schedules on" on public.schedules
  for update to fm_engine using (true);

-- Every fact about models and organizations, in the transaction that made it
-- true. Events are appended by private.append_events alone and never change.

create table public.domain_events (
  position bigint not null default nextval('private.event_positions'),
  event_id uuid not null default private.uuid_v7(),
  aggregate_type text not null,
  aggregate_id uuid not null,
  aggregate_version integer not null,
  event_type text not null,
  event_version smallint not null default 1,
  occurred_at timestamptz not null default now(),
  actor_id uuid,
  organization_id uuid,
  correlation_id text,
  causation_id uuid,
  traceparent text,
  data jsonb not null,
  constraint domain_events_pkey primary key (position),
  constraint place_in_stream_is_unique unique (aggregate_id, aggregate_version),
  constraint aggregate_type_is_known
    check (aggregate_type in ('function-model', 'node-link', 'ai-agent', 'organization', 'execution', 'schedule')),
  constraint event_type_is_named check (length(event_type) between 1 and 100),
  constraint stream_counts_from_one check (aggregate_version >= 1),
  constraint event_data_is_an_object check (jsonb_typeof(data) = 'object')
);

create index domain_events_occurred_at_idx on public.domain_events using brin (occurred_at);

comment on table public.domain_events is 'The event log of everything but runs (execution_events); both share their positions.';
comment on column public.domain_events.position is 'Place in the whole log. Read in this order only up to the watermark: read_events does.';
comment on column public.domain_events.aggregate_version is 'Place in the stream of its aggregate: 1, 2, 3 … without gaps.';
comment on column public.domain_events.correlation_id is 'The request that caused it.';

create trigger _010_announce_position before insert on public.domain_events
  for each statement execute function private.tg_events__announce_position();
create trigger _010_refuse_change before update or delete on public.domain_events
  for each row execute function private.tg_refuse_change();
create trigger _010_refuse_truncate before truncate on public.domain_events
  for each statement execute function private.tg_refuse_change();

alter table public.domain_events enable row level security;
revoke all on public.domain_events from public, anon, authenticated, service_role;
grant select on public.domain_events to authenticated;
grant insert on public.domain_events to fm_writer, fm_engine;
grant select on public.domain_events to fm_engine;

create policy "Who sees an aggregate reads its events" on public.domain_events
  for select to authenticated
  using (
    case aggregate_type
      when 'function-model' then exists (
        select from public.function_models as model
        where model.model_id = domain_events.aggregate_id)
      when 'organization' then aggregate_id in (select private.my_organizations())
      when 'node-link' then private.sees_link(aggregate_id)
      when 'ai-agent' then private.sees_agent(aggregate_id)
      when 'execution' then private.sees_coordination(aggregate_id)
      when 'schedule' then private.sees_schedule(aggregate_id)
      else false
    end
  );

create policy "The log's reader serves subscribers, who judge for themselves" on public.domain_events
  for select to fm_engine using (true);

create policy "Commands append events of their own user" on public.domain_events
  for insert to fm_writer with check (actor_id = (select private.actor_id()));

create policy "The engine appends what agents and schedules do by themselves" on public.domain_events
  for insert to fm_engine
  with check (aggregate_type in ('ai-agent', 'execution', 'schedule') and actor_id is null);

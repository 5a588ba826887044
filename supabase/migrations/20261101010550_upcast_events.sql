-- When the shape of a type's data changes, whoever reads an old event reads what
-- the steps of the domain make of it. For readers that have no steps, which is
-- SQL, a task of the service stores the same here, beside the logs: an event
-- itself never changes. Every migration of a version has a checkpoint, which
-- moves with what is stored in one transaction, so that it goes on after an
-- interruption and nothing is left out.

create table private.upcast_events (
  position bigint not null,
  event_version smallint not null,
  data jsonb not null,
  upcast_at timestamptz not null default now(),
  constraint upcast_events_pkey primary key (position),
  constraint upcast_version_follows_another check (event_version >= 2),
  constraint upcast_data_is_an_object check (jsonb_typeof(data) = 'object')
);

comment on table private.upcast_events is
  'Old events in a newer shape, beside the logs: join either log by position, and take what is here before what is there.';
comment on column private.upcast_events.position is
  'The event''s place in the whole log. No foreign key: there are two logs, and partitions of one are dropped when archived; what is here of them goes with them.';
comment on column private.upcast_events.event_version is 'The version of the shape of data.';
comment on column private.upcast_events.data is 'The whole data of the event, of runs too.';

create table private.event_migrations (
  event_type text not null,
  from_version smallint not null,
  to_version smallint not null,
  position bigint not null default 0,
  migrated bigint not null default 0,
  started_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint event_migrations_pkey primary key (event_type, from_version, to_version),
  constraint migrated_type_is_named check (length(event_type) between 1 and 100),
  constraint migration_leads_to_a_newer_version check (from_version >= 1 and to_version > from_version),
  constraint migration_position_is_not_negative check (position >= 0)
);

comment on table private.event_migrations is
  'How far events of a type and version are stored in a newer version.';
comment on column private.event_migrations.position is 'The checkpoint: of the events up to here none is left.';
comment on column private.event_migrations.migrated is 'How many events were stored until now.';

alter table private.upcast_events enable row level security;
alter table private.event_migrations enable row level security;
revoke all on private.upcast_events, private.event_migrations from public, anon, authenticated, service_role;
grant select, insert, update on private.upcast_events, private.event_migrations to fm_engine;

create policy "The engine keeps events in their newer shape" on private.upcast_events
  for all to fm_engine using (true) with check (true);
create policy "The engine keeps how far migrations have come" on private.event_migrations
  for all to fm_engine using (true) with check (true);

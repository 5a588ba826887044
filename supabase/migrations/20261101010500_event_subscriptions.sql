-- Who follows the log. A checkpoint is a position: everything up to it was
-- handled, set aside or parked. One consumer works at a time: each batch has a
-- number that only rises, and only the newest can be settled, so a consumer that
-- was thought lost cannot move the checkpoint any more.

create table private.event_subscriptions (
  name text not null,
  event_types text[],
  aggregate_types text[],
  position bigint not null,
  batch bigint not null default 0,
  leased_until timestamptz,
  delivered_up_to bigint,
  delivered uuid[] not null default '{}',
  max_attempts smallint not null default 8,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint event_subscriptions_pkey primary key (name),
  constraint subscription_name_is_a_word check (name ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
  constraint position_is_not_negative check (position >= 0),
  constraint events_are_tried_1_to_100_times check (max_attempts between 1 and 100)
);

-- Identifiers do not compress, and trying costs each batch.
alter table private.event_subscriptions alter column delivered set storage external;

comment on table private.event_subscriptions is 'Who follows the event log, and how far each has come.';
comment on column private.event_subscriptions.event_types is 'Only events of these types; null means all.';
comment on column private.event_subscriptions.aggregate_types is 'Only events of things of these kinds; null means all.';
comment on column private.event_subscriptions.position is 'The checkpoint: nothing up to here is delivered again, but for what was set aside.';
comment on column private.event_subscriptions.batch is 'Number of the newest batch; settling any other is refused.';
comment on column private.event_subscriptions.leased_until is 'Until then nobody else is given a batch.';
comment on column private.event_subscriptions.delivered_up_to is 'Where the checkpoint goes when the newest batch is settled; null when none is open.';
comment on column private.event_subscriptions.delivered is 'The events of the open batch that are behind the checkpoint.';

-- An event that failed waits here for its next try, and later events of its
-- aggregate wait behind it. The rest of the log goes on.

create table private.set_aside_events (
  subscription text not null,
  position bigint not null,
  event_id uuid not null,
  aggregate_id uuid not null,
  attempts smallint not null default 0,
  due_at timestamptz not null default now(),
  delivered_in bigint,
  last_error text,
  constraint set_aside_events_pkey primary key (subscription, position),
  constraint set_aside_events_subscription_fkey foreign key (subscription)
    references private.event_subscriptions (name) on delete cascade
);

create index set_aside_events_aggregate_id_idx on private.set_aside_events (subscription, aggregate_id, position);

comment on table private.set_aside_events is 'Events of a subscription that failed, and later ones of the same aggregates.';
comment on column private.set_aside_events.attempts is 'How often it failed; 0 for one that only waits for another.';
comment on column private.set_aside_events.delivered_in is 'The batch it was delivered in last.';

create table private.dead_letter_events (
  subscription text not null,
  position bigint not null,
  event_id uuid not null,
  aggregate_id uuid not null,
  attempts smallint not null,
  error text not null,
  parked_at timestamptz not null default now(),
  constraint dead_letter_events_pkey primary key (subscription, position),
  constraint dead_letter_events_subscription_fkey foreign key (subscription)
    references private.event_subscriptions (name) on delete cascade
);

comment on table private.dead_letter_events is
  'Events that failed too often. An administrator has them tried again or drops them.';

alter table private.event_subscriptions enable row level security;
alter table private.set_aside_events enable row level security;
alter table private.dead_letter_events enable row level security;
revoke all on private.event_subscriptions, private.set_aside_events, private.dead_letter_events
  from public, anon, authenticated, service_role;
grant select, insert, update, delete
  on private.event_subscriptions, private.set_aside_events, private.dead_letter_events to fm_engine;

create policy "The engine keeps subscriptions" on private.event_subscriptions
  for all to fm_engine using (true) with check (true);
create policy "The engine keeps what was set aside" on private.set_aside_events
  for all to fm_engine using (true) with check (true);
create policy "The engine keeps dead letters" on private.dead_letter_events
  for all to fm_engine using (true) with check (true);

create index domain_events_event_type_idx on public.domain_events (event_type, position);

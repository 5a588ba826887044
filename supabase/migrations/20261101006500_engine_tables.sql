-- What only the engine keeps. `ready` is a narrow queue for steps that nobody was
-- handed at once: backlog, retries, released ones, those of a lost worker. Its
-- rows are hints: the step's own row says whether it still is ready, so nobody
-- needs to find and remove rows that time has overtaken.

create table private.ready (
  priority smallint not null,
  due_at timestamptz not null,
  execution_id uuid not null,
  step integer not null,
  ready_id bigint not null generated always as identity,
  constraint ready_pkey primary key (priority, due_at, ready_id)
) with (
  autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 0);

comment on table private.ready is 'Steps to hand out, most urgent and longest due first.';
comment on column private.ready.priority is '0 high, 1 normal, 2 low.';
comment on column private.ready.step is '-1 begins a run that is pending.';

create table private.worker_leases (
  lease_token uuid not null,
  worker text not null,
  expires_at timestamptz not null,
  constraint worker_leases_pkey primary key (lease_token)
) with (fillfactor = 50);

comment on table private.worker_leases is
  'One row per worker, renewed by each exchange. When it expires, all it holds returns to the queue.';

create table private.live_executions (
  execution_id uuid not null,
  deadline timestamptz,
  constraint live_executions_pkey primary key (execution_id)
);

create index live_executions_deadline_idx on private.live_executions (deadline) where deadline is not null;

comment on table private.live_executions is
  'Runs that have not ended, so that the sweep finds lost steps and deadlines without an index on a column that changes.';

create table private.group_cursors (
  execution_id uuid not null,
  group_id integer not null,
  next integer not null,
  constraint group_cursors_pkey primary key (execution_id, group_id)
);

comment on table private.group_cursors is 'How many members of a limited parallel group a run has released.';

alter table private.ready enable row level security;
alter table private.worker_leases enable row level security;
alter table private.live_executions enable row level security;
alter table private.group_cursors enable row level security;
revoke all on private.ready, private.worker_leases, private.live_executions, private.group_cursors
  from public, anon, authenticated, service_role;
grant select, insert, update, delete
  on private.ready, private.worker_leases, private.live_executions, private.group_cursors to fm_engine;

create policy "The engine keeps its queue" on private.ready for all to fm_engine using (true) with check (true);
create policy "The engine keeps its leases" on private.worker_leases for all to fm_engine using (true) with check (true);
create policy "The engine keeps its list of live runs" on private.live_executions for all to fm_engine using (true) with check (true);
create policy "The engine keeps its cursors" on private.group_cursors for all to fm_engine using (true) with check (true);

-- A turn is the work of one call of the engine on the runs that it locked: what
-- was handed to the worker, and the events and changes to tell. Functions take a
-- turn and give it back changed; each of them works on all runs of the turn at
-- once, so that a call costs few statements however many steps it moves. The
-- rows of steps are written on the way, those of the runs by write_turn alone,
-- with their events.

create type private.step_run as (
  execution_id uuid,
  version_id uuid,
  step integer,
  kind text,
  status public.step_status,
  attempt integer,
  failures integer,
  started_at timestamptz,
  opened_by integer,
  group_id integer,
  successors integer[],
  action_id uuid,
  event jsonb
);

create type private.arrival as (execution_id uuid, version_id uuid, step integer);
create type private.step_end as (execution_id uuid, steps integer, container_status public.step_status);
create type private.step_change as (execution_id uuid, change jsonb);
create type private.event_draft as (aggregate_id uuid, event_type text, actor_id uuid, facts jsonb);
create type private.run_end as (
  execution_id uuid, status public.execution_status, outputs jsonb, errors jsonb);

create type private.turn as (
  at text,
  lease_token uuid,
  want integer,
  touched uuid[],
  resting uuid[],
  begun uuid[],
  arrivals private.arrival[],
  ends private.step_end[],
  drafts private.event_draft[],
  changes private.step_change[],
  claimed private.arrival[],
  run_ends private.run_end[]
);

comment on type private.step_run is 'A step in a run: its row, and what the plan says of it.';
comment on type private.arrival is 'A step of which one predecessor has ended.';
comment on type private.step_end is 'Steps of a run that have ended, fewer than none when they are to end again; of one that ends a container, how.';
comment on type private.step_change is 'What became of an action, for the broadcast of its run.';
comment on type private.event_draft is 'An event of a run that has no number yet.';
comment on type private.run_end is 'How a run ends; errors of its own, those of its actions are added.';
comment on type private.turn is 'The work of one call of the engine on the runs that it locked.';
comment on column private.turn.at is 'The instant of the call as it travels.';
comment on column private.turn.want is 'How many more actions the worker takes.';
comment on column private.turn.touched is 'The runs to write.';
comment on column private.turn.resting is 'Runs of which nothing is handed out: they are paused.';
comment on column private.turn.begun is 'Pending runs that this turn begins.';

create function private.open_turn(lease_token uuid, want integer, touched uuid[]) returns private.turn
language plpgsql stable set search_path = ''
as $$
begin
  return row(
    private.wire_time(now()), lease_token, case when lease_token is null then 0 else want end, touched,
    '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')::private.turn;
end
$$;

comment on function private.open_turn(uuid, integer, uuid[]) is
  'Begins the work on runs that the caller has locked, for a worker that wants so many steps.';

create function private.draft_event(
  turn private.turn, execution_id uuid, event_type text, facts jsonb, actor_id uuid default null
)
returns private.turn
language plpgsql set search_path = ''
as $$
begin
  turn.drafts := turn.drafts || row(
    draft_event.execution_id, draft_event.event_type, draft_event.actor_id, draft_event.facts)::private.event_draft;
  return turn;
end
$$;

comment on function private.draft_event(private.turn, uuid, text, jsonb, uuid) is
  'Adds the next event of a run''s stream to the turn.';

create function private.change_of(step private.step_run, status text) returns private.step_change
language plpgsql immutable set search_path = ''
as $$
begin
  return row(step.execution_id, jsonb_build_object(
    'actionId', step.action_id, 'name', step.event -> 'actionName', 'status', change_of.status,
    'attempt', step.attempt))::private.step_change;
end
$$;

comment on function private.change_of(private.step_run, text) is 'What became of an action, as broadcasts tell it.';

revoke all on function private.open_turn(uuid, integer, uuid[]) from public;
revoke all on function private.draft_event(private.turn, uuid, text, jsonb, uuid) from public;
revoke all on function private.change_of(private.step_run, text) from public;
grant execute on function private.open_turn(uuid, integer, uuid[]) to fm_engine;
grant execute on function private.draft_event(private.turn, uuid, text, jsonb, uuid) to fm_engine;
grant execute on function private.change_of(private.step_run, text) to fm_engine;

-- A turn is the work on one locked run within one call: the run's row as it will
-- be written, what was handed to the worker, and the events and changes to tell.
-- Functions take a turn and give it back changed; nothing of it is written until
-- close_turn and publish_turns, so that each run costs one update, and a call one
-- insert of events and one of broadcasts.

create type private.event_draft as (
  aggregate_id uuid,
  aggregate_version integer,
  event_type text,
  organization_id uuid,
  actor_id uuid,
  facts jsonb
);

create type private.turn as (
  execution public.workflow_executions,
  at text,
  lease_token uuid,
  want integer,
  claimed integer[],
  drafts private.event_draft[],
  changes jsonb
);

comment on type private.turn is 'The work on one locked run within one call of the engine.';
comment on column private.turn.at is 'The instant of the call as it travels.';
comment on column private.turn.want is 'How many more actions the worker takes.';

create function private.open_turn(execution public.workflow_executions, lease_token uuid, want integer)
returns private.turn
language plpgsql stable set search_path = ''
as $$
begin
  return row(execution, private.wire_time(now()), lease_token, want, '{}', '{}', '[]')::private.turn;
end
$$;

comment on function private.open_turn(public.workflow_executions, uuid, integer) is
  'Begins the work on a run that the caller has locked, for a worker that wants so many steps.';

create function private.draft_event(turn private.turn, event_type text, facts jsonb, actor_id uuid default null)
returns private.turn
language plpgsql set search_path = ''
as $$
begin
  turn.execution.stream_version := (turn.execution).stream_version + 1;
  turn.drafts := turn.drafts || row(
    (turn.execution).execution_id, (turn.execution).stream_version, draft_event.event_type,
    (turn.execution).organization_id, draft_event.actor_id, draft_event.facts)::private.event_draft;
  return turn;
end
$$;

comment on function private.draft_event(private.turn, text, jsonb, uuid) is
  'Adds the next event of the run''s stream to the turn.';

create function private.note_change(turn private.turn, step private.plan_steps, status text, attempt integer)
returns private.turn
language plpgsql set search_path = ''
as $$
begin
  -- A message is a hint and stays small; who wants all reads the run.
  if jsonb_array_length(turn.changes) >= 100 then
    return turn;
  end if;
  turn.changes := turn.changes || jsonb_build_object(
    'actionId', step.action_id, 'name', step.event -> 'actionName', 'status', note_change.status,
    'attempt', note_change.attempt);
  return turn;
end
$$;

comment on function private.note_change(private.turn, private.plan_steps, text, integer) is
  'Adds what became of an action to the broadcast of the turn, up to a hundred.';

revoke all on function private.open_turn(public.workflow_executions, uuid, integer) from public;
revoke all on function private.draft_event(private.turn, text, jsonb, uuid) from public;
revoke all on function private.note_change(private.turn, private.plan_steps, text, integer) from public;
grant execute on function private.open_turn(public.workflow_executions, uuid, integer) to fm_engine;
grant execute on function private.draft_event(private.turn, text, jsonb, uuid) to fm_engine;
grant execute on function private.note_change(private.turn, private.plan_steps, text, integer) to fm_engine;

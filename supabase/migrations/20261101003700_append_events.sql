-- Versions are gapless because whoever appends holds the lock on the aggregate's
-- row. The highest version is read with the owner's rights: policies could hide
-- an event from the writer, and its number would be given out twice.

create function private.stream_version(aggregate_id uuid) returns integer
language plpgsql volatile security definer set search_path = ''
as $$
begin
  return coalesce((
    select max(event.aggregate_version)
    from public.domain_events as event
    where event.aggregate_id = stream_version.aggregate_id), 0);
end
$$;

comment on function private.stream_version(uuid) is
  'Number of the newest event of an aggregate, 0 when there is none. Definer: it must see every event.';

revoke all on function private.stream_version(uuid) from public;
grant execute on function private.stream_version(uuid) to fm_writer, fm_engine;

create function private.append_events(aggregate_type text, aggregate_id uuid, organization_id uuid, events jsonb)
returns void
language plpgsql set search_path = ''
as $$
declare
  v_request jsonb := private.current_request();
  v_request_id text := v_request ->> 'requestId';
  v_traceparent text := v_request ->> 'traceparent';
  v_first uuid := v_request ->> 'eventId';
  v_actor_id uuid := private.actor_id();
  -- Version 7 identifiers of one statement begin alike; making each anew would be the dearest part of a row.
  v_prefix text := left(private.uuid_v7()::text, 15);
  v_version integer;
begin
  if current_user not in ('fm_writer', 'fm_engine') then
    raise exception using errcode = '42501', message = 'Only commands append events';
  end if;
  if coalesce(jsonb_array_length(append_events.events), 0) = 0 then
    return;
  end if;
  v_version := private.stream_version(append_events.aggregate_id);
  insert into public.domain_events (
    event_id, aggregate_type, aggregate_id, aggregate_version, event_type, event_version,
    actor_id, organization_id, correlation_id, traceparent, data)
  select
    case when draft.place = 1 and v_first is not null then v_first
      else overlay(gen_random_uuid()::text placing v_prefix from 1 for 15)::uuid end,
    append_events.aggregate_type, append_events.aggregate_id, v_version + draft.place,
    draft.event ->> 'eventType', coalesce((draft.event ->> 'eventVersion')::smallint, 1),
    v_actor_id, append_events.organization_id, v_request_id, v_traceparent, draft.event -> 'data'
  from jsonb_array_elements(append_events.events) with ordinality as draft (event, place)
  order by draft.place;
end
$$;

comment on function private.append_events(text, uuid, uuid, jsonb) is
  'Appends [{eventType, eventVersion?, data}] to the stream of an aggregate whose row the caller has locked.';

revoke all on function private.append_events(text, uuid, uuid, jsonb) from public;
grant execute on function private.append_events(text, uuid, uuid, jsonb) to fm_writer, fm_engine;

create function private.agent_removed(agent_id uuid) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_array(jsonb_build_object(
    'eventType', 'AIAgentConfigurationUpdated', 'eventVersion', 1, 'data', jsonb_build_object(
      'agentId', agent_removed.agent_id, 'configuration', '{"removed": true}'::jsonb,
      'updatedBy', private.actor_id(), 'updatedAt', private.wire_time(now()))))
$$;

comment on function private.agent_removed(uuid) is
  'What is appended when an agent goes with what it serves.';

revoke all on function private.agent_removed(uuid) from public;
grant execute on function private.agent_removed(uuid) to fm_writer;

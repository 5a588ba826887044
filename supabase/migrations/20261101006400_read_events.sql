create function private.events_between(
  after_position bigint, up_to bigint, event_types text[], aggregate_types text[], max_count integer,
  attempt integer default null)
returns table ("position" bigint, event_id uuid, aggregate_id uuid, envelope text)
language sql stable set search_path = '' set plan_cache_mode = 'force_custom_plan'
as $$
  -- Text, for a value of jsonb would be built here and taken apart again by whatever holds it. What is
  -- null leaves no trace; what may hold any character is quoted by to_json.
  select event.position, event.event_id, event.aggregate_id, concat(
    '{"eventId":"', event.event_id, '","eventType":', to_json(event.event_type),
    ',"eventVersion":', event.event_version, ',"aggregateType":"', event.aggregate_type,
    '","aggregateId":"', event.aggregate_id, '","aggregateVersion":', event.aggregate_version,
    ',"position":', event.position, ',"occurredAt":"',
    to_char(event.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), '"',
    ',"actorId":"' || event.actor_id || '"', ',"organizationId":"' || event.organization_id || '"',
    ',"correlationId":' || to_json(event.correlation_id), ',"causationId":"' || event.causation_id || '"',
    ',"traceparent":' || to_json(event.traceparent), ',"attempt":' || events_between.attempt,
    ',"data":', event.data, '}')
  from (
    (select stored.position, stored.event_id, stored.aggregate_type, stored.aggregate_id,
            stored.aggregate_version, stored.event_type, stored.event_version, stored.occurred_at,
            stored.actor_id, stored.organization_id, stored.correlation_id, stored.causation_id,
            stored.traceparent, stored.data
     from public.domain_events as stored
     where stored.position > events_between.after_position and stored.position <= events_between.up_to
       and (events_between.event_types is null or stored.event_type = any (events_between.event_types))
       and (events_between.aggregate_types is null or stored.aggregate_type = any (events_between.aggregate_types))
     order by stored.position limit events_between.max_count)
    union all
    (select stored.position, stored.event_id, 'execution', stored.aggregate_id,
            stored.aggregate_version, stored.event_type, stored.event_version, stored.occurred_at,
            stored.actor_id, stored.organization_id, coalesce(stored.correlation_id, stored.aggregate_id::text),
            stored.causation_id, stored.traceparent,
            -- As the computed field data, which is a call for each event.
            jsonb_build_object('executionId', stored.aggregate_id, 'modelId', (
              select execution.model_id from public.workflow_executions as execution
              where execution.execution_id = stored.aggregate_id)) || stored.facts
     from public.execution_events as stored
     where stored.position > events_between.after_position and stored.position <= events_between.up_to
       and (events_between.event_types is null or stored.event_type = any (events_between.event_types))
       and (events_between.aggregate_types is null or 'execution' = any (events_between.aggregate_types))
     order by stored.position limit events_between.max_count)
  ) as event
  order by event.position
  limit events_between.max_count
$$;

comment on function private.events_between(bigint, bigint, text[], text[], integer, integer) is
  'The events of both logs after a position and up to another, in order and in wire form, as JSON text; filters that are null let everything pass.';

revoke all on function private.events_between(bigint, bigint, text[], text[], integer, integer) from public;
grant execute on function private.events_between(bigint, bigint, text[], text[], integer, integer) to fm_engine;

create function public.read_events(after_position bigint default 0, max_count integer default 100) returns json
language plpgsql volatile set role = 'fm_engine' set search_path = ''
as $$
declare
  v_watermark bigint := private.event_watermark();
  v_events text;
  v_seen integer;
  v_last bigint;
  v_count integer := greatest(1, least(coalesce(read_events.max_count, 100), 1000));
begin
  select string_agg(event.envelope, ',' order by event.position), count(*), max(event.position)
  into v_events, v_seen, v_last
  from private.events_between(read_events.after_position, v_watermark, null, null, v_count) as event;
  return concat(
    '{"events":[', v_events, '],"position":',
    case when v_seen = v_count then v_last else greatest(v_watermark, read_events.after_position) end, '}');
end
$$;

comment on function public.read_events(bigint, integer) is
  'Answers {events, position}: the log after a position, in order, and the position to go on from. Call it by POST: a replica cannot see who is still writing.';

create function public.read_watermark() returns bigint
language sql volatile set role = 'fm_engine' set search_path = ''
as $$
  select private.event_watermark()
$$;

comment on function public.read_watermark() is
  'The position up to which no event can appear any more, for readers of the tables. Call it by POST.';

revoke all on function public.read_watermark() from public, anon, authenticated, service_role;
grant execute on function public.read_watermark() to service_role;

revoke all on function public.read_events(bigint, integer) from public, anon, authenticated, service_role;
grant execute on function public.read_events(bigint, integer) to service_role;

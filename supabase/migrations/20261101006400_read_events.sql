create function public.read_events(after_position bigint default 0, max_count integer default 100) returns jsonb
language plpgsql volatile set role = 'fm_engine' set search_path = ''
as $$
declare
  v_watermark bigint := private.event_watermark();
  v_events jsonb;
  v_count integer := greatest(1, least(coalesce(read_events.max_count, 100), 1000));
begin
  select coalesce(jsonb_agg(private.event_envelope(event::public.domain_events) order by event.position), '[]') into v_events
  from (
    (select * from public.domain_events as event
     where event.position > read_events.after_position and event.position <= v_watermark
     order by event.position limit v_count)
    union all
    (select * from public.execution_events as event
     where event.position > read_events.after_position and event.position <= v_watermark
     order by event.position limit v_count)
    order by position
    limit v_count
  ) as event;
  return jsonb_build_object(
    'events', v_events,
    'position', case when jsonb_array_length(v_events) = v_count
      then (v_events -> -1 ->> 'position')::bigint
      else greatest(v_watermark, read_events.after_position) end);
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

create function private.event_envelope(event public.domain_events) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_strip_nulls(jsonb_build_object(
    'eventId', event.event_id, 'eventType', event.event_type, 'aggregateType', event.aggregate_type,
    'aggregateId', event.aggregate_id, 'aggregateVersion', event.aggregate_version,
    'position', event.position, 'eventVersion', event.event_version,
    'occurredAt', private.wire_time(event.occurred_at), 'actorId', event.actor_id,
    'organizationId', event.organization_id,
    'correlationId', coalesce(event.correlation_id, event.aggregate_id::text),
    'causationId', event.causation_id, 'traceparent', event.traceparent))
    || jsonb_build_object('data', event.data)
$$;

comment on function private.event_envelope(public.domain_events) is 'An event in wire form.';

revoke all on function private.event_envelope(public.domain_events) from public;
grant execute on function private.event_envelope(public.domain_events) to fm_engine;
revoke all on function public.read_events(bigint, integer) from public, anon, authenticated, service_role;
grant execute on function public.read_events(bigint, integer) to service_role;

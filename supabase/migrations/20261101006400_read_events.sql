create function public.read_events(after_position bigint default 0, max_count integer default 100) returns jsonb
language plpgsql volatile set role = 'fm_engine' set search_path = ''
as $$
declare
  v_watermark bigint := private.event_watermark();
  v_events jsonb;
  v_count integer := greatest(1, least(coalesce(read_events.max_count, 100), 1000));
begin
  select coalesce(jsonb_agg(event.envelope order by event.position), '[]') into v_events
  from (
    (select stored.position, private.event_envelope(stored) as envelope
     from public.domain_events as stored
     where stored.position > read_events.after_position and stored.position <= v_watermark
     order by stored.position limit v_count)
    union all
    (select stored.position, private.envelope_of_run(stored) as envelope
     from public.execution_events as stored
     where stored.position > read_events.after_position and stored.position <= v_watermark
     order by stored.position limit v_count)
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
language plpgsql stable set search_path = ''
as $$
begin
  return jsonb_strip_nulls(jsonb_build_object(
    'eventId', event.event_id, 'eventType', event.event_type, 'aggregateType', event.aggregate_type,
    'aggregateId', event.aggregate_id, 'aggregateVersion', event.aggregate_version,
    'position', event.position, 'eventVersion', event.event_version,
    'occurredAt', private.wire_time(event.occurred_at), 'actorId', event.actor_id,
    'organizationId', event.organization_id,
    'correlationId', event.correlation_id,
    'causationId', event.causation_id, 'traceparent', event.traceparent))
    || jsonb_build_object('data', event.data);
end
$$;

comment on function private.event_envelope(public.domain_events) is 'An event in wire form.';

create function private.envelope_of_run(stored public.execution_events) returns jsonb
language plpgsql stable set search_path = ''
as $$
begin
  return private.event_envelope(row(
    stored.position, stored.event_id, 'execution', stored.aggregate_id, stored.aggregate_version,
    stored.event_type, stored.event_version, stored.occurred_at, stored.actor_id, stored.organization_id,
    coalesce(stored.correlation_id, stored.aggregate_id::text), stored.causation_id, stored.traceparent,
    public.data(stored))::public.domain_events);
end
$$;

comment on function private.envelope_of_run(public.execution_events) is 'An event of a run in wire form.';

revoke all on function private.envelope_of_run(public.execution_events) from public;
grant execute on function private.envelope_of_run(public.execution_events) to fm_engine;
revoke all on function private.event_envelope(public.domain_events) from public;
grant execute on function private.event_envelope(public.domain_events) to fm_engine;
revoke all on function public.read_events(bigint, integer) from public, anon, authenticated, service_role;
grant execute on function public.read_events(bigint, integer) to service_role;

-- Events are put into wire form as text; whatever they hold, it stays JSON, and what is null is absent.
do $$
declare
  c_odd constant text := E'a "quoted" \\ back\nslash \t and ünïcode';
  v_id uuid := gen_random_uuid();
  v_run uuid := gen_random_uuid();
  v_event_id uuid;
  v_at timestamptz := '2026-03-01 12:00:00.5+02';
  v_from bigint := coalesce(pg_sequence_last_value('private.event_positions'), 0);
  v_expected jsonb;
  v_events jsonb;
begin
  insert into public.domain_events (
    aggregate_type, aggregate_id, aggregate_version, event_type, occurred_at, correlation_id, traceparent, data)
  values ('ai-agent', v_id, 1, c_odd, v_at, c_odd, c_odd, jsonb_build_object(c_odd, c_odd, 'nothing', null))
  returning event_id into v_event_id;
  v_expected := jsonb_build_object(
    'eventId', v_event_id, 'eventType', c_odd, 'eventVersion', 1, 'aggregateType', 'ai-agent', 'aggregateId', v_id,
    'aggregateVersion', 1, 'position', v_from + 1, 'occurredAt', '2026-03-01T10:00:00.500Z',
    'correlationId', c_odd, 'traceparent', c_odd, 'data', jsonb_build_object(c_odd, c_odd, 'nothing', null));
  insert into public.domain_events (
    aggregate_type, aggregate_id, aggregate_version, event_type, actor_id, organization_id, causation_id, data)
  values ('ai-agent', v_id, 2, 'Second', v_id, v_id, v_id, '{}');
  insert into public.execution_events (aggregate_id, aggregate_version, event_type, facts)
  values (v_run, 1, c_odd, jsonb_build_object(c_odd, null));
  -- The test's own transaction is still open, so the log is read as if it had ended.
  create or replace function private.event_watermark() returns bigint language sql as
    $sql$ select pg_sequence_last_value('private.event_positions') $sql$;

  set local role service_role;
  v_events := public.read_events(v_from, 10) -> 'events';
  perform public.save_event_subscription(jsonb_build_object('name', 'odd', 'afterPosition', v_from));
  reset role;
  perform test.equal(v_events -> 0, v_expected, 'an event of a model');
  perform test.equal(
    array[v_events -> 1 ->> 'actorId', v_events -> 1 ->> 'organizationId', v_events -> 1 ->> 'causationId'],
    array_fill(v_id::text, array[3]), 'what is known of an event');
  perform test.equal(v_events -> 2 ->> 'aggregateType', 'execution', 'kind of an event of a run');
  perform test.equal(v_events -> 2 ->> 'correlationId', v_run::text, 'a run causes its own events');
  perform test.equal(
    v_events -> 2 -> 'data', jsonb_build_object('executionId', v_run, 'modelId', null, c_odd, null), 'data of a run');

  set local role service_role;
  v_events := public.fetch_events('{"name": "odd"}') -> 'events';
  reset role;
  perform test.equal(v_events -> 0, v_expected || '{"attempt": 1}', 'the same to a subscriber');
end
$$;

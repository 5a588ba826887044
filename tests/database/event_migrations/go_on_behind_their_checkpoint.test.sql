-- Old events are handed out batch by batch from both logs, and stored in their newer shape beside them;
-- the checkpoint moves with what is stored, and who comes late moves nothing.
create or replace function private.event_watermark() returns bigint language sql as
  $sql$ select coalesce(pg_sequence_last_value('private.event_positions'), 0) $sql$;

create function test.ask(name text, more jsonb default '{}') returns jsonb language plpgsql as $$
declare
  v_answer jsonb;
begin
  set local role service_role;
  execute format('select public.%I($1)', name) into v_answer
  using '{"eventType": "ShapeChanged", "fromVersion": 1, "toVersion": 3}' || more;
  reset role;
  return v_answer;
end
$$;

-- A batch as it comes back: its data with another name for a field.
create function test.renamed(batch jsonb) returns jsonb language sql as $$
  select batch || jsonb_build_object('events', coalesce((
    select jsonb_agg(jsonb_build_object(
      'position', event -> 'position', 'data', jsonb_build_object('name', event -> 'data' -> 'title')) order by place)
    from jsonb_array_elements(batch -> 'events') with ordinality as list (event, place)), '[]'))
$$;

create function test.titles(batch jsonb) returns jsonb language sql as $$
  select jsonb_path_query_array(batch, '$.events[*].data.title')
$$;

do $$
declare
  v_stream uuid := gen_random_uuid();
  v_before jsonb;
  v_first jsonb;
  v_batch jsonb;
  v_answer jsonb;
begin
  insert into public.domain_events (aggregate_type, aggregate_id, aggregate_version, event_type, event_version, data)
  values ('organization', v_stream, 1, 'ShapeChanged', 1, '{"title": "a"}'),
         ('organization', v_stream, 2, 'ShapeChanged', 2, '{"name": "newer"}'),
         ('organization', v_stream, 3, 'Other', 1, '{"title": "other"}'),
         ('organization', v_stream, 4, 'ShapeChanged', 1, '{"title": "b"}');
  insert into public.execution_events (aggregate_id, aggregate_version, event_type, facts)
  values (v_stream, 1, 'ShapeChanged', '{"title": "c"}');
  insert into public.domain_events (aggregate_type, aggregate_id, aggregate_version, event_type, event_version, data)
  values ('organization', v_stream, 5, 'ShapeChanged', 1, '{"title": "d"}');
  v_before := (
    select jsonb_agg(to_jsonb(event) order by event.position)
    from public.domain_events as event where event.aggregate_id = v_stream);

  v_first := test.ask('read_old_events', '{"limit": 2}');
  perform test.equal(test.titles(v_first), '["a", "b"]', 'of that type and version, in order');
  perform test.equal(v_first -> 'last', 'false', 'there is more');
  perform test.equal(
    v_first -> 'position', v_first -> 'events' -> 1 -> 'position', 'a full batch goes as far as its last event');
  perform test.equal(test.ask('read_old_events', '{"limit": 2}'), v_first, 'who was lost in between left no trace');

  v_answer := test.ask('save_upcast_events', test.renamed(v_first));
  perform test.equal(
    v_answer, jsonb_build_object('moved', true, 'migrated', 2, 'position', v_first -> 'position', 'total', 2), 'stored');
  v_answer := test.ask('save_upcast_events', test.renamed(v_first));
  perform test.equal(
    v_answer, jsonb_build_object('moved', false, 'migrated', 0, 'position', v_first -> 'position', 'total', 2),
    'who comes late stores nothing');

  v_batch := test.ask('read_old_events', '{"limit": 100}');
  perform test.equal(test.titles(v_batch), '["c", "d"]', 'goes on behind it, in the log of runs too');
  perform test.equal(v_batch -> 'events' -> 0 -> 'data' ->> 'executionId', v_stream::text, 'the whole data of a run');
  perform test.equal(v_batch -> 'last', 'true', 'up to the watermark');
  v_batch := test.renamed(v_batch);
  -- What is no old event of the type, or lies elsewhere in the log, is not stored.
  v_batch := jsonb_set(v_batch, '{events}', (v_batch -> 'events') || jsonb_build_array(
    jsonb_build_object('position', v_before -> 1 -> 'position', 'data', '{"name": "x"}'::jsonb),
    jsonb_build_object('position', v_before -> 2 -> 'position', 'data', '{"name": "x"}'::jsonb),
    jsonb_build_object('position', v_before -> 0 -> 'position', 'data', '{"name": "x"}'::jsonb)));
  v_answer := test.ask('save_upcast_events', v_batch);
  perform test.equal(v_answer -> 'migrated', '2', 'the two of them alone');
  perform test.equal(v_answer -> 'total', '4', 'since the start');
  perform test.equal(
    (select jsonb_agg(jsonb_build_array(upcast.event_version, upcast.data -> 'name') order by upcast.position)
     from private.upcast_events as upcast
     where upcast.position >= (v_before -> 0 ->> 'position')::bigint),
    '[[3, "a"], [3, "b"], [3, "c"], [3, "d"]]', 'each once');
  perform test.equal((
    select jsonb_agg(to_jsonb(event) order by event.position)
    from public.domain_events as event where event.aggregate_id = v_stream), v_before, 'the log is what it was');

  v_batch := test.ask('read_old_events');
  perform test.equal(v_batch -> 'events', '[]', 'nothing is left');
  insert into public.domain_events (aggregate_type, aggregate_id, aggregate_version, event_type, event_version, data)
  values ('organization', v_stream, 6, 'ShapeChanged', 1, '{"title": "e"}');
  perform test.equal(test.titles(test.ask('read_old_events')), '["e"]', 'one more of the old version is found');

  -- To another version: from the start, and an older shape does not take the place of a newer.
  v_batch := test.ask('read_old_events', '{"toVersion": 2}');
  perform test.equal(test.titles(v_batch), '["a", "b", "c", "d", "e"]', 'a migration has its own checkpoint');
  v_answer := test.ask('save_upcast_events', test.renamed(v_batch) || '{"toVersion": 2}');
  perform test.equal(v_answer -> 'migrated', '1', 'what is stored in a newer shape stays');
  perform test.refused(
    $sql$select test.ask('save_upcast_events', '{"toVersion": 1, "afterPosition": 0, "position": 0}')$sql$,
    '23514', 'a version is migrated to a newer one');
end
$$;

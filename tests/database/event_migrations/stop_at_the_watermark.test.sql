-- A migration reads no further than where the log is final, and its checkpoint stays behind that.
do $$
declare
  v_command jsonb := '{"eventType": "ShapeChanged", "fromVersion": 1, "toVersion": 2}';
  v_before bigint;
  v_batch jsonb;
  v_answer jsonb;
begin
  insert into public.domain_events (aggregate_type, aggregate_id, aggregate_version, event_type, data)
  values ('organization', gen_random_uuid(), 1, 'ShapeChanged', '{}') returning position into v_before;
  -- The test's own transaction is open, so that its events are not final yet.
  set local role service_role;
  v_batch := public.read_old_events(v_command);
  v_answer := public.save_upcast_events(v_command || jsonb_build_object(
    'afterPosition', 0, 'position', v_before, 'events', '[]'::jsonb));
  reset role;
  perform test.equal(v_batch -> 'events', '[]', 'what is not final is not read');
  perform test.holds((v_batch ->> 'position')::bigint < v_before, 'a batch ends before it');
  perform test.equal(v_batch -> 'last', 'true', 'there is nothing else to do');
  perform test.holds((v_answer ->> 'position')::bigint < v_before, 'nor does the checkpoint pass it');
end
$$;

-- Editing one container of a model of 5,000 writes a few rows, not the model: counted in the write-ahead log.
do $$
declare
  v_owner uuid := test.user('owner@example.org');
  v_model_id uuid := test.model(v_owner, 'Large model');
  v_nodes jsonb;
  v_node jsonb;
  v_start pg_lsn;
  v_whole bigint;
  v_edit bigint;
begin
  select jsonb_agg(test.node(gen_random_uuid())) into v_nodes from generate_series(1, 5000);
  v_start := pg_current_wal_insert_lsn();
  perform test.save(v_owner, v_model_id, jsonb_build_object('containers', jsonb_build_object('put', v_nodes)));
  v_whole := pg_current_wal_insert_lsn() - v_start;

  -- The first edit after a checkpoint also logs whole pages, so the second is the one that counts.
  for v_edit_number in 1..2 loop
    v_node := v_nodes -> (2000 + v_edit_number) || '{"name": "Renamed"}';
    v_start := pg_current_wal_insert_lsn();
    perform test.save(v_owner, v_model_id, jsonb_build_object(
      'containers', jsonb_build_object('put', jsonb_build_array(v_node)),
      'events', test.event('ContainerNodeModified', jsonb_build_object('modelId', v_model_id))));
    v_edit := pg_current_wal_insert_lsn() - v_start;
  end loop;

  perform test.holds(v_whole > 1000000, 'the whole model is large: ' || v_whole || ' bytes');
  perform test.holds(v_edit < 16384, 'one edit is small: ' || v_edit || ' bytes');
end
$$;

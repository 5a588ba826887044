-- What a thing was at a time follows from its changes: rows that came later are missing, rows that went are back.
do $$
declare
  v_user uuid := test.user('author@example.org');
  v_stranger uuid := test.user('stranger@example.org');
  v_model uuid := test.model(v_user, 'Told');
  v_kept uuid := gen_random_uuid();
  v_gone uuid := gen_random_uuid();
  v_states jsonb;
begin
  perform test.save(v_user, v_model, jsonb_build_object('containers', jsonb_build_object('put', jsonb_build_array(
    test.node(v_kept, '{"metadata": {"a": 1}, "description": "first"}'), test.node(v_gone)))));
  perform test.save(v_user, v_model, jsonb_build_object('containers', jsonb_build_object('put', jsonb_build_array(
    test.node(v_kept, '{"name": "Renamed", "metadata": {"b": 2}}')))));
  perform test.save(v_user, v_model, jsonb_build_object('containers', jsonb_build_object('remove', jsonb_build_array(v_gone))));

  v_states := test.seen_by(v_user, format(
    'select * from public.read_states(%L, now()) order by table_name', v_model));
  perform test.equal(jsonb_array_length(v_states), 2, 'the model and the container that is left');
  perform test.equal(
    (v_states -> 0 -> 'state') - 'visual_properties',
    (select to_jsonb(node) - 'visual_properties' from public.container_nodes as node where node_id = v_kept), 'as it is now');
  perform test.equal(v_states -> 0 -> 'complete', 'true', 'from its creation on');
  perform test.equal(v_states -> 0 ->> 'changed_by', v_user::text, 'and who was last');
  perform test.equal(
    (v_states -> 1 -> 'state') ->> 'name', 'Told', 'the model itself');
  perform test.equal(
    test.seen_by(v_user, format('select * from public.read_states(%L, now() - interval ''1 second'')', v_model)), '[]', 'nothing before');
  perform test.equal(
    test.seen_by(v_stranger, format('select * from public.read_states(%L, now())', v_model)), '[]', 'nothing for a stranger');
end
$$;

-- Without its creation only what changed is known, a second life does not remember the first, and time cuts in between.
do $$
declare
  v_user uuid := test.user('other@example.org');
  v_record uuid := gen_random_uuid();
  v_case record;
begin
  insert into public.audit_logs (table_name, operation, record_id, row_id, old_data, new_data, changed_by, changed_at)
  values
    ('things', 'update', v_record, v_record, '{"a": 1}', '{"a": 2}', v_user, now() - interval '9 hours'),
    ('things', 'delete', v_record, v_record, '{"a": 2, "b": 1}', null, v_user, now() - interval '8 hours'),
    ('things', 'create', v_record, v_record, null, '{"c": null}', v_user, now() - interval '7 hours'),
    ('things', 'update', v_record, v_record, '{"c": null}', '{"c": 5}', v_user, now() - interval '6 hours');
  for v_case in
    select * from (values
      (9, '[[{"a": 2}, false]]'::jsonb), (8, '[]'), (7, '[[{"c": null}, true]]'), (6, '[[{"c": 5}, true]]')) as told (hours, expected)
  loop
    perform test.equal(
      test.seen_by(v_user, format(
        'select jsonb_build_array(state, complete) as told from public.read_states(%L, now() - interval ''%s hours'')',
        v_record, v_case.hours)) ->> 0,
      (select jsonb_build_object('told', told) from jsonb_array_elements(v_case.expected) as told)::text,
      format('%s hours ago', v_case.hours));
  end loop;
end
$$;

-- Containers, actions and dependencies are written within a save of their model and not beside it.
do $$
declare
  v_user uuid := test.user('author@example.org');
  v_model uuid := test.model(v_user, 'Saved');
  v_other uuid := test.model(v_user, 'Another');
  v_node uuid := gen_random_uuid();
  v_add text := 'insert into public.container_nodes (model_id, node_id, node_type, name, position_x, position_y)
    values (%L, gen_random_uuid(), ''stageNode'', ''Stage'', 0, 0)';
begin
  perform test.save(v_user, v_other, jsonb_build_object('containers', jsonb_build_object(
    'put', jsonb_build_array(test.node(v_node)))));
  perform test.refused(format('select test.run_as(%L, %L, %L)', 'fm_writer', v_user, format(v_add, v_model)),
    '42501', 'no model is being saved');

  perform set_config('fm.request', jsonb_build_object('modelId', v_model)::text, true);
  perform test.run_as('fm_writer', v_user, format(v_add, v_model));
  perform test.refused(format('select test.run_as(%L, %L, %L)', 'fm_writer', v_user, format(v_add, v_other)),
    '42501', 'another one');
  perform test.run_as('fm_writer', v_user, format('delete from public.container_nodes where node_id = %L', v_node));
  perform test.holds(
    exists (select from public.container_nodes where node_id = v_node), 'a container of another one stays');
end
$$;

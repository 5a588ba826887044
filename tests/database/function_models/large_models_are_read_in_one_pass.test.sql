-- The parts of a large model are read once each, also when the database's statistics know of small models only.
do $$
declare
  v_user uuid := test.user('author@example.org');
  v_model uuid := test.model(v_user, 'Large');
  v_nodes uuid[] := array(select gen_random_uuid() from generate_series(1, 2000));
  v_small uuid;
  v_pair uuid[];
  v_plan json;
  v_blocks bigint;
begin
  for number in 1..50 loop
    v_small := test.model(v_user, 'Small ' || number);
    v_pair := array[gen_random_uuid(), gen_random_uuid()];
    insert into public.container_nodes (model_id, node_id, node_type, name, position_x, position_y)
    select v_small, node_id, 'stageNode', 'Stage', 0, 0 from unnest(v_pair) as node_id;
    insert into public.node_dependencies (model_id, node_id, dependency_id, position)
    values (v_small, v_pair[1], v_pair[2], 1);
  end loop;
  analyze public.function_models, public.container_nodes, public.node_dependencies;
  insert into public.container_nodes (model_id, node_id, node_type, name, position_x, position_y)
  select v_model, node_id, 'stageNode', 'Stage', 0, 0 from unnest(v_nodes) as node_id;
  insert into public.node_dependencies (model_id, node_id, dependency_id, position)
  select v_model, v_nodes[number], v_nodes[number - step], step
  from generate_series(6, 2000) as number, generate_series(1, 5) as step;

  perform set_config('request.jwt.claims', test.actor(v_user)::text, true);
  set local role authenticated;
  execute format(
    'explain (analyze, buffers, format json) '
    'select nodes(model), action_nodes(model) from public.function_models as model where model_id = %L', v_model)
  into v_plan;
  reset role;
  v_blocks := (v_plan -> 0 -> 'Plan' ->> 'Shared Hit Blocks')::bigint;
  perform test.holds(v_blocks < 20 * (2000 + 9975), 'a few blocks for each row, not ' || v_blocks);
end
$$;

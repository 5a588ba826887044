-- Containers that wait for each other leave in one save.
do $$
declare
  v_owner uuid := test.user('owner@example.org');
  v_model uuid := test.model(v_owner, 'Emptied');
  v_first uuid := gen_random_uuid();
  v_second uuid := gen_random_uuid();
begin
  perform test.save(v_owner, v_model, jsonb_build_object(
    'containers', jsonb_build_object('put', jsonb_build_array(test.node(v_first), test.node(v_second))),
    'dependencies', jsonb_build_object('add', jsonb_build_array(
      jsonb_build_object('nodeId', v_second, 'dependencyId', v_first)))));
  perform test.save(v_owner, v_model, jsonb_build_object(
    'containers', jsonb_build_object('remove', jsonb_build_array(v_first, v_second))));
  perform test.holds(
    not exists (select from public.container_nodes where model_id = v_model), 'the containers are gone');
  perform test.holds(
    not exists (select from public.node_dependencies where model_id = v_model), 'and what they waited for');
end
$$;

-- The order matters: what others refer to goes last when removing and comes
-- first when adding.

create function private.change_structure(model_id uuid, command jsonb) returns void
language plpgsql set search_path = ''
as $$
declare
  v_model_id uuid := change_structure.model_id;
begin
  delete from public.node_dependencies as dependency
  using jsonb_to_recordset(command -> 'dependencies' -> 'remove') as gone ("nodeId" uuid, "dependencyId" uuid)
  where dependency.model_id = v_model_id
    and dependency.node_id = gone."nodeId" and dependency.dependency_id = gone."dependencyId";

  delete from public.action_nodes as action
  where action.model_id = v_model_id
    and action.action_id in (
      select gone::uuid from jsonb_array_elements_text(command -> 'actions' -> 'remove') as gone);

  delete from public.container_nodes as node
  where node.model_id = v_model_id
    and node.node_id in (
      select gone::uuid from jsonb_array_elements_text(command -> 'containers' -> 'remove') as gone);

  if command -> 'containers' ? 'put' then
    perform private.put_container_nodes(v_model_id, command -> 'containers' -> 'put');
  end if;
  if command -> 'actions' ? 'put' then
    perform private.put_action_nodes(v_model_id, command -> 'actions' -> 'put');
  end if;

  insert into public.node_dependencies (model_id, node_id, dependency_id, position)
  select v_model_id, (added.edge ->> 'nodeId')::uuid, (added.edge ->> 'dependencyId')::uuid,
         added.place + coalesce((
           select max(dependency.position) from public.node_dependencies as dependency
           where dependency.model_id = v_model_id and dependency.node_id = (added.edge ->> 'nodeId')::uuid), 0)
  from jsonb_array_elements(command -> 'dependencies' -> 'add') with ordinality as added (edge, place);
end
$$;

comment on function private.change_structure(uuid, jsonb) is
  'Applies the parts containers, actions and dependencies of a save to the rows of a locked model.';

revoke all on function private.change_structure(uuid, jsonb) from public;
grant execute on function private.change_structure(uuid, jsonb) to fm_writer;

-- The order matters: what others refer to goes last when removing and comes
-- first when adding.

create function private.change_structure(model_id uuid, command jsonb) returns void
language plpgsql set search_path = ''
as $$
declare
  v_model_id uuid := change_structure.model_id;
  v_wanted bigint := coalesce(jsonb_array_length(command -> 'dependencies' -> 'remove'), 0)
    + coalesce(jsonb_array_length(command -> 'actions' -> 'remove'), 0)
    + coalesce(jsonb_array_length(command -> 'containers' -> 'remove'), 0);
begin
  -- Plans made for a few rows compare each of thousands with each other one: then rows are found by
  -- hashing, whatever the statistics say. A plan around a ban counts as costly, which alone would
  -- have it compiled.
  if pg_column_size(command) > 100000 then
    perform set_config('plan_cache_mode', 'force_custom_plan', true),
            set_config('enable_nestloop', 'off', true),
            set_config('jit', 'off', true);
  end if;

  delete from public.node_dependencies as dependency
  using jsonb_to_recordset(command -> 'dependencies' -> 'remove') as gone ("nodeId" uuid, "dependencyId" uuid)
  where dependency.model_id = v_model_id
    and dependency.node_id = gone."nodeId" and dependency.dependency_id = gone."dependencyId";

  -- Of several containers that leave together, what they wait for goes first: each
  -- would otherwise be kept by the others.
  delete from public.node_dependencies as dependency
  where dependency.model_id = v_model_id
    and dependency.node_id in (
      select gone::uuid from jsonb_array_elements_text(command -> 'containers' -> 'remove') as gone);

  delete from public.action_nodes as action
  where action.model_id = v_model_id
    and action.action_id in (
      select gone::uuid from jsonb_array_elements_text(command -> 'actions' -> 'remove') as gone);

  delete from public.container_nodes as node
  where node.model_id = v_model_id
    and node.node_id in (
      select gone::uuid from jsonb_array_elements_text(command -> 'containers' -> 'remove') as gone);

  -- Rows that policies keep from being removed are passed over in silence.
  if v_wanted > 0 and private.any_left(v_model_id, command) then
    raise exception using errcode = '42501', message = 'Not allowed to change this model', detail = 'edit';
  end if;

  if command -> 'containers' ? 'put' then
    perform private.put_container_nodes(v_model_id, command -> 'containers' -> 'put');
  end if;
  if command -> 'actions' ? 'put' then
    perform private.put_action_nodes(v_model_id, command -> 'actions' -> 'put');
  end if;

  -- Each node's new dependencies come after those it has, in the order of the list.
  with added as materialized (
    select (list.edge ->> 'nodeId')::uuid as node_id, (list.edge ->> 'dependencyId')::uuid as dependency_id, list.place
    from jsonb_array_elements(command -> 'dependencies' -> 'add') with ordinality as list (edge, place)
  ), last as (
    select dependency.node_id, max(dependency.position) as position
    from public.node_dependencies as dependency
    where dependency.model_id = v_model_id
      and dependency.node_id in (select distinct added.node_id from added)
    group by dependency.node_id
  )
  insert into public.node_dependencies (model_id, node_id, dependency_id, position)
  select v_model_id, added.node_id, added.dependency_id, coalesce(last.position, 0) + added.place
  from added
  left join last on last.node_id = added.node_id;
end
$$;

comment on function private.change_structure(uuid, jsonb) is
  'Applies the parts containers, actions and dependencies of a save to the rows of a locked model.';

create function private.any_left(model_id uuid, command jsonb) returns boolean
language plpgsql volatile set search_path = ''
as $$
begin
  return exists (
      select from public.node_dependencies as dependency
      join jsonb_to_recordset(command -> 'dependencies' -> 'remove') as gone ("nodeId" uuid, "dependencyId" uuid)
        on dependency.node_id = gone."nodeId" and dependency.dependency_id = gone."dependencyId"
      where dependency.model_id = any_left.model_id)
    or exists (
      select from public.action_nodes as action
      where action.model_id = any_left.model_id
        and action.action_id in (
          select gone::uuid from jsonb_array_elements_text(command -> 'actions' -> 'remove') as gone))
    or exists (
      select from public.container_nodes as node
      where node.model_id = any_left.model_id
        and node.node_id in (
          select gone::uuid from jsonb_array_elements_text(command -> 'containers' -> 'remove') as gone));
end
$$;

comment on function private.any_left(uuid, jsonb) is
  'Whether anything that a save removes is still there.';

revoke all on function private.any_left(uuid, jsonb) from public;
grant execute on function private.any_left(uuid, jsonb) to fm_writer;
revoke all on function private.change_structure(uuid, jsonb) from public;
grant execute on function private.change_structure(uuid, jsonb) to fm_writer;

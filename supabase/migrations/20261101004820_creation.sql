-- The event of a creation tells everything that a new model is made of. Rows
-- and the first snapshot are taken from it, so that a large model travels once
-- and not three times. They are taken from where they stand: to build them into
-- a command first would copy them once for each level of it.

create function private.insert_structure(model_id uuid, nodes jsonb, actions jsonb) returns void
language plpgsql set search_path = '' set plan_cache_mode = 'force_custom_plan'
set enable_nestloop = 'off' set jit = 'off'
as $$
begin
  perform private.put_container_nodes(insert_structure.model_id, insert_structure.nodes);
  perform private.put_action_nodes(insert_structure.model_id, insert_structure.actions);
  insert into public.node_dependencies (model_id, node_id, dependency_id, position)
  select insert_structure.model_id, (node ->> 'nodeId')::uuid, dependency.id::uuid, dependency.place
  from jsonb_array_elements(insert_structure.nodes) as node,
       jsonb_array_elements_text(node -> 'dependencies') with ordinality as dependency (id, place);
end
$$;

comment on function private.insert_structure(uuid, jsonb, jsonb) is
  'Stores the containers of a new model, with what they wait for, and its actions, all in wire form.';

create function private.snapshot_of_creation(created jsonb) returns jsonb
language sql immutable set search_path = ''
as $$
  select (
      select coalesce(jsonb_object_agg(field.key, field.value), '{}')
      from jsonb_each(created) as field
      where field.key in ('name', 'description', 'aiAgentConfig', 'metadata'))
    || jsonb_build_object(
      'nodes', (
        select coalesce(jsonb_object_agg(node ->> 'nodeId', node), '{}')
        from jsonb_array_elements(coalesce(created -> 'nodes', '[]')) as node),
      'actionNodes', (
        select coalesce(jsonb_object_agg(action ->> 'actionId', action), '{}')
        from jsonb_array_elements(coalesce(created -> 'actionNodes', '[]')) as action))
$$;

comment on function private.snapshot_of_creation(jsonb) is
  'The first snapshot of a model, as the data of the event of its creation tell it.';

revoke all on function private.insert_structure(uuid, jsonb, jsonb) from public;
revoke all on function private.snapshot_of_creation(jsonb) from public;
grant execute on function private.insert_structure(uuid, jsonb, jsonb) to fm_writer;
grant execute on function private.snapshot_of_creation(jsonb) to fm_writer;

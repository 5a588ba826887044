-- The event of a creation tells everything that a new model is made of. Rows
-- and the first snapshot are taken from it, so that a large model travels once
-- and not three times.

create function private.complete_creation(command jsonb) returns jsonb
language plpgsql immutable set search_path = ''
as $$
declare
  v_created jsonb := command -> 'events' -> 0 -> 'data';
  v_nodes jsonb := coalesce(v_created -> 'nodes', '[]');
  v_actions jsonb := coalesce(v_created -> 'actionNodes', '[]');
begin
  if command -> 'events' -> 0 ->> 'eventType' is distinct from 'FunctionModelCreated' then
    return command;
  end if;
  if not command ?| '{containers,actions,dependencies}' and jsonb_array_length(v_nodes) + jsonb_array_length(v_actions) > 0 then
    command := command || jsonb_build_object(
      'containers', jsonb_build_object('put', (
        select coalesce(jsonb_agg(node order by node ->> 'createdAt', node ->> 'nodeId'), '[]')
        from jsonb_array_elements(v_nodes) as node)),
      'actions', jsonb_build_object('put', v_actions),
      'dependencies', jsonb_build_object('add', (
        select coalesce(jsonb_agg(
          jsonb_build_object('nodeId', node -> 'nodeId', 'dependencyId', dependency.id)
          order by node ->> 'nodeId', dependency.place), '[]')
        from jsonb_array_elements(v_nodes) as node,
             jsonb_array_elements(node -> 'dependencies') with ordinality as dependency (id, place))));
  end if;
  if command ? 'version' and not command -> 'version' ? 'versionData' then
    command := jsonb_set(command, '{version,versionData}', (
      select coalesce(jsonb_object_agg(field.key, field.value), '{}')
      from jsonb_each(v_created) as field
      where field.key in ('name', 'description', 'aiAgentConfig', 'metadata'))
      || jsonb_build_object(
        'nodes', (
          select coalesce(jsonb_object_agg(node ->> 'nodeId', node), '{}') from jsonb_array_elements(v_nodes) as node),
        'actionNodes', (
          select coalesce(jsonb_object_agg(action ->> 'actionId', action), '{}')
          from jsonb_array_elements(v_actions) as action)));
  end if;
  return command;
end
$$;

comment on function private.complete_creation(jsonb) is
  'A save that creates a model, with containers, actions, dependencies and the first snapshot as its event tells them, where it does not bring its own.';

revoke all on function private.complete_creation(jsonb) from public;
grant execute on function private.complete_creation(jsonb) to fm_writer;

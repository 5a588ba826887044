create function public.nodes(model public.function_models) returns json
language sql stable set search_path = ''
as $$
  select coalesce(json_object_agg(
    node.node_id,
    json_build_object(
      'nodeId', node.node_id,
      'modelId', node.model_id,
      'nodeType', node.node_type,
      'name', node.name,
      'description', node.description,
      'position', json_build_object('x', node.position_x, 'y', node.position_y),
      'dependencies', coalesce((
        select json_agg(dependency.dependency_id order by dependency.position)
        from public.node_dependencies as dependency
        where dependency.model_id = node.model_id and dependency.node_id = node.node_id), '[]'),
      'executionType', node.execution_type,
      'status', node.status,
      'timeoutMs', node.timeout_ms,
      'metadata', node.metadata,
      'visualProperties', node.visual_properties,
      'typeSpecificData', node.type_specific_data,
      'createdAt', private.wire_time(node.created_at),
      'updatedAt', private.wire_time(node.updated_at))
    order by node.created_at, node.node_id), '{}')
  from public.container_nodes as node
  where node.model_id = model.model_id
$$;

comment on function public.nodes(public.function_models) is
  'Computed field: the containers of a model by id, in wire form (absent values are null).';

revoke all on function public.nodes(public.function_models) from public, anon, authenticated, service_role;
grant execute on function public.nodes(public.function_models) to authenticated;

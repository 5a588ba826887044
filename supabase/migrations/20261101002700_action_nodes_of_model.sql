create function public.action_nodes(model public.function_models) returns json
language sql stable set search_path = ''
as $$
  select coalesce(json_object_agg(
    action.action_id,
    json_build_object(
      'actionId', action.action_id,
      'modelId', action.model_id,
      'parentNodeId', action.parent_node_id,
      'actionType', action.action_type,
      'name', action.name,
      'description', action.description,
      'executionMode', action.execution_mode,
      'executionOrder', action.execution_order,
      'status', action.status,
      'priority', action.priority,
      'estimatedDurationMinutes', action.estimated_duration_minutes,
      'retryPolicy', action.retry_policy,
      'raci', action.raci,
      'actionSpecificData', action.action_specific_data,
      'metadata', action.metadata,
      'createdAt', private.wire_time(action.created_at),
      'updatedAt', private.wire_time(action.updated_at))
    order by action.created_at, action.action_id), '{}')
  from public.action_nodes as action
  where action.model_id = model.model_id
$$;

comment on function public.action_nodes(public.function_models) is
  'Computed field: the actions of a model by id, in wire form (absent values are null).';

revoke all on function public.action_nodes(public.function_models) from public, anon, authenticated, service_role;
grant execute on function public.action_nodes(public.function_models) to authenticated;

create function private.put_action_nodes(model_id uuid, actions jsonb) returns void
language plpgsql set search_path = ''
as $$
declare
  v_updated integer;
  v_inserted integer;
begin
  update public.action_nodes as saved
  set parent_node_id = action."parentNodeId",
      name = action.name,
      description = action.description,
      execution_mode = action."executionMode",
      execution_order = action."executionOrder",
      status = action.status,
      priority = action.priority,
      estimated_duration_minutes = action."estimatedDurationMinutes",
      retry_policy = action."retryPolicy",
      raci = action.raci,
      action_specific_data = action."actionSpecificData",
      metadata = action.metadata,
      updated_at = coalesce(action."updatedAt", now())
  from private.action_nodes_of(put_action_nodes.actions) as action
  where saved.model_id = put_action_nodes.model_id and saved.action_id = action."actionId";
  get diagnostics v_updated = row_count;

  insert into public.action_nodes (
    model_id, action_id, parent_node_id, action_type, name, description, execution_mode, execution_order,
    status, priority, estimated_duration_minutes, retry_policy, raci, action_specific_data, metadata, created_at, updated_at)
  select put_action_nodes.model_id, action."actionId", action."parentNodeId", action."actionType", action.name,
         action.description, action."executionMode", action."executionOrder", action.status, action.priority,
         action."estimatedDurationMinutes", action."retryPolicy", action.raci, action."actionSpecificData",
         action.metadata, coalesce(action."createdAt", now() + action.place * interval '1 microsecond'),
         coalesce(action."updatedAt", now())
  from private.action_nodes_of(put_action_nodes.actions) as action
  where not exists (
    select from public.action_nodes as saved
    where saved.model_id = put_action_nodes.model_id and saved.action_id = action."actionId");
  get diagnostics v_inserted = row_count;

  -- A row that policies keep from being updated is passed over in silence.
  if v_updated + v_inserted < jsonb_array_length(put_action_nodes.actions) then
    raise exception using errcode = '42501', message = 'Not allowed to change this model', detail = 'edit';
  end if;
end
$$;

comment on function private.put_action_nodes(uuid, jsonb) is
  'Stores whole actions in wire form, changed or new. Their times are those of their events; without them new ones keep the order of the list.';

create function private.action_nodes_of(actions jsonb)
returns table (
  "actionId" uuid, "parentNodeId" uuid, "actionType" text, name text, description text, "executionMode" text,
  "executionOrder" integer, status text, priority smallint, "estimatedDurationMinutes" double precision,
  "retryPolicy" jsonb, raci jsonb, "actionSpecificData" jsonb, metadata jsonb,
  "createdAt" timestamptz, "updatedAt" timestamptz, place bigint)
language sql stable set search_path = ''
as $$
  select (action ->> 'actionId')::uuid, (action ->> 'parentNodeId')::uuid, action ->> 'actionType',
         action ->> 'name', action ->> 'description', coalesce(action ->> 'executionMode', 'sequential'),
         (action ->> 'executionOrder')::integer, coalesce(action ->> 'status', 'draft'),
         coalesce((action ->> 'priority')::smallint, 5::smallint),
         (action ->> 'estimatedDurationMinutes')::double precision,
         nullif(action -> 'retryPolicy', 'null'),
         coalesce(nullif(action -> 'raci', 'null'), '{"responsible": ["System"]}'),
         action -> 'actionSpecificData', coalesce(nullif(action -> 'metadata', 'null'), '{}'),
         (action ->> 'createdAt')::timestamptz, (action ->> 'updatedAt')::timestamptz, place
  from jsonb_array_elements(actions) with ordinality as list (action, place)
$$;

comment on function private.action_nodes_of(jsonb) is 'Actions in wire form as rows.';

revoke all on function private.put_action_nodes(uuid, jsonb) from public;
revoke all on function private.action_nodes_of(jsonb) from public;
grant execute on function private.put_action_nodes(uuid, jsonb) to fm_writer;
grant execute on function private.action_nodes_of(jsonb) to fm_writer;

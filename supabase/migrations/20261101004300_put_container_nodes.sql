create function private.put_container_nodes(model_id uuid, nodes jsonb) returns void
language plpgsql set search_path = ''
as $$
declare
  v_updated integer;
  v_inserted integer;
begin
  -- Update, then insert the rest: an upsert would demand the right to insert
  -- even of publishers, who only activate nodes.
  update public.container_nodes as saved
  set name = node.name,
      description = node.description,
      position_x = node.x,
      position_y = node.y,
      execution_type = node."executionType",
      status = node.status,
      timeout_ms = node."timeoutMs",
      metadata = node.metadata,
      visual_properties = node."visualProperties",
      type_specific_data = node."typeSpecificData",
      updated_at = coalesce(node."updatedAt", now())
  from private.container_nodes_of(put_container_nodes.nodes) as node
  where saved.model_id = put_container_nodes.model_id and saved.node_id = node."nodeId";
  get diagnostics v_updated = row_count;

  insert into public.container_nodes (
    model_id, node_id, node_type, name, description, position_x, position_y, execution_type, status,
    timeout_ms, metadata, visual_properties, type_specific_data, created_at, updated_at)
  select put_container_nodes.model_id, node."nodeId", node."nodeType", node.name, node.description, node.x, node.y,
         node."executionType", node.status, node."timeoutMs", node.metadata, node."visualProperties",
         node."typeSpecificData",
         coalesce(node."createdAt",
           now() - (jsonb_array_length(put_container_nodes.nodes) - node.place) * interval '1 millisecond'),
         coalesce(node."updatedAt", now())
  from private.container_nodes_of(put_container_nodes.nodes) as node
  where not exists (
    select from public.container_nodes as saved
    where saved.model_id = put_container_nodes.model_id and saved.node_id = node."nodeId");
  get diagnostics v_inserted = row_count;

  -- A row that policies keep from being updated is passed over in silence.
  if v_updated + v_inserted < jsonb_array_length(put_container_nodes.nodes) then
    raise exception using errcode = '42501', message = 'Not allowed to change this model', detail = 'edit';
  end if;
end
$$;

comment on function private.put_container_nodes(uuid, jsonb) is
  'Stores whole containers in wire form, changed or new; their dependencies travel separately. Their times are those of their events; without them new ones count as created one millisecond after another, the last of them now.';

create function private.container_nodes_of(nodes jsonb)
returns table (
  "nodeId" uuid, "nodeType" text, name text, description text, x double precision, y double precision,
  "executionType" text, status text, "timeoutMs" integer, metadata jsonb, "visualProperties" jsonb,
  "typeSpecificData" jsonb, "createdAt" timestamptz, "updatedAt" timestamptz, place bigint)
language sql stable set search_path = ''
as $$
  select (node ->> 'nodeId')::uuid, node ->> 'nodeType', node ->> 'name', node ->> 'description',
         (node -> 'position' ->> 'x')::double precision, (node -> 'position' ->> 'y')::double precision,
         coalesce(node ->> 'executionType', 'sequential'), coalesce(node ->> 'status', 'draft'),
         (node ->> 'timeoutMs')::integer, coalesce(nullif(node -> 'metadata', 'null'), '{}'),
         coalesce(nullif(node -> 'visualProperties', 'null'), '{}'),
         coalesce(nullif(node -> 'typeSpecificData', 'null'), '{}'),
         (node ->> 'createdAt')::timestamptz, (node ->> 'updatedAt')::timestamptz,
         row_number() over (order by node ->> 'createdAt', place)
  from jsonb_array_elements(nodes) with ordinality as list (node, place)
$$;

comment on function private.container_nodes_of(jsonb) is 'Containers in wire form as rows, numbered by when they were created, else in the order of the list.';

revoke all on function private.put_container_nodes(uuid, jsonb) from public;
revoke all on function private.container_nodes_of(jsonb) from public;
grant execute on function private.put_container_nodes(uuid, jsonb) to fm_writer;
grant execute on function private.container_nodes_of(jsonb) to fm_writer;

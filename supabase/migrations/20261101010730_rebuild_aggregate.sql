-- Rebuilding makes the rows of an aggregate what its events say. The module has
-- replayed them; here the rows are replaced, as far as they differ, in one
-- transaction that no writer of the aggregate gets between: each appends to the
-- stream, and the stream is compared under the lock of the row.
--
-- Nothing happened to the aggregate, so its stream gets no event. Triggers audit
-- and announce every changed row, with `rebuild` in the place of the event.

create function private.list_of(rows jsonb) returns jsonb
language sql immutable set search_path = ''
as $$
  select coalesce(jsonb_agg(row.value), '[]') from jsonb_each(rows) as row
$$;

comment on function private.list_of(jsonb) is 'Rows by key as a list; none for null.';

create function private.replace_model(model_id uuid, rows jsonb, plans jsonb) returns void
language plpgsql security definer set search_path = ''
as $$
declare
  v_model_id uuid := replace_model.model_id;
  v_request jsonb := private.current_request();
  v_before jsonb := private.rows_of_model(v_model_id);
  v_others uuid[] := array(
    select node.key::uuid from jsonb_each(coalesce(v_before -> 'container_nodes', '{}')) as node
    where node.value -> 'dependencies' is distinct from rows -> 'container_nodes' -> node.key -> 'dependencies');
begin
  if not rows ? 'function_models' then
    perform private.remove_function_model(v_model_id);
    return;
  end if;
  insert into public.function_models as saved (
    model_id, name, description, version, status, current_version, version_count, ai_agent_config, metadata,
    permissions, created_at, updated_at, last_saved_at, deleted_at, deleted_by, retain_until, user_id,
    organization_id, revision)
  select row.model_id, row.name, row.description, row.version, row.status, row.current_version,
    row.version_count, row.ai_agent_config, row.metadata, row.permissions, row.created_at, row.updated_at,
    row.last_saved_at, row.deleted_at, row.deleted_by, row.retain_until, row.user_id, row.organization_id,
    row.revision
  from jsonb_populate_recordset(null::public.function_models, private.list_of(rows -> 'function_models')) as row
  on conflict on constraint function_models_pkey do update
    set name = excluded.name, description = excluded.description, version = excluded.version,
      status = excluded.status, current_version = excluded.current_version,
      version_count = excluded.version_count, ai_agent_config = excluded.ai_agent_config,
      metadata = excluded.metadata, permissions = excluded.permissions, created_at = excluded.created_at,
      updated_at = excluded.updated_at, last_saved_at = excluded.last_saved_at,
      deleted_at = excluded.deleted_at, deleted_by = excluded.deleted_by,
      retain_until = excluded.retain_until, user_id = excluded.user_id,
      organization_id = excluded.organization_id, revision = excluded.revision
    where (saved.name, saved.description, saved.version, saved.status, saved.current_version,
      saved.version_count, saved.ai_agent_config, saved.metadata, saved.permissions, saved.created_at,
      saved.updated_at, saved.last_saved_at, saved.deleted_at, saved.deleted_by, saved.retain_until,
      saved.user_id, saved.organization_id, saved.revision)
      is distinct from (excluded.name, excluded.description, excluded.version, excluded.status, excluded.current_version,
      excluded.version_count, excluded.ai_agent_config, excluded.metadata, excluded.permissions,
      excluded.created_at, excluded.updated_at, excluded.last_saved_at, excluded.deleted_at,
      excluded.deleted_by, excluded.retain_until, excluded.user_id, excluded.organization_id,
      excluded.revision);

  delete from public.node_dependencies as dependency
  where dependency.model_id = v_model_id
    and (dependency.node_id = any (v_others)
      or not coalesce(rows -> 'container_nodes', '{}') ? dependency.dependency_id::text);
  delete from public.action_nodes as action
  where action.model_id = v_model_id
    and not coalesce(rows -> 'action_nodes', '{}') ? action.action_id::text;
  delete from public.container_nodes as node
  where node.model_id = v_model_id
    and not coalesce(rows -> 'container_nodes', '{}') ? node.node_id::text;
  insert into public.container_nodes as saved (
    model_id, node_id, node_type, name, description, position_x, position_y, execution_type, status,
    timeout_ms, metadata, visual_properties, type_specific_data, created_at, updated_at)
  select row.model_id, row.node_id, row.node_type, row.name, row.description, row.position_x, row.position_y,
    row.execution_type, row.status, row.timeout_ms, row.metadata, row.visual_properties,
    row.type_specific_data, row.created_at, row.updated_at
  from jsonb_populate_recordset(null::public.container_nodes, private.list_of(rows -> 'container_nodes')) as row
  on conflict on constraint container_nodes_pkey do update
    set node_type = excluded.node_type, name = excluded.name, description = excluded.description,
      position_x = excluded.position_x, position_y = excluded.position_y,
      execution_type = excluded.execution_type, status = excluded.status, timeout_ms = excluded.timeout_ms,
      metadata = excluded.metadata, visual_properties = excluded.visual_properties,
      type_specific_data = excluded.type_specific_data, created_at = excluded.created_at,
      updated_at = excluded.updated_at
    where (saved.node_type, saved.name, saved.description, saved.position_x, saved.position_y,
      saved.execution_type, saved.status, saved.timeout_ms, saved.metadata, saved.visual_properties,
      saved.type_specific_data, saved.created_at, saved.updated_at)
      is distinct from (excluded.node_type, excluded.name, excluded.description, excluded.position_x, excluded.position_y,
      excluded.execution_type, excluded.status, excluded.timeout_ms, excluded.metadata,
      excluded.visual_properties, excluded.type_specific_data, excluded.created_at, excluded.updated_at);
  insert into public.action_nodes as saved (
    model_id, action_id, parent_node_id, action_type, name, description, execution_mode, execution_order,
    status, priority, estimated_duration_minutes, retry_policy, raci, action_specific_data, metadata,
    created_at, updated_at)
  select row.model_id, row.action_id, row.parent_node_id, row.action_type, row.name, row.description,
    row.execution_mode, row.execution_order, row.status, row.priority, row.estimated_duration_minutes,
    row.retry_policy, row.raci, row.action_specific_data, row.metadata, row.created_at, row.updated_at
  from jsonb_populate_recordset(null::public.action_nodes, private.list_of(rows -> 'action_nodes')) as row
  on conflict on constraint action_nodes_pkey do update
    set parent_node_id = excluded.parent_node_id, action_type = excluded.action_type, name = excluded.name,
      description = excluded.description, execution_mode = excluded.execution_mode,
      execution_order = excluded.execution_order, status = excluded.status, priority = excluded.priority,
      estimated_duration_minutes = excluded.estimated_duration_minutes,
      retry_policy = excluded.retry_policy, raci = excluded.raci,
      action_specific_data = excluded.action_specific_data, metadata = excluded.metadata,
      created_at = excluded.created_at, updated_at = excluded.updated_at
    where (saved.parent_node_id, saved.action_type, saved.name, saved.description, saved.execution_mode,
      saved.execution_order, saved.status, saved.priority, saved.estimated_duration_minutes,
      saved.retry_policy, saved.raci, saved.action_specific_data, saved.metadata, saved.created_at,
      saved.updated_at)
      is distinct from (excluded.parent_node_id, excluded.action_type, excluded.name, excluded.description,
      excluded.execution_mode, excluded.execution_order, excluded.status, excluded.priority,
      excluded.estimated_duration_minutes, excluded.retry_policy, excluded.raci,
      excluded.action_specific_data, excluded.metadata, excluded.created_at, excluded.updated_at);
  insert into public.node_dependencies (model_id, node_id, dependency_id, position)
  select v_model_id, node.key::uuid, dependency.id::uuid, dependency.place
  from jsonb_each(rows -> 'container_nodes') as node,
       jsonb_array_elements_text(node.value -> 'dependencies') with ordinality as dependency (id, place)
  where node.key::uuid = any (v_others) or v_before -> 'container_nodes' -> node.key is null;

  perform set_config('fm.purging', 'true', true), set_config('fm.rebuilding', 'true', true);
  update public.function_model_versions as former
  set is_published = false
  where former.model_id = v_model_id and former.is_published
    and not coalesce((rows -> 'function_model_versions' -> former.version_id::text ->> 'is_published')::boolean, false);
  -- No trigger audits this, since nobody else removes a single version.
  with gone as (
    delete from public.function_model_versions as version
    where version.model_id = v_model_id
      and not coalesce(rows -> 'function_model_versions', '{}') ? version.version_id::text
    returning version.*
  )
  insert into public.audit_logs (
    table_name, operation, record_id, row_id, model_id, organization_id, old_data, changed_by, event_type,
    request_id, traceparent)
  select 'function_model_versions', 'delete', gone.model_id, gone.version_id, gone.model_id,
    (v_request ->> 'organizationId')::uuid, to_jsonb(gone) - 'version_data', private.actor_id(),
    v_request ->> 'eventType', v_request ->> 'requestId', v_request ->> 'traceparent'
  from gone;
  insert into public.function_model_versions as saved (
    version_id, model_id, version_number, version_data, author_id, is_published, notes, previous_version,
    created_at)
  select row.version_id, row.model_id, row.version_number, row.version_data, row.author_id, row.is_published,
    row.notes, row.previous_version, row.created_at
  from jsonb_populate_recordset(null::public.function_model_versions, private.list_of(rows -> 'function_model_versions')) as row
  on conflict on constraint function_model_versions_pkey do update
    set model_id = excluded.model_id, version_number = excluded.version_number,
      version_data = excluded.version_data, author_id = excluded.author_id,
      is_published = excluded.is_published, notes = excluded.notes,
      previous_version = excluded.previous_version, created_at = excluded.created_at
    where (saved.model_id, saved.version_number, saved.version_data, saved.author_id, saved.is_published,
      saved.notes, saved.previous_version, saved.created_at)
      is distinct from (excluded.model_id, excluded.version_number, excluded.version_data, excluded.author_id,
      excluded.is_published, excluded.notes, excluded.previous_version, excluded.created_at);
  perform private.store_plan(plan.key::uuid, plan.value)
  from jsonb_each(replace_model.plans) as plan
  where not exists (select from private.plans as stored where stored.version_id = plan.key::uuid);
  perform set_config('fm.purging', '', true), set_config('fm.rebuilding', '', true);
end
$$;

comment on function private.replace_model(uuid, jsonb, jsonb) is
  'Makes a model, its parts and its versions what the rows say; plans are stored where a version has lost its own. Definer: no role of a command may change snapshots.';

create function private.replace_agent(agent_id uuid, rows jsonb) returns void
language plpgsql security definer set search_path = ''
as $$
declare
  v_row jsonb := rows -> 'ai_agents' -> replace_agent.agent_id::text;
  v_tools jsonb;
begin
  if v_row is null then
    delete from public.ai_agents as agent where agent.agent_id = replace_agent.agent_id;
    return;
  end if;
  -- Events name the tools alone; their settings are those of the row, else the last that were audited.
  select agent.tools into v_tools from public.ai_agents as agent where agent.agent_id = replace_agent.agent_id;
  if not found then
    select coalesce(entry.new_data -> 'tools', entry.old_data -> 'tools') into v_tools
    from public.audit_logs as entry
    where entry.record_id = replace_agent.agent_id and entry.table_name = 'ai_agents'
      and (entry.new_data ? 'tools' or entry.old_data ? 'tools')
    order by entry.position desc limit 1;
  end if;
  v_row := v_row || jsonb_build_object('tools', coalesce(v_tools, '{}') || (v_row -> 'tools'));
  insert into public.ai_agents as saved (
    agent_id, feature_type, entity_id, node_id, name, description, instructions, tools, capabilities,
    is_enabled, organization_id, created_by, revision, created_at, updated_at)
  select row.agent_id, row.feature_type, row.entity_id, row.node_id, row.name, row.description, row.instructions,
    row.tools, row.capabilities, row.is_enabled, row.organization_id, row.created_by, row.revision,
    row.created_at, row.updated_at
  from jsonb_populate_record(null::public.ai_agents, v_row) as row
  on conflict on constraint ai_agents_pkey do update
    set feature_type = excluded.feature_type, entity_id = excluded.entity_id, node_id = excluded.node_id,
      name = excluded.name, description = excluded.description, instructions = excluded.instructions,
      tools = excluded.tools, capabilities = excluded.capabilities, is_enabled = excluded.is_enabled,
      organization_id = excluded.organization_id, created_by = excluded.created_by,
      revision = excluded.revision, created_at = excluded.created_at, updated_at = excluded.updated_at
    where (saved.feature_type, saved.entity_id, saved.node_id, saved.name, saved.description, saved.instructions,
      saved.tools, saved.capabilities, saved.is_enabled, saved.organization_id, saved.created_by,
      saved.revision, saved.created_at, saved.updated_at)
      is distinct from (excluded.feature_type, excluded.entity_id, excluded.node_id, excluded.name, excluded.description,
      excluded.instructions, excluded.tools, excluded.capabilities, excluded.is_enabled,
      excluded.organization_id, excluded.created_by, excluded.revision, excluded.created_at,
      excluded.updated_at);
end
$$;

comment on function private.replace_agent(uuid, jsonb) is
  'Makes an agent what the row says; what it has done so far stays. Definer: the service acts for no user.';

create function private.replace_organization(organization_id uuid, rows jsonb) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  if not rows ? 'organizations' then
    delete from public.organizations as gone where gone.organization_id = replace_organization.organization_id;
    return;
  end if;
  insert into public.organizations as saved (
    organization_id, name, created_by, created_at, updated_at, revision)
  select row.organization_id, row.name, row.created_by, row.created_at, row.updated_at, row.revision
  from jsonb_populate_recordset(null::public.organizations, private.list_of(rows -> 'organizations')) as row
  on conflict on constraint organizations_pkey do update
    set name = excluded.name, created_by = excluded.created_by, created_at = excluded.created_at,
      updated_at = excluded.updated_at, revision = excluded.revision
    where (saved.name, saved.created_by, saved.created_at, saved.updated_at, saved.revision)
      is distinct from (excluded.name, excluded.created_by, excluded.created_at, excluded.updated_at, excluded.revision);
  delete from public.organization_members as member
  where member.organization_id = replace_organization.organization_id
    and not coalesce(rows -> 'organization_members', '{}') ? member.user_id::text;
  insert into public.organization_members as saved (
    organization_id, user_id, role, created_at)
  select row.organization_id, row.user_id, row.role, row.created_at
  from jsonb_populate_recordset(null::public.organization_members, private.list_of(rows -> 'organization_members')) as row
  on conflict on constraint organization_members_pkey do update
    set "role" = excluded.role, created_at = excluded.created_at
    where (saved.role, saved.created_at)
      is distinct from (excluded.role, excluded.created_at);
end
$$;

comment on function private.replace_organization(uuid, jsonb) is
  'Makes an organization and its members what the rows say. Definer: nobody may make somebody else a member.';

create function private.replace_link(link_id uuid, rows jsonb) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  delete from public.node_links as link
  where link.link_id = replace_link.link_id and not rows ? 'node_links';
  insert into public.node_links as saved (
    link_id, source_feature, target_feature, source_entity_id, target_entity_id, source_node_id,
    target_node_id, link_type, link_strength, link_context, organization_id, created_by, created_at,
    updated_at, revision)
  select row.link_id, row.source_feature, row.target_feature, row.source_entity_id, row.target_entity_id,
    row.source_node_id, row.target_node_id, row.link_type, row.link_strength, row.link_context,
    row.organization_id, row.created_by, row.created_at, row.updated_at, row.revision
  from jsonb_populate_recordset(null::public.node_links, private.list_of(rows -> 'node_links')) as row
  on conflict on constraint node_links_pkey do update
    set source_feature = excluded.source_feature, target_feature = excluded.target_feature,
      source_entity_id = excluded.source_entity_id, target_entity_id = excluded.target_entity_id,
      source_node_id = excluded.source_node_id, target_node_id = excluded.target_node_id,
      link_type = excluded.link_type, link_strength = excluded.link_strength,
      link_context = excluded.link_context, organization_id = excluded.organization_id,
      created_by = excluded.created_by, created_at = excluded.created_at, updated_at = excluded.updated_at,
      revision = excluded.revision
    where (saved.source_feature, saved.target_feature, saved.source_entity_id, saved.target_entity_id,
      saved.source_node_id, saved.target_node_id, saved.link_type, saved.link_strength, saved.link_context,
      saved.organization_id, saved.created_by, saved.created_at, saved.updated_at, saved.revision)
      is distinct from (excluded.source_feature, excluded.target_feature, excluded.source_entity_id,
      excluded.target_entity_id, excluded.source_node_id, excluded.target_node_id, excluded.link_type,
      excluded.link_strength, excluded.link_context, excluded.organization_id, excluded.created_by,
      excluded.created_at, excluded.updated_at, excluded.revision);
end
$$;

comment on function private.replace_link(uuid, jsonb) is
  'Makes a link what the row says. Definer: the service acts for no user.';

create function private.lock_aggregate(aggregate_type text, aggregate_id uuid) returns uuid
language plpgsql security definer set search_path = ''
as $$
declare
  v_organization_id uuid;
begin
  case lock_aggregate.aggregate_type
    when 'function-model' then
      select model.organization_id into v_organization_id from public.function_models as model
      where model.model_id = lock_aggregate.aggregate_id for update;
    when 'node-link' then
      select link.organization_id into v_organization_id from public.node_links as link
      where link.link_id = lock_aggregate.aggregate_id for update;
    when 'ai-agent' then
      select agent.organization_id into v_organization_id from public.ai_agents as agent
      where agent.agent_id = lock_aggregate.aggregate_id for update;
    when 'organization' then
      select organization.organization_id into v_organization_id from public.organizations as organization
      where organization.organization_id = lock_aggregate.aggregate_id for update;
  end case;
  return v_organization_id;
end
$$;

comment on function private.lock_aggregate(text, uuid) is
  'Locks the row of an aggregate if there is one; answers whose it is. Definer: the service acts for no user.';

create function public.rebuild_aggregate(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
declare
  v_replayed jsonb := private.begin_command(actor, request);
  v_type text := command ->> 'aggregateType';
  v_id uuid := (command ->> 'aggregateId')::uuid;
  v_rows jsonb := command -> 'rows';
  v_organization_id uuid;
begin
  if v_replayed is not null then
    return v_replayed;
  end if;
  if actor ->> 'role' is distinct from 'service_role' then
    raise exception using errcode = '42501', message = 'Only the service rebuilds';
  end if;
  v_organization_id := private.lock_aggregate(v_type, v_id);
  if private.stream_version(v_id) <> (command ->> 'streamVersion')::integer then
    raise exception using errcode = 'PT409', message = 'Something happened meanwhile';
  end if;
  perform set_config('fm.request', (private.current_request() || jsonb_strip_nulls(jsonb_build_object(
    'modelId', case v_type when 'function-model' then v_id end,
    'organizationId', v_organization_id, 'eventType', 'rebuild')))::text, true);
  case v_type
    when 'function-model' then
      perform private.replace_model(v_id, v_rows, coalesce(command -> 'plans', '{}'));
    when 'node-link' then perform private.replace_link(v_id, v_rows);
    when 'ai-agent' then perform private.replace_agent(v_id, v_rows);
    when 'organization' then perform private.replace_organization(v_id, v_rows);
  end case;
  return jsonb_build_object('revision', (command ->> 'streamVersion')::integer);
exception when unique_violation then
  raise exception using errcode = 'PT409', message = 'Something else has taken its place';
end
$$;

comment on function public.rebuild_aggregate(jsonb, jsonb, jsonb) is
  'Makes the rows of an aggregate what its events say {aggregateType, aggregateId, streamVersion, rows, plans?}; audited as rebuild. Refusals: 42501 for everybody but the service, PT409 when the stream went on or another row stands in the way.';

revoke all on function private.list_of(jsonb) from public;
revoke all on function private.replace_model(uuid, jsonb, jsonb) from public;
revoke all on function private.replace_agent(uuid, jsonb) from public;
revoke all on function private.replace_organization(uuid, jsonb) from public;
revoke all on function private.replace_link(uuid, jsonb) from public;
revoke all on function private.lock_aggregate(text, uuid) from public;
revoke all on function public.rebuild_aggregate(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function private.replace_model(uuid, jsonb, jsonb) to fm_writer;
grant execute on function private.replace_agent(uuid, jsonb) to fm_writer;
grant execute on function private.replace_organization(uuid, jsonb) to fm_writer;
grant execute on function private.replace_link(uuid, jsonb) to fm_writer;
grant execute on function private.lock_aggregate(text, uuid) to fm_writer;
grant execute on function public.rebuild_aggregate(jsonb, jsonb, jsonb) to service_role;

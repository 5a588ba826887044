create function private.insert_function_model(model_id uuid, model jsonb) returns void
language sql set search_path = ''
as $$
  insert into public.function_models (
    model_id, name, description, version, status, current_version, version_count, ai_agent_config,
    metadata, permissions, user_id, organization_id)
  values (
    insert_function_model.model_id,
    model ->> 'name',
    model ->> 'description',
    coalesce(model ->> 'version', '1.0.0'),
    coalesce(model ->> 'status', 'draft'),
    coalesce(model ->> 'currentVersion', '1.0.0'),
    coalesce((model ->> 'versionCount')::integer, 1),
    nullif(model -> 'aiAgentConfig', 'null'),
    coalesce(nullif(model -> 'metadata', 'null'), '{}'),
    coalesce(nullif(model -> 'permissions', 'null'), jsonb_build_object('owner', private.actor_id())),
    private.actor_id(),
    (model ->> 'organizationId')::uuid)
$$;

comment on function private.insert_function_model(uuid, jsonb) is
  'Stores a new model, owned by the actor, from its wire fields.';

revoke all on function private.insert_function_model(uuid, jsonb) from public;
grant execute on function private.insert_function_model(uuid, jsonb) to fm_writer;

create function private.update_function_model(model_id uuid, model jsonb) returns integer
language sql set search_path = ''
as $$
  update public.function_models as saved
  set name = case when model ? 'name' then model ->> 'name' else saved.name end,
      description = case when model ? 'description' then model ->> 'description' else saved.description end,
      version = coalesce(model ->> 'version', saved.version),
      status = coalesce(model ->> 'status', saved.status),
      current_version = coalesce(model ->> 'currentVersion', saved.current_version),
      version_count = coalesce((model ->> 'versionCount')::integer, saved.version_count),
      ai_agent_config = case when model ? 'aiAgentConfig'
        then nullif(model -> 'aiAgentConfig', 'null') else saved.ai_agent_config end,
      metadata = coalesce(nullif(model -> 'metadata', 'null'), saved.metadata),
      permissions = coalesce(nullif(model -> 'permissions', 'null'), saved.permissions),
      user_id = coalesce((model -> 'permissions' ->> 'owner')::uuid, saved.user_id),
      deleted_at = case when model ? 'deletedAt' then (model ->> 'deletedAt')::timestamptz else saved.deleted_at end,
      deleted_by = case when model ? 'deletedBy' then model ->> 'deletedBy' else saved.deleted_by end,
      retain_until = case when model ? 'retainUntil'
        then (model ->> 'retainUntil')::timestamptz else saved.retain_until end,
      updated_at = now(),
      last_saved_at = now(),
      revision = saved.revision + 1
  where saved.model_id = update_function_model.model_id
  returning saved.revision
$$;

comment on function private.update_function_model(uuid, jsonb) is
  'Changes the columns whose wire names the object has, null clearing what may be absent; answers the new revision.';

revoke all on function private.update_function_model(uuid, jsonb) from public;
grant execute on function private.update_function_model(uuid, jsonb) to fm_writer;

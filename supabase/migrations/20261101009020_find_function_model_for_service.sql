-- The service reads no table; where it acts on a model without a user, this is
-- how it finds it.

create function private.function_model_in_wire_form(model_id uuid, with_structure boolean) returns jsonb
language sql stable security definer set search_path = ''
as $$
  select jsonb_build_object(
      'modelId', model.model_id, 'name', model.name, 'description', model.description,
      'version', model.version, 'currentVersion', model.current_version, 'versionCount', model.version_count,
      'status', model.status, 'aiAgentConfig', model.ai_agent_config, 'metadata', model.metadata,
      'permissions', model.permissions, 'userId', model.user_id, 'organizationId', model.organization_id,
      'createdAt', private.wire_time(model.created_at), 'updatedAt', private.wire_time(model.updated_at),
      'lastSavedAt', private.wire_time(model.last_saved_at), 'deletedAt', private.wire_time(model.deleted_at),
      'deletedBy', model.deleted_by, 'retainUntil', private.wire_time(model.retain_until),
      'revision', model.revision,
      'published', (
        select coalesce(jsonb_agg(jsonb_build_object(
          'versionId', version.version_id, 'versionNumber', version.version_number)), '[]')
        from public.function_model_versions as version
        where version.model_id = model.model_id and version.is_published))
    || case when with_structure
      then jsonb_build_object('nodes', public.nodes(model), 'actionNodes', public.action_nodes(model))
      else '{}' end
  from public.function_models as model
  where model.model_id = function_model_in_wire_form.model_id
$$;

comment on function private.function_model_in_wire_form(uuid, boolean) is
  'A model, with its containers and actions if wanted, deleted or not. Definer: the service acts for no user.';

revoke all on function private.function_model_in_wire_form(uuid, boolean) from public;
grant execute on function private.function_model_in_wire_form(uuid, boolean) to fm_writer;

create function public.find_function_model_for_service(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql stable set role = 'fm_writer' set search_path = ''
as $$
begin
  if actor ->> 'role' is distinct from 'service_role' then
    raise exception using errcode = '42501', message = 'Only the service reads without a user';
  end if;
  return private.function_model_in_wire_form(
    (command ->> 'modelId')::uuid, coalesce((command ->> 'withStructure')::boolean, false));
end
$$;

comment on function public.find_function_model_for_service(jsonb, jsonb, jsonb) is
  'A model {modelId, withStructure?} in wire form with published [{versionId, versionNumber}], or null. Refusal: 42501 for everybody but the service.';

revoke all on function public.find_function_model_for_service(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.find_function_model_for_service(jsonb, jsonb, jsonb) to service_role;

-- Removal for good: the model, its versions, links, agents and runs. The log
-- and the audit trail stay, and the removal itself is audited.

create function private.remove_function_model(model_id uuid) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  perform set_config('fm.purging', 'true', true);
  delete from public.node_links as link
  where (link.source_entity_id = remove_function_model.model_id and link.source_feature = 'function-model')
    or (link.target_entity_id = remove_function_model.model_id and link.target_feature = 'function-model');
  update public.workflow_executions as child
  set parent_execution_id = null, parent_step = null
  from public.workflow_executions as parent
  where parent.execution_id = child.parent_execution_id and parent.model_id = remove_function_model.model_id;
  delete from public.workflow_executions as execution where execution.model_id = remove_function_model.model_id;
  delete from public.function_model_versions as version where version.model_id = remove_function_model.model_id;
  delete from public.function_models as model where model.model_id = remove_function_model.model_id;
  perform set_config('fm.purging', '', true);
end
$$;

comment on function private.remove_function_model(uuid) is
  'Removes a model and what belongs to it. Definer: no role of a command may delete models or versions.';

revoke all on function private.remove_function_model(uuid) from public;
grant execute on function private.remove_function_model(uuid) to fm_writer;

create function private.lock_deleted_model(model_id uuid) returns public.function_models
language sql security definer set search_path = ''
as $$
  select * from public.function_models as model
  where model.model_id = lock_deleted_model.model_id
  for update
$$;

comment on function private.lock_deleted_model(uuid) is
  'Locks a model to remove it. Definer: the service acts for no user.';

revoke all on function private.lock_deleted_model(uuid) from public;
grant execute on function private.lock_deleted_model(uuid) to fm_writer;

create function public.purge_function_model(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
declare
  v_replayed jsonb := private.begin_command(actor, request);
  v_model public.function_models;
begin
  if v_replayed is not null then
    return v_replayed;
  end if;
  if actor ->> 'role' is distinct from 'service_role' then
    raise exception using errcode = '42501', message = 'Only the service removes models for good';
  end if;
  v_model := private.lock_deleted_model((command ->> 'modelId')::uuid);
  if v_model.model_id is null then
    raise exception using errcode = 'FM004', message = 'Not found';
  end if;
  if v_model.revision <> (command ->> 'expectedRevision')::integer or v_model.deleted_at is null then
    raise exception using errcode = 'PT409', message = 'Revision conflict', detail = v_model.revision::text;
  end if;
  perform private.describe_change(v_model.model_id, v_model.organization_id, '[]');
  perform private.append_purge_events(v_model);
  perform private.remove_function_model(v_model.model_id);
  return '{}';
end
$$;

comment on function public.purge_function_model(jsonb, jsonb, jsonb) is
  'Removes a deleted model {modelId, expectedRevision} for good. Refusals: 42501 for everybody but the service, FM004 not found, PT409 stale or not deleted.';

revoke all on function public.purge_function_model(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.purge_function_model(jsonb, jsonb, jsonb) to service_role;

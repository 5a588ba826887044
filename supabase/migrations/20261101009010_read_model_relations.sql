-- What stands around a model: who nests it, what it nests, what links point
-- into nothing, whether it runs. Rules about integrity need the whole truth,
-- also about models that the actor may not see; those are told without name
-- and id.

create index action_nodes_nested_model_idx on public.action_nodes ((action_specific_data ->> 'nestedModelId'))
  where action_type = 'functionModelContainer';
create index function_model_versions_nested_models_idx on public.function_model_versions
  using gin (jsonb_path_query_array(version_data, '$.actionNodes.*.actionSpecificData.nestedModelId'))
  where is_published;

create function private.sees_model(model public.function_models) returns boolean
language sql stable set search_path = ''
as $$
  select case when model.deleted_at is null then 'view' else 'restore' end
    = any (private.acts_on_model(model.permissions, model.organization_id))
$$;

comment on function private.sees_model(public.function_models) is
  'Whether a read as the actor would show the model.';

create function private.dependents_of_model(model_id uuid) returns jsonb
language sql stable set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
      'modelId', case when private.sees_model(model) then model.model_id end,
      'name', case when private.sees_model(model) then model.name end))
    || jsonb_build_object(
      'userId', model.user_id,
      'status', model.status,
      'isDeleted', model.deleted_at is not null,
      'isLive', found.is_published and model.deleted_at is null and model.status <> 'archived')
    order by model.name, model.model_id), '[]')
  from (
    select nesting.model_id, bool_or(nesting.is_published) as is_published
    from (
      select action.model_id, false as is_published
      from public.action_nodes as action
      where action.action_type = 'functionModelContainer'
        and action.action_specific_data ->> 'nestedModelId' = dependents_of_model.model_id::text
      union all
      select version.model_id, true
      from public.function_model_versions as version
      where version.is_published
        and jsonb_path_query_array(version.version_data, '$.actionNodes.*.actionSpecificData.nestedModelId')
          @> to_jsonb(dependents_of_model.model_id::text)
    ) as nesting
    group by nesting.model_id
  ) as found
  join public.function_models as model on model.model_id = found.model_id
  where model.model_id <> dependents_of_model.model_id
$$;

comment on function private.dependents_of_model(uuid) is
  'Models whose working copy or published snapshot nests this one [{modelId?, name?, userId, status, isDeleted, isLive}]; hidden ones without id and name.';

create function private.nested_by_model(model_id uuid) returns jsonb
language sql stable set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
      'actionId', action.action_id,
      'modelId', action.action_specific_data ->> 'nestedModelId',
      'isMissing', nested.model_id is null,
      'isDeleted', nested.deleted_at is not null)
    order by action.created_at, action.action_id), '[]')
  from public.action_nodes as action
  left join public.function_models as nested
    on nested.model_id::text = action.action_specific_data ->> 'nestedModelId'
  where action.model_id = nested_by_model.model_id and action.action_type = 'functionModelContainer'
    and (nested.model_id is null or nested.deleted_at is not null)
$$;

comment on function private.nested_by_model(uuid) is
  'Actions of the working copy whose nested model is gone or deleted [{actionId, modelId, isMissing, isDeleted}].';

create function private.broken_links_of_model(model_id uuid) returns jsonb
language plpgsql stable set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(link.link_id order by link.link_id), '[]')
    from public.node_links as link
    cross join lateral (
      values (link.source_feature, link.source_entity_id), (link.target_feature, link.target_entity_id)
    ) as far_end (feature, entity_id)
    left join public.function_models as other on other.model_id = far_end.entity_id
    where (link.source_entity_id = broken_links_of_model.model_id
        or link.target_entity_id = broken_links_of_model.model_id)
      and far_end.feature = 'function-model'
      and far_end.entity_id <> broken_links_of_model.model_id
      and (other.model_id is null or other.deleted_at is not null));
end
$$;

comment on function private.broken_links_of_model(uuid) is
  'Links that touch the model and whose other end is a model that is gone or deleted.';

create function private.model_relations(model public.function_models) returns jsonb
language sql stable security definer set search_path = ''
as $$
  select jsonb_build_object(
    'dependents', private.dependents_of_model(model.model_id),
    'nested', private.nested_by_model(model.model_id),
    'brokenLinks', private.broken_links_of_model(model.model_id),
    'isNameTaken', exists (
      select from public.function_models as other
      where other.name = model.name and other.model_id <> model.model_id and other.deleted_at is null
        and (other.organization_id = model.organization_id
          or (other.organization_id is null and model.organization_id is null and other.user_id = model.user_id))),
    'hasActiveExecutions', exists (
      select from public.workflow_executions as execution
      where execution.model_id = model.model_id and execution.status in ('pending', 'running', 'paused')),
    'publishedAt', (
      select private.wire_time(version.created_at)
      from public.function_model_versions as version
      where version.model_id = model.model_id and version.is_published))
$$;

comment on function private.model_relations(public.function_models) is
  'Everything around a model. Definer: what depends on a model counts also where the actor may not see it.';

revoke all on function private.sees_model(public.function_models) from public;
revoke all on function private.dependents_of_model(uuid) from public;
revoke all on function private.nested_by_model(uuid) from public;
revoke all on function private.broken_links_of_model(uuid) from public;
revoke all on function private.model_relations(public.function_models) from public;
grant execute on function private.model_relations(public.function_models) to fm_writer;

create function public.read_model_relations(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
declare
  v_model public.function_models;
begin
  perform private.begin_command(actor, request - 'idempotency');
  select * into v_model
  from public.function_models as model
  where model.model_id = (command ->> 'modelId')::uuid;
  if not found then
    raise exception using errcode = 'FM004', message = 'Not found';
  end if;
  return private.model_relations(v_model);
end
$$;

comment on function public.read_model_relations(jsonb, jsonb, jsonb) is
  'What stands around a model {modelId} that the actor sees. Answers {dependents, nested, brokenLinks, isNameTaken, hasActiveExecutions, publishedAt}. Refusal: FM004 not found.';

revoke all on function public.read_model_relations(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.read_model_relations(jsonb, jsonb, jsonb) to service_role;

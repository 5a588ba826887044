create function public.find_published_version(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
begin
  perform set_config('request.jwt.claims', actor::text, true);
  return (
    select jsonb_build_object(
      'versionId', version.version_id, 'modelId', model.model_id, 'versionNumber', version.version_number,
      'organizationId', model.organization_id, 'modelStatus', model.status,
      'deleted', model.deleted_at is not null,
      'mayExecute', 'execute' = any (private.acts_on_model(model.permissions, model.organization_id)))
    from public.function_models as model
    join public.function_model_versions as version on version.model_id = model.model_id and version.is_published
    where model.model_id = (command ->> 'modelId')::uuid);
end
$$;

comment on function public.find_published_version(jsonb, jsonb, jsonb) is
  'What of the model {modelId} would run, as the actor sees it; null when hidden or never published.';

revoke all on function public.find_published_version(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.find_published_version(jsonb, jsonb, jsonb) to service_role;

create function private.add_model_version(model_id uuid, version jsonb, version_data jsonb) returns void
language plpgsql set search_path = ''
as $$
begin
  if (version ->> 'isPublished')::boolean then
    update public.function_model_versions as former
    set is_published = false
    where former.model_id = add_model_version.model_id and former.is_published;
  end if;
  insert into public.function_model_versions (
    version_id, model_id, version_number, version_data, author_id, is_published, notes, previous_version)
  values (
    (version ->> 'versionId')::uuid, add_model_version.model_id, version ->> 'versionNumber',
    add_model_version.version_data, private.actor_id(), coalesce((version ->> 'isPublished')::boolean, false),
    version ->> 'notes', version ->> 'previousVersion');
  if version ? 'plan' and jsonb_typeof(version -> 'plan') = 'object' then
    perform private.store_plan((version ->> 'versionId')::uuid, version -> 'plan');
  end if;
end
$$;

comment on function private.add_model_version(uuid, jsonb, jsonb) is
  'Stores a snapshot and its plan; a published one takes the place of the one published before.';

revoke all on function private.add_model_version(uuid, jsonb, jsonb) from public;
grant execute on function private.add_model_version(uuid, jsonb, jsonb) to fm_writer;

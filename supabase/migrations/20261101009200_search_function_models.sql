-- Full-text search over models. Every word must begin a word of the name, the
-- description or the tags. PostgREST filters, sorts and pages what is found.

create function private.find_words_in_models(query text) returns table (model_id uuid, rank integer)
language sql stable security definer rows 50 set search_path = ''
as $$
  select model.model_id, (ts_rank_cd(model.search, sought.words) * 1000000)::integer
  from (
    -- The quote that ends a word makes it a beginning.
    select regexp_replace(
      websearch_to_tsquery('simple', find_words_in_models.query)::text,
      '''(?=[ )]|$)', ''':*', 'g')::tsquery as words
  ) as sought
  join public.function_models as model on model.search @@ sought.words
  where model.readers @> array[private.actor_id()]
    or model.organization_id in (select private.my_organizations('{owner,admin,editor,viewer}'))
$$;

comment on function private.find_words_in_models(text) is
  'Models in which words stand, with their rank. Definer: under policies the index of words goes unused, since a match might leak rows; so this keeps to what the caller may see by itself, and the policies judge once more.';

revoke all on function private.find_words_in_models(text) from public;
grant execute on function private.find_words_in_models(text) to authenticated;

create function public.search_function_models(query text)
returns table (
  model_id uuid, name text, description text, version text, current_version text, version_count integer,
  status text, ai_agent_config jsonb, metadata jsonb, permissions jsonb, user_id uuid, organization_id uuid,
  created_at timestamptz, updated_at timestamptz, last_saved_at timestamptz, revision integer, rank integer)
language sql stable set search_path = ''
as $$
  select model.model_id, model.name, model.description, model.version, model.current_version,
         model.version_count, model.status, model.ai_agent_config, model.metadata, model.permissions,
         model.user_id, model.organization_id, model.created_at, model.updated_at, model.last_saved_at,
         model.revision, found.rank
  from private.find_words_in_models(search_function_models.query) as found
  join public.function_models as model on model.model_id = found.model_id
  where model.deleted_at is null
$$;

comment on function public.search_function_models(text) is
  'The models the caller may see in which all words of the query stand, with their rank; the highest fits best.';

revoke all on function public.search_function_models(text) from public, anon, authenticated, service_role;
grant execute on function public.search_function_models(text) to authenticated;

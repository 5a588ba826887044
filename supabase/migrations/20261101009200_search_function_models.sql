-- Full-text search over models. Every word must begin a word of the name, the
-- description or the tags; the index on `search` finds the rows, policies judge
-- the caller, and PostgREST filters, sorts and pages what is left.

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
         model.revision, (ts_rank_cd(model.search, sought.words) * 1000000)::integer
  from (
    -- The quote that ends a word makes it a beginning.
    select regexp_replace(
      websearch_to_tsquery('simple', search_function_models.query)::text, '''(?=[ )]|$)', ''':*', 'g')::tsquery as words
  ) as sought
  join public.function_models as model on model.search @@ sought.words
  where model.deleted_at is null
$$;

comment on function public.search_function_models(text) is
  'The models the caller may see in which all words of the query stand, with their rank; the highest fits best.';

revoke all on function public.search_function_models(text) from public, anon, authenticated, service_role;
grant execute on function public.search_function_models(text) to authenticated;

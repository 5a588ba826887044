-- What a run reads outside its own rows is judged as the user who started it.
-- The engine has no token of that user, so these reads take the actor as the
-- commands do.

create function public.read_workflow(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
begin
  perform set_config('request.jwt.claims', actor::text, true);
  return (
    select jsonb_build_object(
      'workflowId', workflow.workflow_id, 'organizationId', workflow.organization_id,
      'userId', workflow.user_id, 'name', workflow.name, 'definition', workflow.definition,
      'revision', workflow.revision, 'createdAt', private.wire_time(workflow.created_at),
      'updatedAt', private.wire_time(workflow.updated_at))
    from public.workflows as workflow
    where workflow.workflow_id = (command ->> 'workflowId')::uuid);
end
$$;

comment on function public.read_workflow(jsonb, jsonb, jsonb) is
  'A workflow {workflowId} as the actor sees it, or null.';

create function public.read_knowledge_content(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
begin
  perform set_config('request.jwt.claims', actor::text, true);
  return (
    select private.knowledge_content(content)
    from public.knowledge_contents as content
    where content.content_id = (command ->> 'contentId')::uuid);
end
$$;

comment on function public.read_knowledge_content(jsonb, jsonb, jsonb) is
  'A document {contentId} as the actor sees it, or null.';

create function private.find_words_in_contents(query text) returns table (content_id uuid, rank real)
language sql stable security definer rows 50 set search_path = ''
as $$
  select content.content_id, ts_rank(content.search, sought.words)
  from (select websearch_to_tsquery('pg_catalog.simple', find_words_in_contents.query) as words) as sought
  join public.knowledge_contents as content on content.search @@ sought.words
  where content.user_id = private.actor_id()
    or content.organization_id in (select private.my_organizations())
$$;

comment on function private.find_words_in_contents(text) is
  'Documents in which words stand, with their rank. Definer: under policies the index of words goes unused, since a match might leak rows; so this keeps to what the actor may see by itself, and the policies judge once more.';

create function public.search_knowledge_contents(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
begin
  perform set_config('request.jwt.claims', actor::text, true);
  return (
    select coalesce(jsonb_agg(private.knowledge_content(hit.content) order by hit.rank desc, hit.place), '[]')
    from (
      select content, content.content_id as place, found.rank
      from private.find_words_in_contents(command ->> 'query') as found
      join public.knowledge_contents as content on content.content_id = found.content_id
      order by found.rank desc, content.content_id
      limit least(coalesce((command ->> 'limit')::integer, 20), 100)
    ) as hit);
end
$$;

comment on function public.search_knowledge_contents(jsonb, jsonb, jsonb) is
  'Documents that hold the words of {query, limit?}, best first, as the actor sees them.';

create function private.knowledge_content(content public.knowledge_contents) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'contentId', content.content_id, 'organizationId', content.organization_id, 'userId', content.user_id,
    'title', content.title, 'body', content.body, 'tags', content.tags, 'revision', content.revision,
    'createdAt', private.wire_time(content.created_at), 'updatedAt', private.wire_time(content.updated_at))
$$;

comment on function private.knowledge_content(public.knowledge_contents) is 'A document in wire form.';

revoke all on function private.knowledge_content(public.knowledge_contents) from public;
revoke all on function private.find_words_in_contents(text) from public;
grant execute on function private.find_words_in_contents(text) to fm_writer;
grant execute on function private.knowledge_content(public.knowledge_contents) to fm_writer;
revoke all on function public.read_workflow(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
revoke all on function public.read_knowledge_content(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
revoke all on function public.search_knowledge_contents(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.read_workflow(jsonb, jsonb, jsonb) to service_role;
grant execute on function public.read_knowledge_content(jsonb, jsonb, jsonb) to service_role;
grant execute on function public.search_knowledge_contents(jsonb, jsonb, jsonb) to service_role;

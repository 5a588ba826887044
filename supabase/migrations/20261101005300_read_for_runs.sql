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

create function public.search_knowledge_contents(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
begin
  perform set_config('request.jwt.claims', actor::text, true);
  return (
    select coalesce(jsonb_agg(private.knowledge_content(hit.content) order by hit.rank desc, hit.place), '[]')
    from (
      select content, content.content_id as place,
             ts_rank(content.search, websearch_to_tsquery('pg_catalog.simple', command ->> 'query')) as rank
      from public.knowledge_contents as content
      where content.search @@ websearch_to_tsquery('pg_catalog.simple', command ->> 'query')
      order by rank desc, content.content_id
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
grant execute on function private.knowledge_content(public.knowledge_contents) to fm_writer;
revoke all on function public.read_workflow(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
revoke all on function public.read_knowledge_content(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
revoke all on function public.search_knowledge_contents(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.read_workflow(jsonb, jsonb, jsonb) to service_role;
grant execute on function public.read_knowledge_content(jsonb, jsonb, jsonb) to service_role;
grant execute on function public.search_knowledge_contents(jsonb, jsonb, jsonb) to service_role;

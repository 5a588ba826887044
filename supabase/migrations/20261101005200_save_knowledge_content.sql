create function private.texts(list jsonb) returns text[]
language sql immutable set search_path = ''
as $$
  select coalesce(array_agg(item order by place), '{}')
  from jsonb_array_elements_text(nullif(list, 'null')) with ordinality as items (item, place)
$$;

comment on function private.texts(jsonb) is 'A JSON list of texts as an array; empty for null.';

revoke all on function private.texts(jsonb) from public;
grant execute on function private.texts(jsonb) to fm_writer, fm_engine;

create function public.save_knowledge_content(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
declare
  v_replayed jsonb := private.begin_command(actor, request);
  v_content_id uuid := (command ->> 'contentId')::uuid;
  v_expected integer := coalesce((command ->> 'expectedRevision')::integer, 0);
  v_revision integer;
begin
  if v_replayed is not null then
    return v_replayed;
  end if;

  if v_expected = 0 then
    begin
      insert into public.knowledge_contents (content_id, organization_id, user_id, title, body, tags)
      values (v_content_id, (command ->> 'organizationId')::uuid, private.actor_id(),
              command ->> 'title', command ->> 'body', private.texts(command -> 'tags'));
    exception when unique_violation then
      raise exception using errcode = 'FM005', message = 'The identifier is in use';
    end;
    return jsonb_build_object('revision', 1);
  end if;

  select content.revision into v_revision
  from public.knowledge_contents as content where content.content_id = v_content_id
  for no key update;
  if not found then
    if exists (select from public.knowledge_contents as content where content.content_id = v_content_id) then
      raise exception using errcode = '42501', message = 'Not allowed to change this content';
    end if;
    raise exception using errcode = 'FM004', message = 'Not found';
  end if;
  if v_revision <> v_expected then
    raise exception using errcode = 'PT409', message = 'Revision conflict', detail = v_revision::text;
  end if;

  if (command ->> 'remove')::boolean then
    delete from public.knowledge_contents as content where content.content_id = v_content_id;
  else
    update public.knowledge_contents as content
    set title = coalesce(command ->> 'title', content.title),
        body = coalesce(command ->> 'body', content.body),
        tags = case when command ? 'tags' then private.texts(command -> 'tags') else content.tags end,
        revision = v_revision + 1,
        updated_at = now()
    where content.content_id = v_content_id;
  end if;
  return jsonb_build_object('revision', v_revision + 1);
end
$$;

comment on function public.save_knowledge_content(jsonb, jsonb, jsonb) is
  'Writes, changes or removes a document {contentId, expectedRevision (0 = create), organizationId?, remove?, title?, body?, tags?}. Answers {revision}.';

revoke all on function public.save_knowledge_content(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.save_knowledge_content(jsonb, jsonb, jsonb) to service_role;

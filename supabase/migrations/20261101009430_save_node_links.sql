-- Links are written one by one inside one transaction: each is an aggregate with a
-- stream of its own.

create function private.add_node_link(link jsonb) returns uuid
language plpgsql set search_path = ''
as $$
declare
  v_organization_id uuid;
  v_broken text;
begin
  select model.organization_id into v_organization_id
  from public.function_models as model
  where (model.model_id = (link ->> 'sourceEntityId')::uuid and link ->> 'sourceFeature' = 'function-model')
    or (model.model_id = (link ->> 'targetEntityId')::uuid and link ->> 'targetFeature' = 'function-model')
  order by model.organization_id is null, model.model_id = (link ->> 'sourceEntityId')::uuid desc
  limit 1;
  perform private.describe_change(null, v_organization_id, link -> 'events');
  begin
    insert into public.node_links (
      link_id, source_feature, target_feature, source_entity_id, target_entity_id, source_node_id,
      target_node_id, link_type, link_strength, link_context, organization_id, created_by)
    values (
      (link ->> 'linkId')::uuid, link ->> 'sourceFeature', link ->> 'targetFeature',
      (link ->> 'sourceEntityId')::uuid, (link ->> 'targetEntityId')::uuid,
      (link ->> 'sourceNodeId')::uuid, (link ->> 'targetNodeId')::uuid, link ->> 'linkType',
      (link ->> 'linkStrength')::numeric, coalesce(link -> 'linkContext', '{}'), v_organization_id,
      private.actor_id());
  exception when unique_violation then
    get stacked diagnostics v_broken = constraint_name;
    if v_broken = 'link_is_unique' then
      raise exception using errcode = 'FM040', message = 'Link exists';
    end if;
    perform private.raise_refusal(v_broken);
  end;
  return v_organization_id;
end
$$;

comment on function private.add_node_link(jsonb) is
  'Stores a new link of the actor; answers the organization it belongs to.';

revoke all on function private.add_node_link(jsonb) from public;
grant execute on function private.add_node_link(jsonb) to fm_writer;

create function private.lock_node_link(link_id uuid, expected_revision integer) returns public.node_links
language plpgsql set search_path = ''
as $$
declare
  v_link public.node_links;
begin
  select * into v_link
  from public.node_links as link
  where link.link_id = lock_node_link.link_id
  for no key update;
  if not found then
    if exists (select from public.node_links as link where link.link_id = lock_node_link.link_id) then
      raise exception using errcode = '42501', message = 'Not allowed to change this link';
    end if;
    raise exception using errcode = 'FM004', message = 'Not found';
  end if;
  if v_link.revision <> lock_node_link.expected_revision then
    raise exception using errcode = 'PT409', message = 'Revision conflict', detail = v_link.revision::text;
  end if;
  return v_link;
end
$$;

comment on function private.lock_node_link(uuid, integer) is
  'Locks the link for this command if the actor may change it and it has the expected revision.';

revoke all on function private.lock_node_link(uuid, integer) from public;
grant execute on function private.lock_node_link(uuid, integer) to fm_writer;

create function private.write_node_link(link jsonb) returns integer
language plpgsql set search_path = ''
as $$
declare
  v_link_id uuid := (link ->> 'linkId')::uuid;
  v_expected integer := coalesce((link ->> 'expectedRevision')::integer, 0);
  v_organization_id uuid;
begin
  if v_expected = 0 then
    v_organization_id := private.add_node_link(link);
  else
    v_organization_id := (private.lock_node_link(v_link_id, v_expected)).organization_id;
    perform private.describe_change(null, v_organization_id, link -> 'events');
    if (link ->> 'remove')::boolean then
      delete from public.node_links as gone where gone.link_id = v_link_id;
    else
      begin
        update public.node_links as saved
        set link_type = coalesce(link ->> 'linkType', saved.link_type),
            link_strength = coalesce((link ->> 'linkStrength')::numeric, saved.link_strength),
            link_context = coalesce(link -> 'linkContext', saved.link_context),
            revision = saved.revision + 1,
            updated_at = now()
        where saved.link_id = v_link_id;
      exception when unique_violation then
        raise exception using errcode = 'FM040', message = 'Link exists';
      end;
    end if;
  end if;
  perform private.append_events('node-link', v_link_id, v_organization_id, link -> 'events');
  return v_expected + 1;
end
$$;

comment on function private.write_node_link(jsonb) is
  'Adds, changes or removes one link and appends its events; answers its revision.';

revoke all on function private.write_node_link(jsonb) from public;
grant execute on function private.write_node_link(jsonb) to fm_writer;

create function public.save_node_links(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
declare
  v_replayed jsonb := private.begin_command(actor, request);
  v_link jsonb;
  v_revision integer := 0;
begin
  if v_replayed is null then
    for v_link in select link from jsonb_array_elements(command -> 'links') as link loop
      v_revision := private.write_node_link(v_link);
    end loop;
  end if;
  delete from private.link_batches as batch
  where batch.user_id = private.actor_id() and batch.batch_id = command ->> 'batchId';
  return coalesce(v_replayed, jsonb_build_object('revision', v_revision));
end
$$;

comment on function public.save_node_links(jsonb, jsonb, jsonb) is
  'Writes links {links: [{linkId, expectedRevision (0 = create), remove?, fields of a link, events}], batchId?}, all or none, and ends the batch. Answers {revision} of the last. Refusals: PT409 stale, FM004 not found, FM005 id, FM040 link exists, 42501.';

revoke all on function public.save_node_links(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.save_node_links(jsonb, jsonb, jsonb) to service_role;

create function private.remove_node_links(removals jsonb) returns void
language plpgsql set search_path = ''
as $$
declare
  v_request text := current_setting('fm.request', true);
  v_removal jsonb;
  v_organization_id uuid;
begin
  for v_removal in select removal from jsonb_array_elements(nullif(removals, 'null')) as removal loop
    perform private.describe_change(null, null, v_removal -> 'events');
    delete from public.node_links as gone
    where gone.link_id = (v_removal ->> 'linkId')::uuid
    returning gone.organization_id into v_organization_id;
    if found then
      perform private.append_events(
        'node-link', (v_removal ->> 'linkId')::uuid, v_organization_id, v_removal -> 'events');
    end if;
    perform set_config('fm.request', v_request, true);
  end loop;
end
$$;

comment on function private.remove_node_links(jsonb) is
  'Removes links [{linkId, events}] within another command, such as the archiving of the model that it has locked; links that are gone already are passed over.';

revoke all on function private.remove_node_links(jsonb) from public;
grant execute on function private.remove_node_links(jsonb) to fm_writer;

-- The history of links is in the log, and outlives them.

create index domain_events_link_source_idx on public.domain_events ((data ->> 'sourceEntityId'))
  where event_type = 'NodeLinkCreated';
create index domain_events_link_target_idx on public.domain_events ((data ->> 'targetEntityId'))
  where event_type = 'NodeLinkCreated';

create function private.link_history(link_ids uuid[], until timestamptz, max_count integer) returns jsonb
language sql stable security definer set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
      'linkId', event.aggregate_id, 'eventType', event.event_type,
      'occurredAt', private.wire_time(event.occurred_at), 'actorId', event.actor_id))
      || jsonb_build_object('data', event.data) order by event.position), '[]')
  from (
    select *
    from public.domain_events as event
    where event.aggregate_id = any (link_history.link_ids)
      and event.aggregate_type = 'node-link'
      and event.occurred_at <= coalesce(link_history.until, 'infinity')
      and private.sees_link(event.aggregate_id)
    order by event.position
    limit link_history.max_count
  ) as event
$$;

comment on function private.link_history(uuid[], timestamptz, integer) is
  'The events of those of these links that the actor may know of, oldest first. Definer: the writer role reads no events.';

revoke all on function private.link_history(uuid[], timestamptz, integer) from public;
grant execute on function private.link_history(uuid[], timestamptz, integer) to fm_writer;

create function private.links_ever_at(entity_id uuid, max_count integer) returns uuid[]
language sql stable security definer set search_path = ''
as $$
  select array(
    select event.aggregate_id
    from public.domain_events as event
    where event.event_type = 'NodeLinkCreated'
      and (event.data ->> 'sourceEntityId' = links_ever_at.entity_id::text
        or event.data ->> 'targetEntityId' = links_ever_at.entity_id::text)
    order by event.position desc
    limit links_ever_at.max_count)
$$;

comment on function private.links_ever_at(uuid, integer) is
  'The links that ever touched a thing, newest first. Definer: the writer role reads no events.';

revoke all on function private.links_ever_at(uuid, integer) from public;
grant execute on function private.links_ever_at(uuid, integer) to fm_writer;

create function public.read_link_history(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
declare
  v_entity_id uuid := (command ->> 'entityId')::uuid;
  v_max integer := (command ->> 'limit')::integer;
  v_links uuid[];
begin
  perform private.begin_command(actor, request - 'idempotency');
  if v_entity_id is null then
    v_links := array(
      select link.link_id from public.node_links as link order by link.created_at desc limit 1000);
  else
    v_links := private.links_ever_at(v_entity_id, 1000);
  end if;
  return jsonb_build_object('events', private.link_history(v_links, (command ->> 'to')::timestamptz, v_max));
end
$$;

comment on function public.read_link_history(jsonb, jsonb, jsonb) is
  'The events, up to an instant, of the newest 1000 links that ever touched a thing {entityId?, to?, limit}, removed links included; without a thing those of the newest links the actor sees. Answers {events: [{linkId, eventType, occurredAt, actorId?, data}]}.';

revoke all on function public.read_link_history(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.read_link_history(jsonb, jsonb, jsonb) to service_role;

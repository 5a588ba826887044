-- Verifying compares the rows of an aggregate with what its events say. The rows
-- come as they are, by table and key, without what the database derives from them,
-- so that a new column is noticed by itself. Times are in UTC.

create function private.without_nulls(content jsonb) returns jsonb
language sql immutable set search_path = ''
as $$
  select coalesce(jsonb_object_agg(field.key, field.value), '{}')
  from jsonb_each(content) as field where field.value <> 'null'
$$;

comment on function private.without_nulls(jsonb) is 'An object without its own absent fields; those within stay.';

create function private.rows_of_model(model_id uuid) returns jsonb
language sql stable security definer set search_path = '' set timezone = 'UTC'
as $$
  select private.without_nulls(jsonb_build_object(
    'function_models', (
      select jsonb_build_object(model.model_id, to_jsonb(model) - '{readers,search}'::text[])
      from public.function_models as model where model.model_id = rows_of_model.model_id),
    'container_nodes', (
      select jsonb_object_agg(node.node_id, to_jsonb(node) || jsonb_build_object('dependencies', coalesce((
        select jsonb_agg(dependency.dependency_id order by dependency.position)
        from public.node_dependencies as dependency
        where dependency.model_id = node.model_id and dependency.node_id = node.node_id), '[]')))
      from public.container_nodes as node where node.model_id = rows_of_model.model_id),
    'action_nodes', (
      select jsonb_object_agg(action.action_id, to_jsonb(action))
      from public.action_nodes as action where action.model_id = rows_of_model.model_id),
    'function_model_versions', (
      select jsonb_object_agg(version.version_id, to_jsonb(version))
      from public.function_model_versions as version where version.model_id = rows_of_model.model_id)))
$$;

comment on function private.rows_of_model(uuid) is
  'Rows of a model by table and key; dependencies stand with the node that waits. Definer: the service reads the rows of all.';

create function private.rows_of_aggregate(aggregate_type text, aggregate_id uuid) returns jsonb
language sql stable security definer set search_path = '' set timezone = 'UTC'
as $$
  select case rows_of_aggregate.aggregate_type
    when 'function-model' then private.rows_of_model(rows_of_aggregate.aggregate_id)
    when 'node-link' then (
      select coalesce(jsonb_object_agg('node_links', jsonb_build_object(link.link_id, to_jsonb(link))), '{}')
      from public.node_links as link where link.link_id = rows_of_aggregate.aggregate_id)
    when 'ai-agent' then (
      select coalesce(jsonb_object_agg('ai_agents', jsonb_build_object(agent.agent_id,
        to_jsonb(agent) - '{model_id,traits,most_tasks,success_rate,performance_metrics,last_executed_at}'::text[]
        || jsonb_build_object('tools', jsonb_build_object('availableTools', agent.tools -> 'availableTools')))), '{}')
      from public.ai_agents as agent where agent.agent_id = rows_of_aggregate.aggregate_id)
    when 'organization' then private.without_nulls(jsonb_build_object(
      'organizations', (
        select jsonb_build_object(organization.organization_id, to_jsonb(organization))
        from public.organizations as organization where organization.organization_id = rows_of_aggregate.aggregate_id),
      'organization_members', (
        select jsonb_object_agg(member.user_id, to_jsonb(member))
        from public.organization_members as member where member.organization_id = rows_of_aggregate.aggregate_id)))
    end
$$;

comment on function private.rows_of_aggregate(text, uuid) is
  'What is stored of an aggregate, {table: {key: row}}, {} when nothing is. Left out: what the database derives, what agents have done so far, and settings of tools, which no event tells. Definer: the service reads the rows of all.';

create function private.stream_of_aggregate(aggregate_id uuid, after_version integer, upto integer) returns jsonb
language sql stable security definer set search_path = '' set timezone = 'UTC'
as $$
  select coalesce(jsonb_agg(private.without_nulls(jsonb_build_object(
      'aggregateVersion', event.aggregate_version, 'eventType', event.event_type,
      'eventVersion', event.event_version, 'occurredAt', event.occurred_at, 'actorId', event.actor_id,
      'organizationId', (
        select organization.organization_id from public.organizations as organization
        where organization.organization_id = event.organization_id),
      'correlationId', event.correlation_id, 'data', event.data)) order by event.aggregate_version), '[]')
  from public.domain_events as event
  where event.aggregate_id = stream_of_aggregate.aggregate_id
    and event.aggregate_version > stream_of_aggregate.after_version
    and event.aggregate_version <= stream_of_aggregate.after_version + stream_of_aggregate.upto
$$;

comment on function private.stream_of_aggregate(uuid, integer, integer) is
  'Events of an aggregate behind a version with their exact times; an organization is named as long as it exists. Definer: the service reads the events of all.';

create function private.gone_users(aggregate_id uuid) returns jsonb
language sql stable security definer set search_path = ''
as $$
  select coalesce(jsonb_agg(named.user_id), '[]')
  from (
    select distinct (event.data ->> field.name)::uuid as user_id
    from public.domain_events as event, unnest('{createdBy,userId}'::text[]) as field (name)
    where event.aggregate_id = gone_users.aggregate_id and event.data ? field.name) as named
  where not exists (select from auth.users as person where person.id = named.user_id)
$$;

comment on function private.gone_users(uuid) is
  'People of an organization''s events whose accounts are gone, and their memberships with them. Definer: accounts are the sign-in service''s.';

create function private.aggregates_behind(aggregate_type text, after uuid, most integer) returns uuid[]
language sql stable security definer set search_path = ''
as $$
  select coalesce(array_agg(found.aggregate_id), '{}') from (
    (select event.aggregate_id from public.domain_events as event
      where event.aggregate_id > after and event.aggregate_version = 1
        and event.aggregate_type = aggregates_behind.aggregate_type
      order by event.aggregate_id limit most)
    union
    (select model.model_id from public.function_models as model
      where aggregates_behind.aggregate_type = 'function-model' and model.model_id > after
      order by model.model_id limit most)
    union
    (select link.link_id from public.node_links as link
      where aggregates_behind.aggregate_type = 'node-link' and link.link_id > after
      order by link.link_id limit most)
    union
    (select agent.agent_id from public.ai_agents as agent
      where aggregates_behind.aggregate_type = 'ai-agent' and agent.agent_id > after
      order by agent.agent_id limit most)
    union
    (select organization.organization_id from public.organizations as organization
      where aggregates_behind.aggregate_type = 'organization' and organization.organization_id > after
      order by organization.organization_id limit most)
    order by aggregate_id limit most) as found
$$;

comment on function private.aggregates_behind(text, uuid, integer) is
  'The next aggregates of a type in the order of their ids: whatever has events, and whatever has a row without any. Definer: the service reads the rows of all.';

-- One statement, so that rows and events are of one moment.
create function private.read_aggregates(question jsonb) returns jsonb
language sql stable security definer set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
      'aggregateId', one.aggregate_id,
      'rows', private.rows_of_aggregate(question ->> 'aggregateType', one.aggregate_id),
      'streamVersion', (
        select coalesce(max(event.aggregate_version), 0) from public.domain_events as event
        where event.aggregate_id = one.aggregate_id),
      'events', private.stream_of_aggregate(one.aggregate_id, 0, (question ->> 'mostEvents')::integer),
      'goneUsers', case question ->> 'aggregateType'
        when 'organization' then private.gone_users(one.aggregate_id) else '[]' end)
    order by one.aggregate_id), '[]')
  from unnest(case
    when question ? 'aggregateId' then array[(question ->> 'aggregateId')::uuid]
    else private.aggregates_behind(
      question ->> 'aggregateType',
      coalesce((question ->> 'after')::uuid, '00000000-0000-0000-0000-000000000000'),
      (question ->> 'limit')::integer) end) as one (aggregate_id)
$$;

comment on function private.read_aggregates(jsonb) is
  'Rows and events of some aggregates at one moment. Definer: the service reads the rows of all.';

create function public.read_aggregates(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql stable set role = 'fm_writer' set search_path = ''
as $$
begin
  if actor ->> 'role' is distinct from 'service_role' then
    raise exception using errcode = '42501', message = 'Only the service reads without a user';
  end if;
  return private.read_aggregates(command);
end
$$;

comment on function public.read_aggregates(jsonb, jsonb, jsonb) is
  'Rows and events of one aggregate {aggregateType, aggregateId, mostEvents} or of the next ones {aggregateType, after?, limit, mostEvents}: [{aggregateId, rows, streamVersion, events, goneUsers}]. Refusal: 42501 for everybody but the service.';

create function public.read_stream(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql stable set role = 'fm_writer' set search_path = ''
as $$
begin
  if actor ->> 'role' is distinct from 'service_role' then
    raise exception using errcode = '42501', message = 'Only the service reads without a user';
  end if;
  return private.stream_of_aggregate(
    (command ->> 'aggregateId')::uuid, (command ->> 'afterVersion')::integer, (command ->> 'limit')::integer);
end
$$;

comment on function public.read_stream(jsonb, jsonb, jsonb) is
  'The next events {aggregateId, afterVersion, limit} of an aggregate. Refusal: 42501 for everybody but the service.';

revoke all on function private.without_nulls(jsonb) from public;
revoke all on function private.rows_of_model(uuid) from public;
revoke all on function private.rows_of_aggregate(text, uuid) from public;
revoke all on function private.stream_of_aggregate(uuid, integer, integer) from public;
revoke all on function private.gone_users(uuid) from public;
revoke all on function private.aggregates_behind(text, uuid, integer) from public;
revoke all on function private.read_aggregates(jsonb) from public;
revoke all on function public.read_aggregates(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
revoke all on function public.read_stream(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function private.read_aggregates(jsonb) to fm_writer;
grant execute on function private.stream_of_aggregate(uuid, integer, integer) to fm_writer;
grant execute on function public.read_aggregates(jsonb, jsonb, jsonb) to service_role;
grant execute on function public.read_stream(jsonb, jsonb, jsonb) to service_role;

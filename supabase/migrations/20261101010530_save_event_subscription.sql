create function private.subscription_state(name text) returns jsonb
language sql volatile set search_path = ''
as $$
  select jsonb_strip_nulls(jsonb_build_object(
    'name', subscription.name,
    'eventTypes', subscription.event_types,
    'aggregateTypes', subscription.aggregate_types,
    'position', subscription.position,
    'lag', (
      select greatest(private.event_watermark() - subscription.position, 0)),
    'setAside', (
      select count(*) from private.set_aside_events as aside where aside.subscription = subscription.name),
    'deadLetters', (
      select count(*) from private.dead_letter_events as letter where letter.subscription = subscription.name),
    'maxAttempts', subscription.max_attempts,
    'leasedUntil', case when subscription.leased_until > clock_timestamp()
      then private.wire_time(subscription.leased_until) end,
    'createdAt', private.wire_time(subscription.created_at),
    'updatedAt', private.wire_time(subscription.updated_at)))
  from private.event_subscriptions as subscription
  where subscription.name = subscription_state.name
$$;

comment on function private.subscription_state(text) is 'A subscription in wire form; null when there is none.';

revoke all on function private.subscription_state(text) from public;
grant execute on function private.subscription_state(text) to fm_engine;

create function private.position_before(moment timestamptz) returns bigint
language sql volatile set search_path = ''
as $$
  select coalesce(
    least(
      (select min(event.position) from public.domain_events as event
       where event.occurred_at >= position_before.moment),
      (select min(event.position) from public.execution_events as event
       where event.occurred_at >= position_before.moment)) - 1,
    private.event_watermark())
$$;

comment on function private.position_before(timestamptz) is
  'The position after which everything is found that happened at a time or later.';

revoke all on function private.position_before(timestamptz) from public;
grant execute on function private.position_before(timestamptz) to fm_engine;

create function public.save_event_subscription(command jsonb) returns jsonb
language plpgsql volatile set role = 'fm_engine' set search_path = ''
as $$
declare
  v_name text := command ->> 'name';
  v_position bigint := coalesce(
    (command ->> 'afterPosition')::bigint, private.position_before((command ->> 'from')::timestamptz));
  v_moves boolean := command ?| '{afterPosition,from}';
begin
  if (command ->> 'remove')::boolean then
    perform private.lock_subscription(v_name);
    delete from private.event_subscriptions as gone where gone.name = v_name;
    return '{}';
  end if;

  insert into private.event_subscriptions (name, position)
  values (v_name, least(v_position, private.event_watermark()))
  on conflict on constraint event_subscriptions_pkey do nothing;
  perform private.lock_subscription(v_name);
  -- Whoever has a batch loses it: it began elsewhere, or was of other events.
  update private.event_subscriptions as saved
  set event_types = private.words(command -> 'eventTypes'),
      aggregate_types = private.words(command -> 'aggregateTypes'),
      max_attempts = coalesce((command ->> 'maxAttempts')::smallint, 8),
      position = case when v_moves then least(v_position, private.event_watermark()) else saved.position end,
      batch = saved.batch + 1, leased_until = null, delivered_up_to = null, delivered = '{}',
      updated_at = now()
  where saved.name = v_name;
  if v_moves then
    delete from private.set_aside_events as aside
    where aside.subscription = v_name and aside.position > v_position;
  end if;
  return private.subscription_state(v_name);
end
$$;

comment on function public.save_event_subscription(jsonb) is
  'Makes, changes, moves or removes a subscription {name, eventTypes?, aggregateTypes?, maxAttempts?, afterPosition?, from?, remove?}. A new one begins now unless it says where; a place given for an old one moves its checkpoint. Who has a batch loses it. Answers the subscription. Refusals: FM004 not found.';

create function private.words(list jsonb) returns text[]
language sql immutable set search_path = ''
as $$
  select case when jsonb_typeof(list) = 'array' then array(select jsonb_array_elements_text(list)) end
$$;

comment on function private.words(jsonb) is 'A list of texts; null for anything else.';

revoke all on function private.words(jsonb) from public;
grant execute on function private.words(jsonb) to fm_engine;
revoke all on function public.save_event_subscription(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.save_event_subscription(jsonb) to service_role;

create function public.read_event_subscriptions(command jsonb) returns jsonb
language sql volatile set role = 'fm_engine' set search_path = ''
as $$
  select case when command ? 'name' then private.subscription_state(command ->> 'name') else (
    select coalesce(jsonb_agg(private.subscription_state(subscription.name) order by subscription.name), '[]')
    from private.event_subscriptions as subscription) end
$$;

comment on function public.read_event_subscriptions(jsonb) is
  'The subscription of a name {name}, null when there is none; without a name the list of all.';

revoke all on function public.read_event_subscriptions(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.read_event_subscriptions(jsonb) to service_role;

create function private.lock_subscription(name text) returns private.event_subscriptions
language plpgsql set search_path = ''
as $$
declare
  v_subscription private.event_subscriptions;
begin
  select * into v_subscription
  from private.event_subscriptions as subscription
  where subscription.name = lock_subscription.name
  for no key update;
  if not found then
    raise exception using errcode = 'FM004', message = 'Not found';
  end if;
  return v_subscription;
end
$$;

comment on function private.lock_subscription(text) is 'The subscription of this name, locked; FM004 when there is none.';

revoke all on function private.lock_subscription(text) from public;
grant execute on function private.lock_subscription(text) to fm_engine;

create function private.take_due_events(subscription text, batch bigint, max_count integer, at timestamptz)
returns table ("position" bigint, event_id uuid, attempts smallint)
language sql volatile set search_path = ''
as $$
  update private.set_aside_events as aside
  set delivered_in = take_due_events.batch
  from (
    select candidate.position
    from private.set_aside_events as candidate
    where candidate.subscription = take_due_events.subscription
      and not exists (
        select from private.set_aside_events as pausing
        where pausing.subscription = candidate.subscription and pausing.aggregate_id = candidate.aggregate_id
          and pausing.position <= candidate.position and pausing.due_at > take_due_events.at)
    order by candidate.position
    limit take_due_events.max_count
  ) as due
  where aside.subscription = take_due_events.subscription and aside.position = due.position
  returning aside.position, aside.event_id, aside.attempts
$$;

comment on function private.take_due_events(text, bigint, integer, timestamptz) is
  'Marks what was set aside as delivered in a batch: of each aggregate the events before the first that is not due at an instant. It is one for all of them: a clock that went on between two would let the later one pass.';

revoke all on function private.take_due_events(text, bigint, integer, timestamptz) from public;
grant execute on function private.take_due_events(text, bigint, integer, timestamptz) to fm_engine;

create function public.fetch_events(command jsonb) returns json
language plpgsql volatile set role = 'fm_engine' set search_path = ''
as $$
declare
  v_subscription private.event_subscriptions := private.lock_subscription(command ->> 'name');
  v_limit integer := least(greatest(coalesce((command ->> 'limit')::integer, 100), 1), 1000);
  v_seconds integer := least(greatest(coalesce((command ->> 'leaseSeconds')::integer, 60), 1), 3600);
  v_batch bigint := v_subscription.batch + 1;
  v_until timestamptz := clock_timestamp() + v_seconds * interval '1 second';
  v_watermark bigint := private.event_watermark();
  v_again text;
  v_room integer;
  v_new text;
  v_delivered uuid[];
  v_seen bigint;
  v_last bigint;
begin
  if v_subscription.leased_until > clock_timestamp()
    and (command ->> 'batch')::bigint is distinct from v_subscription.batch then
    raise exception using errcode = 'FM041', message = 'Another consumer has a batch';
  end if;

  select string_agg(event.envelope, ',' order by due.position), greatest(v_limit - count(*), 1)
  into v_again, v_room
  from private.take_due_events(v_subscription.name, v_batch, v_limit, clock_timestamp()) as due
  cross join lateral private.events_between(
    due.position - 1, due.position, null, null, 1, due.attempts + 1) as event;

  select string_agg(event.envelope, ',' order by event.position) filter (where not event.waits),
         coalesce(array_agg(event.event_id) filter (where not event.waits), '{}'),
         count(*), max(event.position)
  into v_new, v_delivered, v_seen, v_last
  from (
    -- Not correlated, so that it is one look for the whole batch.
    select found.position, found.event_id, found.envelope, found.aggregate_id in (
      select aside.aggregate_id
      from private.set_aside_events as aside
      where aside.subscription = v_subscription.name) as waits
    from private.events_between(
      v_subscription.position, v_watermark, v_subscription.event_types, v_subscription.aggregate_types,
      v_room, 1) as found
  ) as event;

  update private.event_subscriptions as saved
  set batch = v_batch,
      leased_until = v_until,
      delivered = v_delivered,
      delivered_up_to = case when v_seen >= v_room then v_last else greatest(v_watermark, v_subscription.position) end
  where saved.name = v_subscription.name;
  return concat(
    '{"batch":', v_batch, ',"leasedUntil":"', private.wire_time(v_until), '","events":[',
    concat_ws(',', v_again, v_new), ']}');
end
$$;

comment on function public.fetch_events(jsonb) is
  'Hands out the next batch of a subscription {name, limit?, leaseSeconds?, batch?}: what was set aside and is due, then what is behind the checkpoint, up to the watermark. Answers {batch, leasedUntil, events}. Refusals: FM004 not found, FM041 another consumer has a batch; who has it names it and gets the next.';

revoke all on function public.fetch_events(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.fetch_events(jsonb) to service_role;

create function private.pause_after(attempts integer) returns interval
language sql immutable set search_path = ''
as $$
  select least(power(2, least(greatest(attempts, 1), 20) - 1), 3600) * interval '1 second'
$$;

comment on function private.pause_after(integer) is
  'How long an event waits that failed so often: 1 s, 2 s, 4 s …, at most an hour.';

revoke all on function private.pause_after(integer) from public;
grant execute on function private.pause_after(integer) to fm_engine;

create function private.set_aside(subscription private.event_subscriptions, failures jsonb) returns void
language sql volatile set search_path = ''
as $$
  with passed as (
    select found.position, found.event_id, found.aggregate_id,
           found.event_id = any ((subscription).delivered) as was_delivered, failure.error
    from private.events_between(
      (subscription).position, (subscription).delivered_up_to, (subscription).event_types,
      (subscription).aggregate_types, null) as found
    left join jsonb_to_recordset(failures) as failure ("eventId" uuid, error text)
      on failure."eventId" = found.event_id and found.event_id = any ((subscription).delivered)
  ), failed as (
    select passed.aggregate_id, min(passed.position) as position
    from passed where passed.error is not null group by passed.aggregate_id
  )
  insert into private.set_aside_events (subscription, position, event_id, aggregate_id, attempts, due_at, last_error)
  select (subscription).name, passed.position, passed.event_id, passed.aggregate_id,
         case when passed.error is null then 0 else 1 end,
         clock_timestamp() + case when passed.error is null then interval '0' else private.pause_after(1) end,
         passed.error
  from passed
  left join failed on failed.aggregate_id = passed.aggregate_id
  where not passed.was_delivered or passed.error is not null or passed.position > failed.position
  on conflict on constraint set_aside_events_pkey do nothing
$$;

comment on function private.set_aside(private.event_subscriptions, jsonb) is
  'Sets aside, of the events that the open batch covers, those that failed, later ones of the same aggregates, and those that were held back because earlier ones wait.';

revoke all on function private.set_aside(private.event_subscriptions, jsonb) from public;
grant execute on function private.set_aside(private.event_subscriptions, jsonb) to fm_engine;

create function private.settle_retries(subscription private.event_subscriptions, failures jsonb) returns void
language plpgsql set search_path = ''
as $$
begin
  delete from private.set_aside_events as aside
  where aside.subscription = (settle_retries.subscription).name
    and aside.delivered_in = (settle_retries.subscription).batch
    and not exists (
      select from private.set_aside_events as failed
      join jsonb_to_recordset(failures) as failure ("eventId" uuid) on failure."eventId" = failed.event_id
      where failed.subscription = aside.subscription and failed.delivered_in = aside.delivered_in
        and failed.aggregate_id = aside.aggregate_id and failed.position <= aside.position);
  update private.set_aside_events as aside
  set attempts = aside.attempts + 1,
      due_at = clock_timestamp() + private.pause_after(aside.attempts + 1),
      delivered_in = null,
      last_error = failure.error
  from jsonb_to_recordset(failures) as failure ("eventId" uuid, error text)
  where aside.subscription = (settle_retries.subscription).name
    and aside.delivered_in = (settle_retries.subscription).batch
    and failure."eventId" = aside.event_id;
  with hopeless as (
    delete from private.set_aside_events as aside
    where aside.subscription = (settle_retries.subscription).name
      and aside.attempts >= (settle_retries.subscription).max_attempts
    returning aside.*
  )
  insert into private.dead_letter_events (subscription, position, event_id, aggregate_id, attempts, error)
  select hopeless.subscription, hopeless.position, hopeless.event_id, hopeless.aggregate_id, hopeless.attempts,
         coalesce(hopeless.last_error, '')
  from hopeless
  on conflict on constraint dead_letter_events_pkey do update
    set attempts = excluded.attempts, error = excluded.error, parked_at = now();
end
$$;

comment on function private.settle_retries(private.event_subscriptions, jsonb) is
  'Of what was delivered again: removes what succeeded before any failure of the same aggregate, gives what failed a longer pause, parks what failed too often.';

revoke all on function private.settle_retries(private.event_subscriptions, jsonb) from public;
grant execute on function private.settle_retries(private.event_subscriptions, jsonb) to fm_engine;

create function public.settle_events(command jsonb) returns jsonb
language plpgsql volatile set role = 'fm_engine' set search_path = ''
as $$
declare
  v_subscription private.event_subscriptions := private.lock_subscription(command ->> 'name');
  v_failures jsonb;
begin
  if v_subscription.delivered_up_to is null
    or v_subscription.batch is distinct from (command ->> 'batch')::bigint then
    raise exception using errcode = 'FM007', message = 'The batch is not open any more';
  end if;
  select coalesce(jsonb_agg(jsonb_build_object(
    'eventId', failure ->> 'eventId', 'error', left(coalesce(failure ->> 'error', ''), 2000))), '[]')
  into v_failures
  from jsonb_array_elements(coalesce(nullif(command -> 'failures', 'null'), '[]')) as failure;

  -- Mostly nothing failed and nothing waits, and the batch need not be read again.
  if v_failures <> '[]' or exists (
    select from private.set_aside_events as aside where aside.subscription = v_subscription.name) then
    perform private.set_aside(v_subscription, v_failures);
    perform private.settle_retries(v_subscription, v_failures);
  end if;
  update private.event_subscriptions as saved
  set position = v_subscription.delivered_up_to,
      delivered_up_to = null,
      delivered = '{}',
      leased_until = null,
      updated_at = now()
  where saved.name = v_subscription.name;
  return private.subscription_state(v_subscription.name);
end
$$;

comment on function public.settle_events(jsonb) is
  'Ends a batch {name, batch, failures: [{eventId, error}]}: what is not among the failures was handled, except what comes after a failure of the same aggregate. Failed events are tried again after 1 s, 2 s, 4 s …, and then what waited behind them; who fails too often is parked. Answers the subscription. Refusals: FM004 not found, FM007 the batch is not open any more.';

revoke all on function public.settle_events(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.settle_events(jsonb) to service_role;

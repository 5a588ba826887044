create function public.read_dead_letters(command jsonb) returns jsonb
language plpgsql volatile set role = 'fm_engine' set search_path = ''
as $$
begin
  perform private.lock_subscription(command ->> 'name');
  return jsonb_strip_nulls(jsonb_build_object(
    'total', case when (command ->> 'count')::boolean then (
      select count(*) from private.dead_letter_events as letter where letter.subscription = command ->> 'name') end,
    'letters', (
    select coalesce(jsonb_agg(
      jsonb_build_object(
        'attempts', page.attempts, 'error', page.error, 'parkedAt', private.wire_time(page.parked_at),
        'event', event.envelope::jsonb)
      order by page.position), '[]')
    from (
      select *
      from private.dead_letter_events as letter
      where letter.subscription = command ->> 'name'
        and letter.position > coalesce((command ->> 'afterPosition')::bigint, 0)
      order by letter.position
      limit least(greatest(coalesce((command ->> 'limit')::integer, 20), 1), 101)
    ) as page
    cross join lateral private.events_between(page.position - 1, page.position, null, null, 1) as event)));
end
$$;

comment on function public.read_dead_letters(jsonb) is
  'The parked events of a subscription {name, afterPosition?, limit?, count?} in the order of the log: {letters: [{attempts, error, parkedAt, event}], total?}. Refusals: FM004 not found.';

revoke all on function public.read_dead_letters(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.read_dead_letters(jsonb) to service_role;

create function public.settle_dead_letter(command jsonb) returns jsonb
language plpgsql volatile set role = 'fm_engine' set search_path = ''
as $$
declare
  v_subscription private.event_subscriptions := private.lock_subscription(command ->> 'name');
  v_letter private.dead_letter_events;
begin
  delete from private.dead_letter_events as letter
  where letter.subscription = v_subscription.name and letter.event_id = (command ->> 'eventId')::uuid
  returning * into v_letter;
  if not found then
    raise exception using errcode = 'FM004', message = 'No such dead letter';
  end if;
  -- One that the checkpoint was moved before is delivered anyhow.
  if (command ->> 'replay')::boolean and v_letter.position <= v_subscription.position then
    insert into private.set_aside_events (subscription, position, event_id, aggregate_id, last_error)
    values (v_subscription.name, v_letter.position, v_letter.event_id, v_letter.aggregate_id, v_letter.error)
    on conflict on constraint set_aside_events_pkey do nothing;
  end if;
  return '{}';
end
$$;

comment on function public.settle_dead_letter(jsonb) is
  'Has a parked event tried again, or drops it {name, eventId, replay?}. Refusals: FM004 no such subscription, FM004 no such dead letter.';

revoke all on function public.settle_dead_letter(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.settle_dead_letter(jsonb) to service_role;

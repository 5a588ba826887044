-- An event that fails waits and is tried again; later events of its aggregate wait behind it, all
-- others go on. Who fails too often is parked, and can be tried again or dropped.
create or replace function private.event_watermark() returns bigint language sql as
  $sql$ select coalesce(pg_sequence_last_value('private.event_positions'), 0) $sql$;

create function test.ask(name text, command jsonb) returns jsonb language plpgsql as $$
declare
  v_answer jsonb;
begin
  set local role service_role;
  execute format('select public.%I($1)', name) into v_answer using command;
  reset role;
  return v_answer;
end
$$;

-- What a consumer is handed, as {model: number of its event, …}; all of these models fail.
create function test.consume(failing uuid[] default '{}') returns text[] language plpgsql as $$
declare
  v_batch jsonb := test.ask('fetch_events', '{"name": "mail", "limit": 100}');
  v_failures jsonb;
begin
  select coalesce(jsonb_agg(jsonb_build_object('eventId', event -> 'eventId', 'error', 'no route')), '[]') into v_failures
  from jsonb_array_elements(v_batch -> 'events') as event
  where (event ->> 'aggregateId')::uuid = any (failing) and (event ->> 'aggregateVersion')::integer = 1;
  perform test.ask('settle_events', jsonb_build_object(
    'name', 'mail', 'batch', v_batch -> 'batch', 'failures', v_failures));
  return array(
    select concat_ws(' ', (select name from public.function_models where model_id = (event ->> 'aggregateId')::uuid),
                     event ->> 'aggregateVersion', event ->> 'attempt')
    from jsonb_array_elements(v_batch -> 'events') with ordinality as list (event, place)
    order by place);
end
$$;

create function test.hurry() returns void language sql as
  $sql$ update private.set_aside_events set due_at = clock_timestamp() $sql$;

do $$
declare
  v_user uuid := test.user('author@example.org');
  v_bad uuid;
  v_good uuid;
  v_letter jsonb;
begin
  perform test.ask('save_event_subscription', '{"name": "mail", "maxAttempts": 2}');
  v_bad := test.model(v_user, 'Bad');
  v_good := test.model(v_user, 'Good');
  perform test.save(v_user, v_bad, jsonb_build_object('events', test.event('FunctionModelUpdated')));

  perform test.equal(test.consume(array[v_bad]), '{Bad 1 1,Good 1 1,Bad 2 1}', 'the first batch');
  perform test.equal(
    array(select attempts from private.set_aside_events order by position), '{1,0}', 'the later one waits behind');
  perform test.save(v_user, v_bad, jsonb_build_object('events', test.event('FunctionModelUpdated')));
  perform test.save(v_user, v_good, jsonb_build_object('events', test.event('FunctionModelUpdated')));
  perform test.equal(test.consume(), '{Good 2 1}', 'only its own aggregate waits');
  perform test.equal(
    (select count(*) from private.set_aside_events), 3::bigint, 'what came meanwhile joins the queue');

  perform test.hurry();
  perform test.equal(test.consume(array[v_bad]), '{Bad 1 2,Bad 2 1,Bad 3 1}', 'then all that waited comes');
  perform test.equal((select count(*) from private.dead_letter_events), 1::bigint, 'it failed too often');
  perform test.equal(test.consume(), '{Bad 2 1,Bad 3 1}', 'what came after the failure comes again');
  perform test.equal(test.consume(), '{}', 'nothing twice');

  v_letter := test.ask('read_dead_letters', '{"name": "mail"}') -> 'letters' -> 0;
  perform test.equal(v_letter ->> 'error', 'no route', 'the letter keeps the error');
  perform test.equal(v_letter -> 'event' ->> 'aggregateId', v_bad::text, 'and shows the event');
  perform test.ask('settle_dead_letter', jsonb_build_object(
    'name', 'mail', 'eventId', v_letter -> 'event' -> 'eventId', 'replay', true));
  perform test.equal(test.consume(), '{Bad 1 1}', 'an administrator has it tried again');

  perform test.ask('save_event_subscription', '{"name": "mail", "maxAttempts": 1, "afterPosition": 0}');
  perform test.consume(array[v_bad]);
  v_letter := test.ask('read_dead_letters', '{"name": "mail"}') -> 'letters' -> 0;
  perform test.equal((v_letter ->> 'attempts')::integer, 1, 'one try was allowed');
  perform test.ask('settle_dead_letter', jsonb_build_object('name', 'mail', 'eventId', v_letter -> 'event' -> 'eventId'));
  perform test.equal((select count(*) from private.dead_letter_events), 0::bigint, 'or drops it');
  perform test.refused(
    format('select test.ask(%L, %L)', 'settle_dead_letter',
           jsonb_build_object('name', 'mail', 'eventId', v_letter -> 'event' -> 'eventId')),
    'FM004', 'a letter that is not there');
end
$$;

-- The pauses double up to an hour.
select test.equal(
  array(select private.pause_after(attempts) from unnest('{1,2,3,12,13,100}'::integer[]) as attempts),
  '{00:00:01,00:00:02,00:00:04,00:34:08,01:00:00,01:00:00}'::interval[], 'pauses');

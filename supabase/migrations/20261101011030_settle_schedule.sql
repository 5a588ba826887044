-- What comes of a time of a schedule. The schedule's row is locked and moved on
-- from that time to the next in the transaction that starts the run: a second
-- worker finds another time, or another revision, and does nothing. The index on
-- the runs says the same once more.

create function private.insert_scheduled_execution(owner uuid, execution jsonb) returns uuid[]
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
declare
  v_claims text := current_setting('request.jwt.claims', true);
  v_ids uuid[];
begin
  perform set_config('request.jwt.claims', jsonb_build_object('sub', owner, 'role', 'authenticated')::text, true);
  v_ids := private.insert_executions(jsonb_build_array(execution), null, null);
  perform set_config('request.jwt.claims', coalesce(v_claims, ''), true);
  return v_ids;
end
$$;

comment on function private.insert_scheduled_execution(uuid, jsonb) is
  'Stores a run as the owner of its schedule, whose rights may have been withdrawn since.';

create function public.settle_schedule(command jsonb) returns jsonb
language plpgsql set role = 'fm_engine' set search_path = ''
as $$
declare
  v_schedule public.schedules;
  v_time timestamptz := (command ->> 'scheduledFor')::timestamptz;
  v_outcome text := command ->> 'outcome';
  v_execution jsonb := command -> 'execution';
  v_cancelled uuid[] := '{}';
  v_started uuid[] := '{}';
  v_facts jsonb;
begin
  select * into v_schedule
  from public.schedules as schedule
  where schedule.schedule_id = (command ->> 'scheduleId')::uuid
  for no key update;
  if v_schedule.next_fire_at is distinct from v_time or v_time is null
    or v_schedule.revision <> (command ->> 'revision')::integer
  then
    return '{"settled": false}';
  end if;

  if v_outcome = 'fired' then
    v_cancelled := array(
      select run.execution_id
      from public.workflow_executions as run
      where run.execution_id = any (v_schedule.unfinished) and run.completed_at is null
        and (command ->> 'cancelOther')::boolean
      order by run.execution_id);
    if cardinality(v_cancelled) > 0 then
      perform private.stop_runs(v_cancelled, 'cancelled', 'The next run of the schedule started', null);
    end if;
    v_started := private.insert_scheduled_execution(v_schedule.user_id, v_execution || jsonb_build_object(
      'scheduleId', v_schedule.schedule_id, 'scheduledFor', command -> 'scheduledFor'));
    perform private.begin_executions(v_started, null, 0);
  end if;

  v_facts := jsonb_strip_nulls(jsonb_build_object(
    'scheduledFor', private.wire_time(v_time), 'at', private.wire_time(now()),
    'executionId', v_started[1], 'code', command -> 'code'));
  update public.schedules as schedule
  set next_fire_at = (command ->> 'nextFireAt')::timestamptz, claimed_until = null,
      last_fire = v_facts || jsonb_build_object('outcome', v_outcome),
      unfinished = array(select unnest(v_schedule.unfinished) except select unnest(v_cancelled)) || v_started
  where schedule.schedule_id = v_schedule.schedule_id;
  perform private.append_events('schedule', v_schedule.schedule_id, v_schedule.organization_id, jsonb_build_array(
    jsonb_build_object('eventType', 'Schedule' || initcap(v_outcome), 'data',
      v_facts || jsonb_strip_nulls(jsonb_build_object(
        'scheduleId', v_schedule.schedule_id, 'modelId', v_schedule.model_id,
        'ownerId', v_schedule.user_id, 'message', command -> 'message',
        'cancelled', case when cardinality(v_cancelled) > 0 then to_jsonb(v_cancelled) end,
        'nextFireAt', private.wire_time((command ->> 'nextFireAt')::timestamptz))))));
  return '{"settled": true}';
end
$$;

comment on function public.settle_schedule(jsonb) is
  'Records what a time of a schedule led to {scheduleId, revision, scheduledFor, outcome (fired, skipped, missed, refused), nextFireAt?, execution?, cancelOther?, code?, message?} and moves it on. Answers {settled}: false when somebody did before or it changed meanwhile. 42501 when its owner may not start the run.';

revoke all on function private.insert_scheduled_execution(uuid, jsonb) from public;
revoke all on function public.settle_schedule(jsonb) from public, anon, authenticated, service_role;
grant execute on function private.insert_scheduled_execution(uuid, jsonb) to fm_engine;
grant execute on function private.begin_executions(uuid[], jsonb, integer) to fm_engine;
grant execute on function public.settle_schedule(jsonb) to service_role;

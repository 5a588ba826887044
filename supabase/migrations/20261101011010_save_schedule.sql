create function public.save_schedule(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
declare
  v_replayed jsonb := private.begin_command(actor, request);
  v_schedule_id uuid := (command ->> 'scheduleId')::uuid;
  v_expected integer := coalesce((command ->> 'expectedRevision')::integer, 0);
  v_new jsonb := command -> 'schedule';
  v_schedule public.schedules;
  v_organization_id uuid;
begin
  if v_replayed is not null then
    return v_replayed;
  end if;

  if v_expected = 0 then
    select model.organization_id into v_organization_id
    from public.function_models as model where model.model_id = (v_new ->> 'modelId')::uuid;
    if not found then
      raise exception using errcode = 'FM004', message = 'Not found';
    end if;
    perform private.describe_change((v_new ->> 'modelId')::uuid, v_organization_id, command -> 'events');
    if (
      select count(*) >= 100 from public.schedules as schedule
      where schedule.model_id = (v_new ->> 'modelId')::uuid
    ) then
      raise exception using errcode = 'FM060', message = 'Too many schedules';
    end if;
    begin
      insert into public.schedules (
        schedule_id, model_id, organization_id, user_id, version, version_id, parameters, environment, priority,
        timeout_seconds, cron_expression, time_zone, starts_at, ends_at, overlap_policy, catchup_window_seconds,
        status, next_fire_at)
      select
        v_schedule_id, wanted.model_id, v_organization_id, private.actor_id(), wanted.version, wanted.version_id,
        wanted.parameters, wanted.environment, wanted.priority, wanted.timeout_seconds, wanted.cron_expression,
        wanted.time_zone, wanted.starts_at, wanted.ends_at, wanted.overlap_policy, wanted.catchup_window_seconds,
        wanted.status, wanted.next_fire_at
      from private.schedule_of(v_new) as wanted;
    exception when unique_violation then
      raise exception using errcode = 'FM005', message = 'The identifier is in use';
    end;
    perform private.append_events('schedule', v_schedule_id, v_organization_id, command -> 'events');
    return jsonb_build_object('revision', 1);
  end if;

  select * into v_schedule from public.schedules as schedule where schedule.schedule_id = v_schedule_id for no key update;
  if not found then
    if exists (select from public.schedules as schedule where schedule.schedule_id = v_schedule_id) then
      raise exception using errcode = '42501', message = 'Not allowed to change this schedule';
    end if;
    raise exception using errcode = 'FM004', message = 'Not found';
  end if;
  if v_schedule.revision <> v_expected then
    raise exception using errcode = 'PT409', message = 'Revision conflict', detail = v_schedule.revision::text;
  end if;
  perform private.describe_change(v_schedule.model_id, v_schedule.organization_id, command -> 'events');
  if (command ->> 'remove')::boolean then
    delete from public.schedules as schedule where schedule.schedule_id = v_schedule_id;
  else
    update public.schedules as schedule
    set user_id = private.actor_id(), version = wanted.version, version_id = wanted.version_id,
        parameters = wanted.parameters, environment = wanted.environment, priority = wanted.priority,
        timeout_seconds = wanted.timeout_seconds, cron_expression = wanted.cron_expression,
        time_zone = wanted.time_zone, starts_at = wanted.starts_at, ends_at = wanted.ends_at,
        overlap_policy = wanted.overlap_policy, catchup_window_seconds = wanted.catchup_window_seconds,
        status = wanted.status, next_fire_at = wanted.next_fire_at, claimed_until = null,
        revision = v_expected + 1, updated_at = now()
    from private.schedule_of(v_new) as wanted
    where schedule.schedule_id = v_schedule_id;
  end if;
  perform private.append_events('schedule', v_schedule_id, v_schedule.organization_id, command -> 'events');
  return jsonb_build_object('revision', v_expected + 1);
end
$$;

comment on function public.save_schedule(jsonb, jsonb, jsonb) is
  'Makes, changes or removes a schedule {scheduleId, expectedRevision (0 = new), schedule, remove?, events}, which is the actor''s then. Answers {revision}. Refusals: FM004 not found, FM060 too many, PT409 stale.';

create function private.schedule_of(wire jsonb) returns public.schedules
language plpgsql stable set search_path = ''
as $$
begin
  return jsonb_populate_record(null::public.schedules, jsonb_build_object(
    'model_id', wire -> 'modelId', 'version', wire -> 'version', 'version_id', wire -> 'versionId',
    'parameters', coalesce(nullif(wire -> 'parameters', 'null'), '{}'), 'environment', wire -> 'environment',
    'priority', wire -> 'priority', 'timeout_seconds', wire -> 'timeoutSeconds',
    'cron_expression', wire -> 'cronExpression', 'time_zone', wire -> 'timeZone', 'starts_at', wire -> 'startsAt',
    'ends_at', wire -> 'endsAt', 'overlap_policy', wire -> 'overlapPolicy',
    'catchup_window_seconds', wire -> 'catchupWindowSeconds', 'status', wire -> 'status',
    'next_fire_at', wire -> 'nextFireAt'));
end
$$;

comment on function private.schedule_of(jsonb) is 'What a schedule in wire form says, as a row.';

revoke all on function private.schedule_of(jsonb) from public;
revoke all on function public.save_schedule(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function private.schedule_of(jsonb) to fm_writer;
grant execute on function public.save_schedule(jsonb, jsonb, jsonb) to service_role;

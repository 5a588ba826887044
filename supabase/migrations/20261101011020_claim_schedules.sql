create function public.claim_schedules(want integer) returns jsonb
language plpgsql set role = 'fm_engine' set search_path = ''
as $$
declare
  v_claimed jsonb;
begin
  with due as (
    select schedule.schedule_id
    from public.schedules as schedule
    where schedule.next_fire_at <= now() and (schedule.claimed_until is null or schedule.claimed_until <= now())
    order by schedule.next_fire_at
    limit least(claim_schedules.want, 50)
    for no key update skip locked
  ), claimed as (
    update public.schedules as schedule
    set claimed_until = now() + interval '10 seconds',
        unfinished = array(
          select run.execution_id from public.workflow_executions as run
          where run.execution_id = any (schedule.unfinished) and run.completed_at is null)
    from due
    where schedule.schedule_id = due.schedule_id
    returning schedule.*
  )
  select coalesce(jsonb_agg(jsonb_build_object(
    'schedule', jsonb_strip_nulls(jsonb_build_object(
      'scheduleId', claimed.schedule_id, 'modelId', claimed.model_id, 'organizationId', claimed.organization_id,
      'userId', claimed.user_id, 'version', claimed.version, 'versionId', claimed.version_id,
      'environment', claimed.environment, 'priority', claimed.priority, 'timeoutSeconds', claimed.timeout_seconds,
      'cronExpression', claimed.cron_expression, 'timeZone', claimed.time_zone,
      'startsAt', private.wire_time(claimed.starts_at), 'endsAt', private.wire_time(claimed.ends_at),
      'overlapPolicy', claimed.overlap_policy, 'catchupWindowSeconds', claimed.catchup_window_seconds,
      'status', claimed.status, 'nextFireAt', private.wire_time(claimed.next_fire_at),
      'createdAt', private.wire_time(claimed.created_at), 'updatedAt', private.wire_time(claimed.updated_at),
      'revision', claimed.revision)) || jsonb_build_object('parameters', claimed.parameters),
    'unfinished', to_jsonb(claimed.unfinished), 'now', private.wire_time(now())) order by claimed.next_fire_at), '[]')
  into v_claimed
  from claimed;
  return v_claimed;
end
$$;

comment on function public.claim_schedules(integer) is
  'Schedules whose time has come, at most so many, each with its runs that have not ended [{schedule, unfinished, now}]; for ten seconds nobody else gets them.';

create function private.schedules_are_due() returns boolean
language sql volatile set role = 'fm_engine' set search_path = ''
as $$
  select exists (
    select from public.schedules as schedule
    where schedule.next_fire_at <= now() and (schedule.claimed_until is null or schedule.claimed_until <= now()))
$$;

comment on function private.schedules_are_due() is 'Whether the time of a schedule has come.';

revoke all on function private.schedules_are_due() from public;
revoke all on function public.claim_schedules(integer) from public, anon, authenticated, service_role;
grant execute on function public.claim_schedules(integer) to service_role;

create function private.container_status(execution_id uuid, step private.plan_steps) returns public.step_status
language plpgsql stable set search_path = ''
as $$
begin
  return case when exists (
    select from public.action_runs as run
    where run.execution_id = container_status.execution_id
      and run.step > container_status.step.opened_by and run.step < container_status.step.step
      and run.status = 'failed' and not run.lets_others_go_on
  ) then 'failed' else 'completed' end;
end
$$;

comment on function private.container_status(uuid, private.plan_steps) is
  'How a container ends: it failed when one of its actions failed and did not let the others go on.';

create function private.end_container(turn private.turn, step private.plan_steps, status public.step_status)
returns private.turn
language plpgsql set search_path = ''
as $$
declare
  v_done record;
begin
  if status = 'skipped' then
    turn.execution.skipped_nodes := (turn.execution).skipped_nodes + 1;
    return turn;
  end if;

  if step.kind = 'pass' then
    turn := private.draft_event(turn, 'ContainerNodeOrchestrationStarted',
      step.event || jsonb_build_object('startedAt', turn.at));
  end if;
  select count(*) filter (where run.status = 'completed') as completed,
         count(*) filter (where run.status = 'failed') as failed,
         count(*) filter (where run.status = 'skipped') as skipped,
         (select opened.started_at from public.action_runs as opened
          where opened.execution_id = (turn.execution).execution_id and opened.step = end_container.step.opened_by
         ) as opened_at
    into v_done
  from private.plan_steps as inner_step
  join public.action_runs as run
    on run.execution_id = (turn.execution).execution_id and run.step = inner_step.step
  where inner_step.version_id = end_container.step.version_id
    and inner_step.step > end_container.step.opened_by and inner_step.step < end_container.step.step
    and inner_step.kind = 'action';

  if status = 'failed' then
    turn.execution.failed_nodes := (turn.execution).failed_nodes + 1;
  else
    turn.execution.completed_nodes := (turn.execution).completed_nodes + 1;
  end if;
  return private.draft_event(turn, 'ContainerNodeOrchestrationCompleted',
    step.event - 'actionCount' || jsonb_build_object(
      'successCount', v_done.completed, 'failureCount', v_done.failed, 'skippedCount', v_done.skipped,
      'durationMs', private.milliseconds(now() - coalesce(v_done.opened_at, now())),
      'completedAt', turn.at));
end
$$;

comment on function private.end_container(private.turn, private.plan_steps, public.step_status) is
  'Counts a container as ended and tells what came of its actions.';

create function private.milliseconds(length interval) returns bigint
language plpgsql immutable set search_path = ''
as $$
begin
  return round(extract(epoch from length) * 1000)::bigint;
end
$$;

comment on function private.milliseconds(interval) is 'An interval in whole milliseconds.';

create function private.end_step(
  turn private.turn, step private.plan_steps, status public.step_status, attempt integer default 0
)
returns private.turn
language plpgsql set search_path = ''
as $$
begin
  turn.execution.remaining_steps := (turn.execution).remaining_steps - 1;
  case
    when step.kind = 'action' then
      return private.note_change(turn, step, status::text, attempt);
    when step.kind in ('pass', 'close') then
      return private.end_container(turn, step, status);
    when step.kind = 'open' and status = 'completed' then
      return private.draft_event(turn, 'ContainerNodeOrchestrationStarted',
        step.event || jsonb_build_object('startedAt', turn.at));
    else
      return turn;
  end case;
end
$$;

comment on function private.end_step(private.turn, private.plan_steps, public.step_status, integer) is
  'Counts a step of the run as ended, whichever way, and tells of containers that opened or closed by it.';

revoke all on function private.container_status(uuid, private.plan_steps) from public;
revoke all on function private.end_container(private.turn, private.plan_steps, public.step_status) from public;
revoke all on function private.milliseconds(interval) from public;
revoke all on function private.end_step(private.turn, private.plan_steps, public.step_status, integer) from public;
grant execute on function private.container_status(uuid, private.plan_steps) to fm_engine;
grant execute on function private.end_container(private.turn, private.plan_steps, public.step_status) to fm_engine;
grant execute on function private.milliseconds(interval) to fm_engine;
grant execute on function private.end_step(private.turn, private.plan_steps, public.step_status, integer) to fm_engine;

create function private.milliseconds(length interval) returns bigint
language plpgsql immutable set search_path = ''
as $$
begin
  return round(extract(epoch from length) * 1000)::bigint;
end
$$;

comment on function private.milliseconds(interval) is 'An interval in whole milliseconds.';

create function private.next_of_groups(steps private.step_run[]) returns private.arrival[]
language plpgsql set search_path = ''
as $$
declare
  v_next private.arrival[];
begin
  with ended as (
    select step.execution_id, step.version_id, step.group_id, count(*)::integer as places
    from unnest(next_of_groups.steps) as step
    where step.group_id is not null
    group by 1, 2, 3
  ), fresh as (
    -- A group's first members were set off with the container.
    insert into private.group_cursors (execution_id, group_id, next)
    select ended.execution_id, ended.group_id, limited.concurrency
    from ended
    join private.plan_groups as limited
      on limited.version_id = ended.version_id and limited.group_id = ended.group_id
    where not exists (
      select from private.group_cursors as known
      where known.execution_id = ended.execution_id and known.group_id = ended.group_id)
    returning execution_id, group_id, next
  )
  select array_agg(row(ended.execution_id, ended.version_id, member.step)::private.arrival
                   order by ended.execution_id, ended.group_id, member.place)
    into v_next
  from ended
  join private.plan_groups as limited
    on limited.version_id = ended.version_id and limited.group_id = ended.group_id
  left join private.group_cursors as known
    on known.execution_id = ended.execution_id and known.group_id = ended.group_id
  left join fresh on fresh.execution_id = ended.execution_id and fresh.group_id = ended.group_id
  cross join lateral unnest(limited.members) with ordinality as member (step, place)
  where member.place > coalesce(known.next, fresh.next)
    and member.place <= coalesce(known.next, fresh.next) + ended.places;

  with ended as (
    select step.execution_id, step.group_id, count(*)::integer as places
    from unnest(next_of_groups.steps) as step
    where step.group_id is not null
    group by 1, 2
  )
  update private.group_cursors as moved
  set next = moved.next + ended.places
  from ended
  where moved.execution_id = ended.execution_id and moved.group_id = ended.group_id;
  return coalesce(v_next, '{}');
end
$$;

comment on function private.next_of_groups(private.step_run[]) is
  'The members of limited groups that take the places of these steps.';

create function private.set_off(turn private.turn, steps private.step_run[]) returns private.turn
language plpgsql set search_path = ''
as $$
declare
  v_arrivals private.arrival[];
  v_limited boolean;
begin
  select array(
           select row(step.execution_id, step.version_id, next.step)::private.arrival
           from unnest(set_off.steps) with ordinality as step (
             execution_id, version_id, step, kind, status, attempt, failures, started_at, opened_by, group_id,
             successors, action_id, event, place),
             unnest(step.successors) with ordinality as next (step, place)
           order by step.place, next.place),
         exists (select from unnest(set_off.steps) as step where step.group_id is not null)
    into v_arrivals, v_limited;
  turn.arrivals := turn.arrivals || v_arrivals;
  if v_limited then
    turn.arrivals := turn.arrivals || private.next_of_groups(set_off.steps);
  end if;
  return turn;
end
$$;

comment on function private.set_off(private.turn, private.step_run[]) is
  'Steps have ended: their successors, and the next members of their limited groups, each have one predecessor less to wait for.';

create function private.end_steps(turn private.turn, steps private.step_run[]) returns private.turn
language plpgsql set search_path = ''
as $$
declare
  v_ends private.step_end[];
  v_changes private.step_change[];
  v_containers boolean;
begin
  select array_agg(row(
           ended.execution_id, 1, case when ended.kind in ('pass', 'close') then ended.status end)::private.step_end),
         array_agg(private.change_of(ended, ended.status::text)) filter (where ended.kind = 'action'),
         bool_or(ended.kind in ('pass', 'open', 'close') and ended.status <> 'skipped')
    into v_ends, v_changes, v_containers
  from unnest(end_steps.steps) as ended;
  turn.ends := turn.ends || v_ends;
  turn.changes := turn.changes || v_changes;
  if v_containers then
    turn.drafts := turn.drafts || private.container_events(turn.at, end_steps.steps);
  end if;
  return private.set_off(turn, end_steps.steps);
end
$$;

comment on function private.end_steps(private.turn, private.step_run[]) is
  'Counts steps as ended, whichever way, tells of containers that opened or closed by it, and sets off what comes after them.';

create function private.container_events(at text, steps private.step_run[]) returns private.event_draft[]
language plpgsql stable set search_path = ''
as $$
begin
  return array(
    select told.draft
    from unnest(container_events.steps) with ordinality as step (
      execution_id, version_id, step, kind, status, attempt, failures, started_at, opened_by, group_id,
      successors, action_id, event, place)
    cross join lateral (
      select 1 as part, row(step.execution_id, 'ContainerNodeOrchestrationStarted', null,
        step.event || jsonb_build_object('startedAt', container_events.at))::private.event_draft as draft
      where step.kind in ('open', 'pass')
      union all
      select 2, row(step.execution_id, 'ContainerNodeOrchestrationCompleted', null,
        step.event - 'actionCount' || (
          select jsonb_build_object(
            'successCount', count(*) filter (where run.status = 'completed'),
            'failureCount', count(*) filter (where run.status = 'failed'),
            'skippedCount', count(*) filter (where run.status = 'skipped'),
            'durationMs', private.milliseconds(now() - coalesce((
              select opened.started_at from public.action_runs as opened
              where opened.execution_id = step.execution_id and opened.step = step.opened_by), now())),
            'completedAt', container_events.at)
          from private.plan_steps as inside
          join public.action_runs as run on run.execution_id = step.execution_id and run.step = inside.step
          where inside.version_id = step.version_id and inside.kind = 'action'
            and inside.step > step.opened_by and inside.step < step.step))::private.event_draft
      where step.kind in ('close', 'pass')
    ) as told
    where step.status in ('completed', 'failed')
    order by step.place, told.part);
end
$$;

comment on function private.container_events(text, private.step_run[]) is
  'The events of containers that these steps open and close, with what came of their actions.';

revoke all on function private.milliseconds(interval) from public;
revoke all on function private.next_of_groups(private.step_run[]) from public;
revoke all on function private.set_off(private.turn, private.step_run[]) from public;
revoke all on function private.end_steps(private.turn, private.step_run[]) from public;
revoke all on function private.container_events(text, private.step_run[]) from public;
grant execute on function private.milliseconds(interval) to fm_engine;
grant execute on function private.next_of_groups(private.step_run[]) to fm_engine;
grant execute on function private.set_off(private.turn, private.step_run[]) to fm_engine;
grant execute on function private.end_steps(private.turn, private.step_run[]) to fm_engine;
grant execute on function private.container_events(text, private.step_run[]) to fm_engine;

create function private.take_steps(turn private.turn, taken private.arrival[]) returns private.turn
language plpgsql set search_path = ''
as $$
declare
  v_begun uuid[];
  v_opened private.arrival[];
  v_handed private.step_run[];
  v_resumed private.step_run[];
  v_drafts private.event_draft[];
  v_claimed private.arrival[];
begin
  with met as (
    select distinct on (execution.execution_id, queued.step)
           execution.execution_id, execution.version_id, queued.step, queued.place, planned, run,
           case
             when queued.step = -1 then
               case when execution.status = 'pending' and not private.waits_for_resume(execution) then 'begins' end
             when run.status = 'ready' and planned.kind = 'open' then 'opens'
             when run.status = 'ready' then 'handed'
             when run.status = 'waiting' and child.completed_at is not null then 'resumes'
           end as fate
    from unnest(take_steps.taken) with ordinality as queued (execution_id, version_id, step, place)
    join public.workflow_executions as execution on execution.execution_id = queued.execution_id
    left join private.plan_steps as planned
      on planned.version_id = execution.version_id and planned.step = queued.step
    left join public.action_runs as run on run.execution_id = execution.execution_id and run.step = queued.step
    left join public.workflow_executions as child on child.execution_id = run.child_execution_id
    order by execution.execution_id, queued.step, queued.place
  ), written as (
    update public.action_runs as handed
    set status = 'executing', attempt = handed.attempt + 1, lease_token = turn.lease_token,
        started_at = case met.fate when 'resumes' then handed.started_at else now() end
    from met
    where met.fate in ('handed', 'resumes')
      and handed.execution_id = met.execution_id and handed.step = met.step
    returning handed as run
  )
  select array_agg(met.execution_id order by met.place) filter (where met.fate = 'begins'),
         array_agg(row(met.execution_id, met.version_id, met.step)::private.arrival order by met.place)
           filter (where met.fate = 'opens'),
         array_agg(private.step_run_of(written.run, met.planned) order by met.place) filter (where met.fate = 'handed'),
         array_agg(private.step_run_of(written.run, met.planned) order by met.place) filter (where met.fate = 'resumes')
    into v_begun, v_opened, v_handed, v_resumed
  from met
  left join written on (written.run).execution_id = met.execution_id and (written.run).step = met.step;

  -- What time has overtaken leaves no trace.
  turn.touched := turn.touched || array(
    select v_id from unnest(v_begun) as v_id
    union select opened.execution_id from unnest(v_opened) as opened
    union select handed.execution_id from unnest(v_handed) as handed
    union select resumed.execution_id from unnest(v_resumed) as resumed
    except select known from unnest(turn.touched) as known);
  turn.arrivals := turn.arrivals || v_opened;
  if v_handed is not null then
    turn := private.hand_over(turn, v_handed);
  end if;
  if v_resumed is not null then
    select array_agg(row(
             resumed.execution_id, 'FractalOrchestrationLevelChanged', null, jsonb_build_object(
               'nestedModelId', child.model_id, 'oldLevel', child.depth, 'newLevel', child.depth - 1,
               'changedAt', turn.at))::private.event_draft),
           array_agg(row(resumed.execution_id, resumed.version_id, resumed.step)::private.arrival)
      into v_drafts, v_claimed
    from unnest(v_resumed) as resumed
    join public.action_runs as run on run.execution_id = resumed.execution_id and run.step = resumed.step
    join public.workflow_executions as child on child.execution_id = run.child_execution_id;
    turn.want := turn.want - cardinality(v_claimed);
    turn.drafts := turn.drafts || v_drafts;
    turn.claimed := turn.claimed || v_claimed;
  end if;
  if v_begun is not null then
    turn := private.begin_runs(turn, v_begun);
  end if;
  return private.arrive(turn);
end
$$;

comment on function private.take_steps(private.turn, private.arrival[]) is
  'Hands steps that were taken from the queue to the worker of the turn if they still are ready; a nested run''s end resumes its step, -1 begins a run. The caller takes no more than are wanted.';

create function private.waits_for_resume(execution public.workflow_executions) returns boolean
language plpgsql stable set search_path = ''
as $$
begin
  return execution.parent_execution_id is not null and exists (
    select from public.workflow_executions as parent
    where parent.execution_id = execution.parent_execution_id and parent.status = 'paused');
end
$$;

comment on function private.waits_for_resume(public.workflow_executions) is
  'Whether a nested run may not begin because the run above is paused; resuming that queues it again.';

revoke all on function private.waits_for_resume(public.workflow_executions) from public;
revoke all on function private.take_steps(private.turn, private.arrival[]) from public;
grant execute on function private.waits_for_resume(public.workflow_executions) to fm_engine;
grant execute on function private.take_steps(private.turn, private.arrival[]) to fm_engine;

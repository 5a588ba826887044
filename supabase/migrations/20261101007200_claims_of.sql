create function private.results_before(execution public.workflow_executions, step integer) returns jsonb
language plpgsql stable set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(
      case when former.output is null
        then jsonb_build_object('step', former.step, 'status', former.status)
        else jsonb_build_object('step', former.step, 'status', former.status, 'output', former.output) end
      order by former.step), '[]')
    from public.action_runs as former
    join private.plan_steps as planned
      on planned.version_id = execution.version_id and planned.step = former.step and planned.kind = 'action'
    where former.execution_id = execution.execution_id and former.step < results_before.step
      and former.status in ('completed', 'failed', 'skipped'));
end
$$;

comment on function private.results_before(public.workflow_executions, integer) is
  'What the actions with a lower number came to.';

create function private.container_of_claim(execution public.workflow_executions, step integer) returns jsonb
language plpgsql stable set search_path = ''
as $$
declare
  v_step private.plan_steps;
  v_opened public.action_runs;
begin
  select * into strict v_step
  from private.plan_steps as planned
  where planned.version_id = execution.version_id and planned.step = container_of_claim.step;
  if v_step.opened_by is null and execution.recovery is null then
    return '{}';
  end if;
  select * into v_opened
  from public.action_runs as run
  where run.execution_id = execution.execution_id and run.step = private.opening_step(v_step);
  return case when v_step.opened_by is null then '{}' else jsonb_build_object(
      'containerElapsedMs', private.milliseconds(now() - v_opened.started_at)) end
    || case when execution.recovery is null then '{}' else jsonb_build_object(
      'recovery', execution.recovery, 'containerRestarts', v_opened.failures) end;
end
$$;

comment on function private.container_of_claim(public.workflow_executions, integer) is
  'Of the container of an action: containerElapsedMs where it has a time limit, recovery and containerRestarts where it is tried again.';

create function private.claims_of(turn private.turn) returns jsonb[]
language plpgsql stable set search_path = ''
as $$
declare
  v_execution public.workflow_executions := turn.execution;
  v_shared jsonb;
  v_run public.action_runs;
  v_child public.workflow_executions;
  v_claims jsonb[] := '{}';
begin
  if cardinality(turn.claimed) = 0 then
    return v_claims;
  end if;
  v_shared := jsonb_build_object(
    'executionId', v_execution.execution_id, 'modelId', v_execution.model_id,
    'versionId', v_execution.version_id, 'versionNumber', v_execution.version_number,
    'startedBy', v_execution.started_by, 'environment', v_execution.environment,
    'parameters', v_execution.parameters, 'sessionId', v_execution.session_id,
    'depth', v_execution.depth, 'maxDepth', v_execution.max_depth,
    'approvedActions', v_execution.approved_actions);
  if v_execution.organization_id is not null then
    v_shared := v_shared || jsonb_build_object('organizationId', v_execution.organization_id);
  end if;
  if v_execution.deadline is not null then
    v_shared := v_shared || jsonb_build_object('deadline', private.wire_time(v_execution.deadline));
  end if;

  if v_execution.traceparent is not null then
    v_shared := v_shared || jsonb_build_object('traceparent', v_execution.traceparent);
  end if;

  for v_place in 1 .. cardinality(turn.claimed) loop
    select * into strict v_run
    from public.action_runs as run
    where run.execution_id = v_execution.execution_id and run.step = turn.claimed[v_place];
    v_claims := v_claims || (v_shared || jsonb_build_object(
      'step', v_run.step, 'attempt', v_run.attempt, 'failures', v_run.failures,
      'results', private.results_before(v_execution, v_run.step))
      || private.container_of_claim(v_execution, v_run.step));
    if v_run.options is not null then
      v_claims[cardinality(v_claims)] := v_claims[cardinality(v_claims)] || jsonb_build_object('options', v_run.options);
    end if;
    if v_run.child_execution_id is not null then
      select * into strict v_child
      from public.workflow_executions as child
      where child.execution_id = v_run.child_execution_id;
      v_claims[cardinality(v_claims)] := v_claims[cardinality(v_claims)] || jsonb_build_object(
        'child', jsonb_build_object(
          'executionId', v_child.execution_id, 'status', v_child.status,
          'outputs', coalesce(v_child.outputs, '{}'), 'errors', coalesce(v_child.errors, '[]')));
    end if;
  end loop;
  return v_claims;
end
$$;

comment on function private.claims_of(private.turn) is
  'All that a turn handed over, as the worker gets it: the run, the results of the actions before, the nested run that ended for it.';

revoke all on function private.results_before(public.workflow_executions, integer) from public;
revoke all on function private.container_of_claim(public.workflow_executions, integer) from public;
revoke all on function private.claims_of(private.turn) from public;
grant execute on function private.results_before(public.workflow_executions, integer) to fm_engine;
grant execute on function private.container_of_claim(public.workflow_executions, integer) to fm_engine;
grant execute on function private.claims_of(private.turn) to fm_engine;

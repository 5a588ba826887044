-- What the service reports about an action that somebody else executes. The
-- domain has decided what follows; the worker that held the step finds its own
-- outcome refused.

create function private.apply_failure(command jsonb) returns void
language plpgsql set role = 'fm_engine' set search_path = ''
as $$
declare
  v_execution public.workflow_executions;
  v_run public.action_runs;
  v_step private.plan_steps;
begin
  select execution.* into v_execution
  from public.workflow_executions as execution
  where execution.execution_id = (command ->> 'executionId')::uuid and execution.completed_at is null
  for no key update;
  if found then
    select run.* into v_run
    from public.action_runs as run
    where run.execution_id = v_execution.execution_id and run.step = (command ->> 'step')::integer
      and run.status = 'executing' and run.attempt = (command ->> 'attempt')::integer
      and run.lease_token = coalesce((command ->> 'leaseToken')::uuid, run.lease_token);
  end if;
  if not found then
    raise exception using errcode = 'FM008', message = 'The action is not executing';
  end if;
  select planned.* into strict v_step
  from private.plan_steps as planned
  where planned.version_id = v_execution.version_id and planned.step = v_run.step;
  perform private.close_turn(private.apply_outcomes(
    private.open_turn(null, 0, array[v_execution.execution_id]),
    array[row(private.step_run_of(v_run, v_step), command -> 'outcome')::private.accepted_outcome]));
end
$$;

comment on function private.apply_failure(jsonb) is
  'Records an outcome of the attempt that is under way, whoever holds it; FM008 when it is not, or held under another lease.';

create function public.record_action_failure(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
declare
  v_replayed jsonb := private.begin_command(actor, request);
begin
  if v_replayed is not null then
    return v_replayed;
  end if;
  if not private.is_service() then
    raise exception using errcode = '42501', message = 'Only the service reports failures', detail = 'service';
  end if;
  perform private.apply_failure(command);
  return '{}';
end
$$;

comment on function public.record_action_failure(jsonb, jsonb, jsonb) is
  'Failure of an attempt {executionId, step, attempt, leaseToken?, outcome: retry or failed}, reported by the service.';

revoke all on function private.apply_failure(jsonb) from public;
revoke all on function public.record_action_failure(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function private.apply_failure(jsonb) to fm_writer;
grant execute on function public.record_action_failure(jsonb, jsonb, jsonb) to service_role;

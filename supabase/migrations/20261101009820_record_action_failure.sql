-- What the service reports about an action that somebody else executes. The
-- domain has decided what follows; the worker that held the step finds its own
-- outcome refused.

create function private.apply_failure(command jsonb) returns void
language plpgsql set role = 'fm_engine' set search_path = ''
as $$
declare
  v_execution public.workflow_executions;
  v_run public.action_runs;
  v_turn private.turn;
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
  v_turn := private.open_turn(v_execution, null, 0);
  v_turn := private.apply_outcome(v_turn, v_run, command -> 'outcome');
  v_turn := private.close_turn(v_turn);
  perform private.publish_turns(v_turn.drafts, array[private.message_of(v_turn)]);
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

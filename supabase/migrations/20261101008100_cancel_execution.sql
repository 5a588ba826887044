create function public.cancel_execution(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
declare
  v_replayed jsonb := private.begin_command(actor, request);
  v_execution_id uuid := (command ->> 'executionId')::uuid;
  v_status public.execution_status;
begin
  if v_replayed is not null then
    return v_replayed;
  end if;
  select execution.status into v_status
  from public.workflow_executions as execution
  where execution.execution_id = v_execution_id
  for no key update;
  if not found then
    if exists (select from public.workflow_executions as execution where execution.execution_id = v_execution_id) then
      raise exception using errcode = '42501', message = 'Not allowed to control this execution';
    end if;
    raise exception using errcode = 'FM004', message = 'Not found';
  end if;
  if v_status in ('completed', 'failed', 'cancelled') then
    raise exception using errcode = 'FM007', message = 'Execution already finished', detail = v_status::text;
  end if;
  perform private.cancel_runs(array[v_execution_id], command ->> 'reason', private.actor_id());
  return jsonb_build_object('status', 'cancelled');
end
$$;

comment on function public.cancel_execution(jsonb, jsonb, jsonb) is
  'Cancels a run {executionId, reason?} and the runs nested in it. Answers {status}; FM007 when it had ended.';

revoke all on function public.cancel_execution(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.cancel_execution(jsonb, jsonb, jsonb) to service_role;

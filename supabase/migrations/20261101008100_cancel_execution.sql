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
  v_status := (private.lock_execution(v_execution_id, (command ->> 'expectedRevision')::integer)).status;
  if v_status in ('completed', 'failed', 'cancelled') then
    raise exception using errcode = 'FM007', message = 'Execution already finished', detail = v_status::text;
  end if;
  perform private.cancel_runs(array[v_execution_id], command ->> 'reason', private.actor_id());
  return jsonb_build_object('status', 'cancelled');
end
$$;

comment on function public.cancel_execution(jsonb, jsonb, jsonb) is
  'Cancels a run {executionId, reason?, expectedRevision?} and the runs nested in it. Answers {status}; FM007 when it had ended.';

revoke all on function public.cancel_execution(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.cancel_execution(jsonb, jsonb, jsonb) to service_role;

create function private.lock_execution(execution_id uuid, expected_revision integer)
returns public.workflow_executions
language plpgsql set search_path = ''
as $$
declare
  v_execution public.workflow_executions;
begin
  select execution.* into v_execution
  from public.workflow_executions as execution
  where execution.execution_id = lock_execution.execution_id
  for no key update;
  if not found then
    if exists (
      select from public.workflow_executions as execution
      where execution.execution_id = lock_execution.execution_id)
    then
      raise exception using errcode = '42501', message = 'Not allowed to control this execution', detail = 'execute';
    end if;
    raise exception using errcode = 'FM004', message = 'Not found';
  end if;
  if v_execution.revision <> lock_execution.expected_revision then
    raise exception using errcode = 'PT409', message = 'Stale revision', detail = v_execution.revision::text;
  end if;
  return v_execution;
end
$$;

comment on function private.lock_execution(uuid, integer) is
  'Locks a run that the actor of the command controls, at a revision when one is expected. FM004 when it is hidden, 42501 when the actor may only look.';

revoke all on function private.lock_execution(uuid, integer) from public;
grant execute on function private.lock_execution(uuid, integer) to fm_writer;

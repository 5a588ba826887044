create function private.lease_lock(lease_token uuid) returns bigint
language plpgsql immutable set search_path = ''
as $$
begin
  return hashtextextended('worker lease ' || lease_token, 0);
end
$$;

comment on function private.lease_lock(uuid) is
  'The advisory lock of a lease: shared by calls of its worker, and exclusive to a sweep that ends it.';

create function private.renew_lease(worker jsonb) returns void
language plpgsql set search_path = ''
as $$
declare
  v_token uuid := (renew_lease.worker ->> 'leaseToken')::uuid;
  v_expires_at timestamptz;
begin
  -- A sweep leaves the lease alone while this call is under way: what it hands out
  -- belongs to a lease that is there when it ends.
  perform pg_advisory_xact_lock_shared(private.lease_lock(v_token));
  -- A lease with more than three of its four seconds left is left alone: quick
  -- exchanges need not write it each time.
  select lease.expires_at into v_expires_at
  from private.worker_leases as lease
  where lease.lease_token = v_token;
  if v_expires_at > now() + interval '3 seconds' then
    return;
  end if;
  insert into private.worker_leases as lease (lease_token, worker, expires_at)
  values (v_token, coalesce(renew_lease.worker ->> 'name', ''), now() + interval '4 seconds')
  on conflict on constraint worker_leases_pkey do update set expires_at = excluded.expires_at;
end
$$;

comment on function private.renew_lease(jsonb) is
  'Keeps the steps of a worker {leaseToken, name} its own for at least three, at most four seconds from now.';

create function private.return_steps(lease_tokens uuid[], held jsonb default '[]', lost boolean default false) returns integer
language plpgsql set search_path = ''
as $$
declare
  v_execution public.workflow_executions;
  v_run public.action_runs;
  v_returned integer := 0;
begin
  for v_execution in
    select execution.*
    from public.workflow_executions as execution
    where execution.execution_id in (
      select run.execution_id
      from private.live_executions as live
      join public.action_runs as run on run.execution_id = live.execution_id
      where run.status = 'executing' and run.lease_token = any (return_steps.lease_tokens))
    order by execution.execution_id
    for no key update
  loop
    for v_run in
      update public.action_runs as run
      set status = 'ready', lease_token = null,
          failures = run.failures + case when return_steps.lost then 1 else 0 end
      where run.execution_id = v_execution.execution_id and run.status = 'executing'
        and run.lease_token = any (return_steps.lease_tokens)
        and not exists (
          select from jsonb_array_elements(return_steps.held) as kept
          where (kept ->> 'executionId')::uuid = run.execution_id and (kept ->> 'step')::integer = run.step
            and (kept ->> 'attempt')::integer = run.attempt)
      returning *
    loop
      perform private.enqueue(v_execution, v_run.step);
      v_returned := v_returned + 1;
    end loop;
  end loop;
  return v_returned;
end
$$;

comment on function private.return_steps(uuid[], jsonb, boolean) is
  'Puts back into the queue what these workers were handed, except what they say they hold. A lost worker counts as a failed try, so that a step that kills its workers ends.';

revoke all on function private.lease_lock(uuid) from public;
revoke all on function private.renew_lease(jsonb) from public;
revoke all on function private.return_steps(uuid[], jsonb, boolean) from public;
grant execute on function private.lease_lock(uuid) to fm_engine;
grant execute on function private.renew_lease(jsonb) to fm_engine;
grant execute on function private.return_steps(uuid[], jsonb, boolean) to fm_engine;

create function public.sweep() returns jsonb
language plpgsql set role = 'fm_engine' set search_path = ''
as $$
declare
  v_expired uuid[];
  v_late uuid[];
  v_returned integer := 0;
begin
  with late as (
    select lease.lease_token
    from private.worker_leases as lease
    where lease.expires_at < now()
    for update skip locked
  ), expired as (
    select late.lease_token from late where pg_try_advisory_xact_lock(private.lease_lock(late.lease_token))
  ), gone as (
    delete from private.worker_leases as lease using expired where lease.lease_token = expired.lease_token
  )
  select array_agg(expired.lease_token) into v_expired from expired;
  if v_expired is not null then
    v_returned := private.return_steps(v_expired, lost => true);
  end if;

  select array_agg(live.execution_id) into v_late
  from private.live_executions as live
  where live.deadline <= now();
  if v_late is not null then
    perform private.stop_runs(v_late, 'failed', 'The deadline has passed', null);
  end if;

  return jsonb_build_object('returned', v_returned, 'expired', coalesce(cardinality(v_late), 0));
end
$$;

comment on function public.sweep() is
  'Returns the steps of lost workers to the queue and fails runs past their deadline. Answers {returned, expired}.';

revoke all on function public.sweep() from public, anon, authenticated, service_role;
grant execute on function public.sweep() to service_role;

create function private.purge() returns void
language plpgsql set search_path = ''
as $$
begin
  delete from private.idempotency_keys as stored where stored.created_at < now() - interval '24 hours';
  if to_regclass('cron.job_run_details') is not null then
    delete from cron.job_run_details as run where run.start_time < now() - interval '1 day';
  end if;
end
$$;

comment on function private.purge() is
  'Removes what has served: idempotency keys after 24 hours, cron''s own log after a day (a job every two seconds would fill it).';

revoke all on function private.purge() from public;

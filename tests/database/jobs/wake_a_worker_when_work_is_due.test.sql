-- The job calls a worker with the vault's key when a step is due, and stays silent otherwise.
do $$
declare
  v_user uuid := test.user('runner@example.org');
begin
  if to_regclass('net.http_request_queue') is null then
    return;
  end if;
  delete from vault.secrets where name in ('project_url', 'worker_key');
  delete from private.ready where true;
  delete from net.http_request_queue where true;
  perform test.start(v_user, test.published(v_user, 'Woken', test.chain_plan(1)));
  perform test.holds(not private.wake_worker(), 'without an address nobody is called');

  perform vault.create_secret('http://127.0.0.1:1', 'project_url');
  perform vault.create_secret('key', 'worker_key');
  perform test.holds(private.wake_worker(), 'a pending run is due');
  perform test.equal(
    (select array[method, url, headers ->> 'apikey'] from net.http_request_queue),
    '{POST,http://127.0.0.1:1/functions/v1/background-worker,key}', 'the call');
  perform test.exchange('[]', 1);
  perform test.holds(not private.wake_worker(), 'work in hand needs no call');
end
$$;

select test.equal(
  (select array_agg(jobname order by jobname) from cron.job where jobname like 'fm\_%'),
  '{fm_make_audit_partitions,fm_make_event_partitions,fm_publish_audit_seal,fm_purge,fm_seal_audit_logs,fm_wake_worker}', 'scheduled jobs');

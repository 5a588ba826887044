-- Jobs need pg_cron, calls need pg_net. Where neither can be installed, whoever
-- runs the database calls private.wake_worker and its siblings by other means.

do $$
begin
  if exists (select from pg_catalog.pg_available_extensions where name = 'pg_cron') then
    create extension if not exists pg_cron;
  end if;
  if exists (select from pg_catalog.pg_available_extensions where name = 'pg_net') then
    create extension if not exists pg_net with schema extensions;
  end if;
  if to_regprocedure('cron.schedule(text,text,text)') is null then
    raise notice 'No scheduler here: the background jobs are not scheduled.';
    return;
  end if;
  perform cron.schedule('fm_wake_worker', '2 seconds', 'select private.wake_worker()');
  perform cron.schedule('fm_make_event_partitions', '7 * * * *', 'select private.make_event_partitions()');
  perform cron.schedule('fm_make_audit_partitions', '17 3 * * *', 'select private.make_audit_partitions()');
  perform cron.schedule('fm_seal_audit_logs', '5 seconds', 'select private.seal_audit_logs()');
  perform cron.schedule('fm_publish_audit_seal', '* * * * *', 'select private.publish_audit_seal()');
  perform cron.schedule('fm_purge', '27 * * * *', 'select private.purge()');
end
$$;

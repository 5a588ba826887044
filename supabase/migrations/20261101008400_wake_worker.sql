-- The safety net under the engine, called every two seconds: in the common case a
-- few index probes and no request. Address and key are secrets of the vault, not
-- schema: `project_url` and `worker_key`.

create function private.wake_worker() returns boolean
language plpgsql set search_path = ''
as $$
begin
  perform public.sweep();
  return (private.work_is_due() or private.agent_work_is_due() or private.schedules_are_due()) and private.call_worker();
end
$$;

comment on function private.wake_worker() is
  'Sweeps, and calls a worker when a step, a task or a schedule is due; true when it called.';

create function private.call_worker(path text default '') returns boolean
language plpgsql set search_path = ''
as $$
declare
  v_url text;
  v_key text;
begin
  if to_regnamespace('net') is null or to_regnamespace('vault') is null then
    return false;
  end if;
  select secret.decrypted_secret into v_url from vault.decrypted_secrets as secret where secret.name = 'project_url';
  select secret.decrypted_secret into v_key from vault.decrypted_secrets as secret where secret.name = 'worker_key';
  if v_url is null or v_key is null then
    return false;
  end if;
  perform net.http_post(
    url := v_url || '/functions/v1/background-worker' || path,
    body := '{}'::jsonb,
    headers := jsonb_build_object('content-type', 'application/json', 'apikey', v_key),
    timeout_milliseconds := 5000);
  return true;
end
$$;

comment on function private.call_worker(text) is
  'Calls the worker at a path of its own; false where calls are not possible.';

revoke all on function private.call_worker(text) from public;

create function private.work_is_due() returns boolean
language sql volatile set role = 'fm_engine' set search_path = ''
as $$
  select coalesce((private.next_due() ->> 'nextDueMs')::bigint = 0, false)
$$;

comment on function private.work_is_due() is 'Whether the queue holds a step whose time has come.';

revoke all on function private.wake_worker() from public;
revoke all on function private.work_is_due() from public;

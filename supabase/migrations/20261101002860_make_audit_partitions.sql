create function private.make_audit_partitions(months_ahead integer default 12) returns integer
language plpgsql security definer set search_path = ''
as $$
declare
  v_month date;
  v_name text;
  v_made integer := 0;
begin
  for v_month in
    select generate_series(
      date_trunc('month', now() at time zone 'UTC'),
      date_trunc('month', now() at time zone 'UTC') + make_interval(months => months_ahead),
      interval '1 month')::date
  loop
    v_name := format('audit_logs_%s', to_char(v_month, 'YYYY_MM'));
    continue when to_regclass(format('private.%I', v_name)) is not null;
    execute format(
      'create table private.%I partition of public.audit_logs for values from (%L) to (%L)',
      v_name, v_month::text || ' 00:00+00', (v_month + interval '1 month')::date::text || ' 00:00+00');
    execute format('alter table private.%I enable row level security', v_name);
    -- Fires for statements that name the partition, not for those that name the log.
    execute format(
      'create trigger _010_refuse_direct_write before insert or update or delete or truncate on private.%I
         for each statement execute function private.tg_refuse_change()', v_name);
    v_made := v_made + 1;
  end loop;
  return v_made;
end
$$;

comment on function private.make_audit_partitions(integer) is
  'Makes the monthly partitions of the audit log that are missing up to so many months ahead. Definer: only the owner may make partitions.';

revoke all on function private.make_audit_partitions(integer) from public;

select private.make_audit_partitions();

-- The plan keeps the data of an event beside the audit rows it caused. Here it
-- stands once, in the log, and is read through this computed field.

create function public.event_data(entry public.audit_logs) returns jsonb
language sql stable set search_path = ''
as $$
  select event.data
  from public.domain_events as event
  where event.aggregate_id = entry.record_id and event.event_id = entry.event_id
$$;

comment on function public.event_data(public.audit_logs) is
  'Computed field: the data of the event that an audit row belongs to, if that is one of the record''s and the caller may read it.';

revoke all on function public.event_data(public.audit_logs) from public, anon, authenticated, service_role;
grant execute on function public.event_data(public.audit_logs) to authenticated;

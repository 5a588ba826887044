create function private.tg_domain_events__record_audit_log() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  -- As in tg_record_audit_log.
  v_prefix text := left(private.uuid_v7()::text, 15);
begin
  insert into public.audit_logs (
    audit_id, table_name, operation, record_id, row_id, model_id, organization_id, new_data,
    changed_by, event_id, event_type, request_id, traceparent)
  select overlay(gen_random_uuid()::text placing v_prefix from 1 for 15)::uuid, 'domain_events', 'create', event.aggregate_id, event.event_id,
         case event.aggregate_type when 'function-model' then event.aggregate_id end,
         event.organization_id, jsonb_build_object('aggregateVersion', event.aggregate_version),
         event.actor_id, event.event_id, event.event_type, event.correlation_id, event.traceparent
  from new_rows as event;
  return null;
end
$$;

comment on function private.tg_domain_events__record_audit_log() is
  'One audit row per event, which refers to the event''s data instead of repeating it. Definer: nobody else may write audit_logs.';

revoke all on function private.tg_domain_events__record_audit_log() from public;

create trigger _800_record_audit_log after insert on public.domain_events
  referencing new table as new_rows for each statement
  execute function private.tg_domain_events__record_audit_log();

-- One trigger function for all audited tables. It fires once per statement and
-- reads the transition tables, which row level security does not filter.
-- Arguments: the column that names the aggregate, the column that names the row,
-- and columns to leave out because they are derived.
--
-- Updates pair old and new rows by the two columns, so key columns must not be
-- updatable; no grant lets them be. The pairs are found by hashing: a plan made
-- for one row would compare each of thousands with each other one. `offset 0` keeps
-- a row from being turned into JSON again for each use of it. A plan around a ban
-- counts as costly, which alone would have it compiled.

create function private.tg_record_audit_log() returns trigger
language plpgsql security definer set search_path = '' set enable_nestloop = 'off' set jit = 'off'
as $$
declare
  v_request jsonb := private.current_request();
  v_actor uuid := private.actor_id();
  v_record text := tg_argv[0];
  v_row text := tg_argv[1];
  v_omitted text[] := coalesce(string_to_array(tg_argv[2], ','), '{}');
  v_organization uuid := (v_request ->> 'organizationId')::uuid;
  v_event_id uuid := (v_request ->> 'eventId')::uuid;
begin
  if tg_op = 'INSERT' then
    insert into public.audit_logs (
      table_name, operation, record_id, row_id, model_id, organization_id, new_data,
      changed_by, event_id, event_type, request_id, traceparent)
    select tg_table_name, 'create', (entry.content ->> v_record)::uuid, (entry.content ->> v_row)::uuid,
           (entry.content ->> 'model_id')::uuid,
           coalesce((entry.content ->> 'organization_id')::uuid, v_organization), entry.content,
           v_actor, v_event_id, v_request ->> 'eventType', v_request ->> 'requestId', v_request ->> 'traceparent'
    from (select to_jsonb(new_row) - v_omitted as content from new_rows as new_row offset 0) as entry;
  elsif tg_op = 'DELETE' then
    insert into public.audit_logs (
      table_name, operation, record_id, row_id, model_id, organization_id, old_data,
      changed_by, event_id, event_type, request_id, traceparent)
    select tg_table_name, 'delete', (entry.content ->> v_record)::uuid, (entry.content ->> v_row)::uuid,
           (entry.content ->> 'model_id')::uuid,
           coalesce((entry.content ->> 'organization_id')::uuid, v_organization), entry.content,
           v_actor, v_event_id, v_request ->> 'eventType', v_request ->> 'requestId', v_request ->> 'traceparent'
    from (select to_jsonb(old_row) - v_omitted as content from old_rows as old_row offset 0) as entry;
  else
    insert into public.audit_logs (
      table_name, operation, record_id, row_id, model_id, organization_id, old_data, new_data,
      changed_by, event_id, event_type, request_id, traceparent)
    select tg_table_name, 'update', (after.content ->> v_record)::uuid, (after.content ->> v_row)::uuid,
           (after.content ->> 'model_id')::uuid,
           coalesce((after.content ->> 'organization_id')::uuid, v_organization),
           difference.old_data, difference.new_data,
           v_actor, v_event_id, v_request ->> 'eventType', v_request ->> 'requestId', v_request ->> 'traceparent'
    from (select to_jsonb(old_row) - v_omitted as content from old_rows as old_row offset 0) as before
    join (select to_jsonb(new_row) - v_omitted as content from new_rows as new_row offset 0) as after
      on after.content ->> v_record = before.content ->> v_record
      and after.content ->> v_row = before.content ->> v_row
    cross join lateral (
      select jsonb_object_agg(field.key, before.content -> field.key) as old_data,
             jsonb_object_agg(field.key, field.value) as new_data
      from jsonb_each(after.content) as field
      where field.value is distinct from before.content -> field.key
    ) as difference
    where difference.new_data is not null;
  end if;
  return null;
end
$$;

comment on function private.tg_record_audit_log() is
  'Writes the audit rows of one statement. Definer: nobody else may write audit_logs.';

revoke all on function private.tg_record_audit_log() from public;

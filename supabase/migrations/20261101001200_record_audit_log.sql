-- One trigger function for all audited tables. It fires once per statement and
-- reads the transition tables, which row level security does not filter.
-- Arguments: the column that names the aggregate, the column that names the row,
-- columns to leave out because they are derived, and `redact` where the row may
-- hold a credential that somebody wrote into it.
--
-- Updates pair old and new rows by the two columns, so key columns must not be
-- updatable; no grant lets them be. The pairs are found by hashing: a plan made
-- for one row would compare each of thousands with each other one. `offset 0` keeps
-- a row from being turned into JSON again for each use of it. A plan around a ban
-- counts as costly, which alone would have it compiled.

create function private.redact_credentials(content jsonb) returns jsonb
language plpgsql immutable set search_path = ''
as $$
declare
  c_names constant text := 'authorization|cookie|token|secret|passw|credential|signature|(^|[_-])key|api_?key';
  v_url text := content #>> '{definition,url}';
begin
  if jsonb_typeof(content #> '{definition,headers}') = 'object' then
    content := jsonb_set(content, '{definition,headers}', (
      select coalesce(jsonb_object_agg(header.key, case when header.key ~* c_names then '"[redacted]"' else header.value end), '{}')
      from jsonb_each(content #> '{definition,headers}') as header));
  end if;
  if v_url is not null then
    v_url := regexp_replace(v_url, '://[^/?#@]*@', '://[redacted]@');
    v_url := regexp_replace(
      v_url, '([?&][^=&#]*(?:' || c_names || ')[^=&#]*=)[^&#]*', '\1[redacted]', 'gi');
    content := jsonb_set(content, '{definition,url}', to_jsonb(v_url));
  end if;
  return content;
end
$$;

comment on function private.redact_credentials(jsonb) is
  'A row without the values of headers and parameters of a call that are named like credentials, and without the user in its address.';

revoke all on function private.redact_credentials(jsonb) from public;

create function private.tg_record_audit_log() returns trigger
language plpgsql security definer set search_path = '' set enable_nestloop = 'off' set jit = 'off'
as $$
declare
  v_request jsonb := private.current_request();
  v_actor uuid := private.actor_id();
  v_record text := tg_argv[0];
  v_row text := tg_argv[1];
  v_omitted text[] := coalesce(string_to_array(tg_argv[2], ','), '{}');
  -- Version 7 identifiers of one statement begin alike; making each anew would be the dearest part of a row.
  v_prefix text := left(private.uuid_v7()::text, 15);
  v_redact boolean := coalesce(tg_argv[3] = 'redact', false);
  v_organization uuid := (v_request ->> 'organizationId')::uuid;
  v_event_id uuid := (v_request ->> 'eventId')::uuid;
begin
  if tg_op = 'INSERT' then
    insert into public.audit_logs (
      audit_id, table_name, operation, record_id, row_id, model_id, organization_id, new_data,
      changed_by, event_id, event_type, request_id, traceparent)
    select overlay(gen_random_uuid()::text placing v_prefix from 1 for 15)::uuid, tg_table_name, 'create', (entry.content ->> v_record)::uuid, (entry.content ->> v_row)::uuid,
           (entry.content ->> 'model_id')::uuid,
           coalesce((entry.content ->> 'organization_id')::uuid, v_organization), entry.content,
           v_actor, v_event_id, v_request ->> 'eventType', v_request ->> 'requestId', v_request ->> 'traceparent'
    from (
      select case when v_redact then private.redact_credentials(to_jsonb(new_row) - v_omitted)
                  else to_jsonb(new_row) - v_omitted end as content
      from new_rows as new_row offset 0) as entry;
  elsif tg_op = 'DELETE' then
    insert into public.audit_logs (
      audit_id, table_name, operation, record_id, row_id, model_id, organization_id, old_data,
      changed_by, event_id, event_type, request_id, traceparent)
    select overlay(gen_random_uuid()::text placing v_prefix from 1 for 15)::uuid, tg_table_name, 'delete', (entry.content ->> v_record)::uuid, (entry.content ->> v_row)::uuid,
           (entry.content ->> 'model_id')::uuid,
           coalesce((entry.content ->> 'organization_id')::uuid, v_organization), entry.content,
           v_actor, v_event_id, v_request ->> 'eventType', v_request ->> 'requestId', v_request ->> 'traceparent'
    from (
      select case when v_redact then private.redact_credentials(to_jsonb(old_row) - v_omitted)
                  else to_jsonb(old_row) - v_omitted end as content
      from old_rows as old_row offset 0) as entry;
  else
    insert into public.audit_logs (
      audit_id, table_name, operation, record_id, row_id, model_id, organization_id, old_data, new_data,
      changed_by, event_id, event_type, request_id, traceparent)
    select overlay(gen_random_uuid()::text placing v_prefix from 1 for 15)::uuid, tg_table_name, 'update', (after.content ->> v_record)::uuid, (after.content ->> v_row)::uuid,
           (after.content ->> 'model_id')::uuid,
           coalesce((after.content ->> 'organization_id')::uuid, v_organization),
           difference.old_data, difference.new_data,
           v_actor, v_event_id, v_request ->> 'eventType', v_request ->> 'requestId', v_request ->> 'traceparent'
    from (
      select case when v_redact then private.redact_credentials(to_jsonb(old_row) - v_omitted)
                  else to_jsonb(old_row) - v_omitted end as content
      from old_rows as old_row offset 0) as before
    join (
      select case when v_redact then private.redact_credentials(to_jsonb(new_row) - v_omitted)
                  else to_jsonb(new_row) - v_omitted end as content
      from new_rows as new_row offset 0) as after
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

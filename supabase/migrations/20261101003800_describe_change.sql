create function private.describe_change(model_id uuid, organization_id uuid, events jsonb) returns void
language plpgsql set search_path = ''
as $$
begin
  perform set_config('fm.request', (private.current_request() || jsonb_strip_nulls(jsonb_build_object(
    'modelId', describe_change.model_id,
    'organizationId', describe_change.organization_id,
    'eventType', describe_change.events -> 0 ->> 'eventType',
    'eventId', case when jsonb_array_length(describe_change.events) > 0 then private.uuid_v7() end)))::text, true);
end
$$;

comment on function private.describe_change(uuid, uuid, jsonb) is
  'Tells the triggers of this transaction what is being changed and by which event; the first event gets the id chosen here.';

revoke all on function private.describe_change(uuid, uuid, jsonb) from public;
grant execute on function private.describe_change(uuid, uuid, jsonb) to fm_writer;

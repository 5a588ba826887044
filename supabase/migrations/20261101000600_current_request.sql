-- What a command tells its triggers travels in the setting `fm.request`, which
-- ends with the transaction: requestId, traceparent, organizationId, eventId,
-- eventType, modelId. A pooled session shows '' afterwards, never null.
-- Who acts is never taken from here, only from the claims.

create function private.current_request() returns jsonb
language plpgsql stable set search_path = ''
as $$
begin
  return coalesce(nullif(current_setting('fm.request', true), '')::jsonb, '{}');
end
$$;

comment on function private.current_request() is
  'What the current command said about itself; an empty object outside of commands.';

revoke all on function private.current_request() from public;
grant execute on function private.current_request() to fm_writer, fm_engine;

create function private.publish_turns(drafts private.event_draft[], messages jsonb[]) returns void
language plpgsql set search_path = ''
as $$
declare
  v_request jsonb := private.current_request();
begin
  insert into public.execution_events (
    aggregate_id, aggregate_version, event_type, organization_id, actor_id, correlation_id, traceparent, facts)
  select draft.aggregate_id, draft.aggregate_version, draft.event_type, draft.organization_id, draft.actor_id,
         v_request ->> 'requestId', v_request ->> 'traceparent', draft.facts
  from unnest(drafts) as draft;

  if cardinality(messages) > 0 then
    perform private.broadcast(messages);
  end if;
end
$$;

comment on function private.publish_turns(private.event_draft[], jsonb[]) is
  'Writes the events and broadcasts of all turns of one call.';

create function private.message_of(turn private.turn) returns jsonb
language plpgsql stable set search_path = ''
as $$
begin
  return jsonb_build_object(
    'topic', 'execution:' || (turn.execution).execution_id,
    'event', 'progress',
    'payload', jsonb_build_object(
      'type', 'execution',
      'executionId', (turn.execution).execution_id,
      'modelId', (turn.execution).model_id,
      'status', (turn.execution).status,
      'progress', public.progress(turn.execution),
      'actions', turn.changes,
      'revision', (turn.execution).revision,
      'occurredAt', turn.at));
end
$$;

comment on function private.message_of(private.turn) is 'The one broadcast of a turn.';

revoke all on function private.publish_turns(private.event_draft[], jsonb[]) from public;
revoke all on function private.message_of(private.turn) from public;
grant execute on function private.publish_turns(private.event_draft[], jsonb[]) to fm_engine;
grant execute on function private.message_of(private.turn) to fm_engine;

-- Messages are hints: each carries a revision, and who missed one reads the
-- resource again. So they go out as one plain insert for a whole statement
-- (`realtime.send` would open a subtransaction per message), and a missing
-- partition costs the hints, never the command.

create function private.broadcast(messages jsonb[]) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  insert into realtime.messages (topic, event, payload, private, extension)
  select message ->> 'topic', message ->> 'event', message -> 'payload', true, 'broadcast'
  from unnest(broadcast.messages) as message;
exception when others then
  raise warning 'broadcast lost: %', sqlerrm;
end
$$;

comment on function private.broadcast(jsonb[]) is
  'Sends messages {topic, event, payload} on private channels when the transaction commits. Definer: no role of ours may write to realtime.messages.';

revoke all on function private.broadcast(jsonb[]) from public;
grant execute on function private.broadcast(jsonb[]) to fm_writer, fm_engine;

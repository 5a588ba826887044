create function private.tg_node_links__broadcast_change() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform private.broadcast(message.list)
  from (
    select array_agg(jsonb_build_object(
      'topic', 'function_model:' || linked.model_id,
      'event', 'link_changed',
      'payload', jsonb_build_object(
        'type', 'node_link',
        'linkId', changed.link_id,
        'modelId', linked.model_id,
        'revision', changed.revision,
        'removed', tg_op = 'DELETE',
        'occurredAt', private.wire_time(now())))) as list
    from changed_rows as changed
    cross join lateral (
      select changed.source_entity_id where changed.source_feature = 'function-model'
      union
      select changed.target_entity_id where changed.target_feature = 'function-model'
    ) as linked (model_id)
  ) as message
  where message.list is not null;
  return null;
end
$$;

comment on function private.tg_node_links__broadcast_change() is
  'Tells the channels of the linked models which link changed. Definer: broadcasting needs the owner''s rights.';

revoke all on function private.tg_node_links__broadcast_change() from public;

create trigger _900_broadcast_change_of_insert after insert on public.node_links
  referencing new table as changed_rows for each statement
  execute function private.tg_node_links__broadcast_change();
create trigger _900_broadcast_change_of_update after update on public.node_links
  referencing new table as changed_rows for each statement
  execute function private.tg_node_links__broadcast_change();
create trigger _900_broadcast_change_of_delete after delete on public.node_links
  referencing old table as changed_rows for each statement
  execute function private.tg_node_links__broadcast_change();

create function private.tg_function_models__broadcast_change() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform private.broadcast(message.list)
  from (
    select array_agg(jsonb_build_object(
      'topic', 'function_model:' || saved.model_id,
      'event', 'changed',
      'payload', jsonb_build_object(
        'type', 'function_model',
        'modelId', saved.model_id,
        'revision', saved.revision,
        'occurredAt', private.wire_time(now())))) as list
    from new_rows as saved
  ) as message
  where message.list is not null;
  return null;
end
$$;

comment on function private.tg_function_models__broadcast_change() is
  'Tells the channel of each saved model its new revision. Definer: broadcasting needs the owner''s rights.';

revoke all on function private.tg_function_models__broadcast_change() from public;

create trigger _900_broadcast_change_of_insert after insert on public.function_models
  referencing new table as new_rows for each statement
  execute function private.tg_function_models__broadcast_change();
create trigger _900_broadcast_change_of_update after update on public.function_models
  referencing new table as new_rows for each statement
  execute function private.tg_function_models__broadcast_change();

-- Private channels: who sees a row hears its channel. The policies of the tables
-- decide, through `exists`; there is no policy for sending, so clients only listen.

create function private.topic_id(topic text) returns uuid
language sql immutable set search_path = ''
as $$
  select case
    when topic ~ '^[a-z_]+:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
      then split_part(topic, ':', 2)::uuid end
$$;

comment on function private.topic_id(text) is 'The identifier in a topic of the form kind:id; null for any other topic.';

revoke all on function private.topic_id(text) from public;
grant execute on function private.topic_id(text) to authenticated;

create policy "Who sees a thing hears its channel" on realtime.messages
  for select to authenticated
  using (
    extension = 'broadcast'
    and case split_part((select realtime.topic()), ':', 1)
      when 'function_model' then exists (
        select from public.function_models as model
        where model.model_id = private.topic_id((select realtime.topic())))
      when 'execution' then exists (
        select from public.workflow_executions as execution
        where execution.execution_id = private.topic_id((select realtime.topic())))
      when 'organization' then
        private.topic_id((select realtime.topic())) in (select private.my_organizations())
      when 'user' then
        private.topic_id((select realtime.topic())) = (select private.actor_id())
      else false
    end
  );

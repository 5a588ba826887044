-- Each save tells the model's private channel the new revision and nothing of the content.
do $$
declare
  v_user uuid := test.user('author@example.org');
  v_model uuid := test.model(v_user, 'Watched');
begin
  perform test.save(v_user, v_model, '{"model": {"description": "secret"}}');
  perform test.equal(
    (select jsonb_agg(jsonb_build_object('event', event, 'private', private, 'payload', payload - 'occurredAt')
       order by (payload ->> 'revision')::integer)
     from realtime.messages where topic = 'function_model:' || v_model and extension = 'broadcast'),
    jsonb_build_array(
      jsonb_build_object('event', 'changed', 'private', true, 'payload', jsonb_build_object(
        'type', 'function_model', 'modelId', v_model, 'revision', 1)),
      jsonb_build_object('event', 'changed', 'private', true, 'payload', jsonb_build_object(
        'type', 'function_model', 'modelId', v_model, 'revision', 2))),
    'messages of the channel');
end
$$;

-- Events of an aggregate are numbered 1, 2, 3 … also after a refused save, and carry who, why and where.
do $$
declare
  v_user uuid := test.user('author@example.org');
  v_viewer uuid := test.user('viewer@example.org');
  v_model uuid := test.model(v_user, 'Numbered', jsonb_build_object(
    'permissions', jsonb_build_object('owner', v_user, 'viewers', jsonb_build_array(v_viewer))));
begin
  perform test.save(v_user, v_model, jsonb_build_object('events', test.event('A') || test.event('B')));
  perform test.save_refusal(v_user, v_model, jsonb_build_object(
    'expectedRevision', 1, 'events', test.event('Lost')));
  perform test.command('record_events', v_viewer, jsonb_build_object(
      'aggregateType', 'function-model', 'aggregateId', v_model,
      'events', test.event('WorkflowValidationCompleted', '{"isValid": true}')),
    '{"requestId": "req-7", "traceparent": "00-1-2-01"}');
  perform test.equal(
    (select jsonb_object_agg(aggregate_version, event_type) from public.domain_events where aggregate_id = v_model),
    '{"1": "FunctionModelCreated", "2": "A", "3": "B", "4": "WorkflowValidationCompleted"}', 'the stream');
  perform test.equal(
    (select to_jsonb(array[actor_id::text, correlation_id, traceparent, aggregate_type, data ->> 'isValid'])
     from public.domain_events where aggregate_id = v_model and aggregate_version = 4),
    to_jsonb(array[v_viewer::text, 'req-7', '00-1-2-01', 'function-model', 'true']), 'the envelope');
  perform test.equal((select revision from public.function_models where model_id = v_model), 2, 'recording saves nothing');
end
$$;

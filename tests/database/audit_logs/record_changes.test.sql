-- Every change leaves its old and new values, only what differs, with who did it and by which event.
do $$
declare
  v_user uuid := test.user('author@example.org');
  v_organization uuid := test.organization(v_user, 'Acme');
  v_model uuid := test.model(v_user, 'Audited', jsonb_build_object('organizationId', v_organization));
  v_node uuid := gen_random_uuid();
  v_row record;
begin
  perform test.save(v_user, v_model, jsonb_build_object(
    'containers', jsonb_build_object('put', jsonb_build_array(test.node(v_node)))));
  perform test.save(v_user, v_model, jsonb_build_object(
    'containers', jsonb_build_object('put', jsonb_build_array(test.node(v_node, '{"name": "Renamed"}'))),
    'events', test.event('ContainerNodeModified')));
  select * into strict v_row from public.audit_logs
  where record_id = v_model and table_name = 'container_nodes' and operation = 'update';
  perform test.equal(v_row.old_data, '{"name": "Stage"}', 'old values');
  perform test.equal(v_row.new_data, '{"name": "Renamed"}', 'new values');
  perform test.equal(
    to_jsonb(array[v_row.row_id::text, v_row.model_id::text, v_row.organization_id::text, v_row.changed_by::text,
                   v_row.event_type, v_row.request_id]),
    to_jsonb(array[v_node::text, v_model::text, v_organization::text, v_user::text, 'ContainerNodeModified', 'test']),
    'what, whose, who and why');
  perform test.equal(
    (select event_id from public.domain_events where aggregate_id = v_model and event_type = 'ContainerNodeModified'),
    v_row.event_id, 'the event that caused it');
  perform test.equal(
    (select count(*) from public.audit_logs where record_id = v_model and event_id = v_row.event_id and table_name = 'domain_events'),
    1::bigint, 'the event has a row of its own');

  perform test.save(v_user, v_model, jsonb_build_object(
    'containers', jsonb_build_object('remove', jsonb_build_array(v_node))));
  select * into strict v_row from public.audit_logs
  where record_id = v_model and table_name = 'container_nodes' and operation = 'delete';
  perform test.equal(v_row.old_data ->> 'name', 'Renamed', 'a removal keeps what was there');
  perform test.equal(v_row.new_data, null, 'and has no new side');

  perform test.save(v_user, v_model, jsonb_build_object(
    'model', jsonb_build_object('deletedAt', now(), 'deletedBy', 'author'), 'events', test.event('FunctionModelSoftDeleted')));
  select * into strict v_row from public.audit_logs
  where record_id = v_model and table_name = 'function_models' and event_type = 'FunctionModelSoftDeleted';
  perform test.equal(v_row.operation, 'update', 'a soft deletion is an update');
  perform test.equal(v_row.new_data ->> 'deleted_by', 'author', 'with the mark');
  perform test.equal(
    array(select jsonb_object_keys(v_row.new_data) order by 1), '{deleted_at,deleted_by,revision}', 'and no more');
end
$$;

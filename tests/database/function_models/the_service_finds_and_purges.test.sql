-- The service finds any model and removes deleted ones for good; nobody else does either.
do $$
declare
  v_owner uuid := test.user('owner@example.org');
  v_version public.function_model_versions := test.published(v_owner, 'Short-lived', test.chain_plan(1));
  v_model uuid := v_version.model_id;
  v_kept public.function_model_versions := test.published(v_owner, 'Kept', test.chain_plan(1));
  v_other uuid := v_kept.model_id;
  v_link uuid := gen_random_uuid();
  v_service jsonb := '{"sub": "00000000-0000-4000-8000-000000000001", "role": "service_role"}';
  v_found jsonb;
begin
  perform test.start(v_owner, v_version);
  perform test.command('save_node_links', v_owner, jsonb_build_object('links', jsonb_build_array(jsonb_build_object(
    'linkId', v_link, 'expectedRevision', 0, 'sourceFeature', 'function-model', 'targetFeature', 'function-model',
    'sourceEntityId', v_other, 'targetEntityId', v_model, 'linkType', 'references', 'linkStrength', 0.5, 'events', '[]'::jsonb))));
  perform test.equal(
    test.command_refusal('find_function_model_for_service', v_owner, jsonb_build_object('modelId', v_model)), '42501',
    'a user reads as the service');
  perform test.equal(
    test.command_refusal('purge_function_model', v_owner, jsonb_build_object('modelId', v_model, 'expectedRevision', 2)),
    '42501', 'a user purges');

  set local role service_role;
  v_found := public.find_function_model_for_service(v_service, '{}', jsonb_build_object('modelId', v_model));
  reset role;
  perform test.equal(v_found ->> 'name', 'Short-lived', 'the service finds it');
  perform test.equal(v_found -> 'published' -> 0 ->> 'versionNumber', '1.0.0', 'and what runs');
  perform test.holds(not v_found ? 'nodes', 'without its structure');
  set local role service_role;
  v_found := public.find_function_model_for_service(
    v_service, '{}', jsonb_build_object('modelId', v_model, 'withStructure', true));
  reset role;
  perform test.equal(v_found -> 'nodes', '{}', 'or with it');

  perform test.refused(
    format('set local role service_role; select public.purge_function_model(%L, %L, %L)', v_service, '{}',
      jsonb_build_object('modelId', v_model, 'expectedRevision', 2)),
    'PT409', 'a model that is not deleted');
  reset role;
  perform test.save(v_owner, v_model, jsonb_build_object('model',
    jsonb_build_object('deletedAt', now(), 'deletedBy', v_owner, 'retainUntil', now())));
  perform set_config('request.jwt.claims', '', true);

  set local role service_role;
  perform public.purge_function_model(
    v_service, '{"requestId": "r"}', jsonb_build_object('modelId', v_model, 'expectedRevision', 3));
  reset role;
  perform test.holds(not exists (select from public.function_models where model_id = v_model), 'the model is gone');
  perform test.holds(not exists (select from public.function_model_versions where model_id = v_model), 'its versions');
  perform test.holds(not exists (select from public.workflow_executions where model_id = v_model), 'its runs');
  perform test.holds(not exists (select from public.node_links where link_id = v_link), 'its links');
  perform test.holds(exists (select from public.function_models where model_id = v_other), 'others stay');
  perform test.holds(exists (select from public.domain_events where aggregate_id = v_model), 'its history stays');
  perform test.equal(
    (select count(*) from public.audit_logs
     where record_id = v_model and table_name = 'function_models' and operation = 'delete'),
    1::bigint, 'its removal is audited');
  perform test.refused(
    format('delete from public.function_model_versions where model_id = %L', v_other), '42501',
    'versions are kept outside of a purge');
end
$$;

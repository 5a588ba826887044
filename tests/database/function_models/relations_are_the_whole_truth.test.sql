-- Who nests a model is counted whether the actor sees it or not; hidden models keep name and id to themselves.
do $$
declare
  v_owner uuid := test.user('owner@example.org');
  v_other uuid := test.user('other@example.org');
  v_inner uuid := test.model(v_owner, 'Inner', jsonb_build_object('permissions',
    jsonb_build_object('owner', v_owner, 'viewers', jsonb_build_array(v_other))));
  v_gone uuid := test.model(v_owner, 'Gone');
  v_draft uuid := test.model(v_owner, 'Draft that nests');
  v_hidden uuid := test.model(v_other, 'Hidden that nests');
  v_node uuid := gen_random_uuid();
  v_link uuid := gen_random_uuid();
  v_nests jsonb := jsonb_build_object('actionType', 'functionModelContainer',
    'actionSpecificData', jsonb_build_object('nestedModelId', v_inner));
  v_missing uuid := gen_random_uuid();
  v_found jsonb;
begin
  perform test.save(v_owner, v_draft, jsonb_build_object(
    'containers', jsonb_build_object('put', jsonb_build_array(test.node(v_node))),
    'actions', jsonb_build_object('put', jsonb_build_array(
      test.action(gen_random_uuid(), v_node, 1, v_nests),
      test.action(gen_random_uuid(), v_node, 2, v_nests || jsonb_build_object(
        'actionSpecificData', jsonb_build_object('nestedModelId', v_gone))),
      test.action(gen_random_uuid(), v_node, 3, v_nests || jsonb_build_object(
        'actionSpecificData', jsonb_build_object('nestedModelId', v_missing)))))));
  perform test.save(v_other, v_hidden, jsonb_build_object(
    'model', '{"status": "published"}'::jsonb,
    'version', jsonb_build_object('versionId', gen_random_uuid(), 'versionNumber', '1.0.1', 'isPublished', true,
      'versionData', jsonb_build_object('actionNodes', jsonb_build_object(gen_random_uuid(), v_nests)))));
  perform test.command('save_node_links', v_owner, jsonb_build_object('links', jsonb_build_array(jsonb_build_object(
    'linkId', v_link, 'expectedRevision', 0, 'sourceFeature', 'function-model', 'targetFeature', 'function-model',
    'sourceEntityId', v_draft, 'targetEntityId', v_gone, 'linkType', 'references', 'linkStrength', 0.5, 'events', '[]'::jsonb))));
  perform test.save(v_owner, v_gone, '{"model": {"deletedAt": "2026-01-01T00:00:00Z", "deletedBy": "x"}}');

  v_found := test.command('read_model_relations', v_owner, jsonb_build_object('modelId', v_inner));
  perform test.equal(
    v_found -> 'dependents',
    jsonb_build_array(
      jsonb_build_object('modelId', v_draft, 'name', 'Draft that nests', 'userId', v_owner, 'status', 'draft',
        'isDeleted', false, 'isLive', false),
      jsonb_build_object('userId', v_other, 'status', 'published', 'isDeleted', false, 'isLive', true)),
    'who nests it');
  perform test.equal(v_found -> 'hasActiveExecutions', 'false'::jsonb, 'no run');

  v_found := test.command('read_model_relations', v_owner, jsonb_build_object('modelId', v_draft));
  perform test.equal(
    (select jsonb_agg(nested - 'actionId') from jsonb_array_elements(v_found -> 'nested') as nested),
    jsonb_build_array(
      jsonb_build_object('modelId', v_gone, 'isMissing', false, 'isDeleted', true),
      jsonb_build_object('modelId', v_missing, 'isMissing', true, 'isDeleted', false)),
    'what it nests and is not there');
  perform test.equal(v_found -> 'brokenLinks', jsonb_build_array(v_link), 'links into nothing');
  perform test.equal(v_found -> 'isNameTaken', 'false'::jsonb, 'its name is its own');

  perform test.model(v_owner, 'Gone');
  v_found := test.command('read_model_relations', v_owner, jsonb_build_object('modelId', v_gone));
  perform test.equal(v_found -> 'isNameTaken', 'true'::jsonb, 'another model has the name');

  perform test.equal(
    test.command_refusal('read_model_relations', v_owner, jsonb_build_object('modelId', v_hidden)), 'FM004',
    'relations of a hidden model');
end
$$;

-- A node is described once, by whoever edits its model, and seen by whoever sees that.
do $$
declare
  v_owner uuid := test.user('owner@example.org');
  v_viewer uuid := test.user('viewer@example.org');
  v_stranger uuid := test.user('stranger@example.org');
  v_model uuid := test.model(v_owner, 'Described model', jsonb_build_object(
    'permissions', jsonb_build_object('owner', v_owner, 'viewers', jsonb_build_array(v_viewer))));
  v_save jsonb := jsonb_build_object('expectedRevision', 0, 'node', jsonb_build_object(
    'featureType', 'function-model', 'entityId', v_model, 'nodeId', gen_random_uuid(), 'nodeType', 'stageNode',
    'position', '{"x": 0, "y": 0}'::jsonb, 'vectorEmbedding', '[1, 0.5]'::jsonb, 'searchKeywords', '["tax"]'::jsonb,
    'semanticTags', '["vat"]'::jsonb, 'aiAgentConfig', '{}'::jsonb, 'visualProperties', '{}'::jsonb));
begin
  perform test.equal(test.command_refusal('save_node_metadata', v_viewer, v_save), '42501', 'a viewer describes');
  perform test.equal(test.command('save_node_metadata', v_owner, v_save), '{"revision": 1}', 'the owner describes');
  perform test.equal(test.command_refusal('save_node_metadata', v_owner, v_save), 'PT409', 'only the first time is the first');
  perform test.equal(
    test.command('save_node_metadata', v_owner, v_save || '{"expectedRevision": 1}'), '{"revision": 2}', 'anew');
  perform test.equal(
    test.seen_by(v_viewer, 'select search_keywords, vector_embedding from node_metadata'),
    '[{"search_keywords": ["tax"], "vector_embedding": [1, 0.5]}]', 'a viewer reads it');
  perform test.equal(jsonb_array_length(test.seen_by(v_stranger, 'select node_id from node_metadata')), 0, 'a stranger does not');
  perform test.equal(
    jsonb_array_length(test.command('read_node_metadata', v_viewer, '{"dimensions": 2, "limit": 9}')), 1, 'found by its vector''s length');
  perform test.equal(
    jsonb_array_length(test.command('read_node_metadata', v_stranger, '{"dimensions": 2, "limit": 9}')), 0, 'only by who sees it');
end
$$;

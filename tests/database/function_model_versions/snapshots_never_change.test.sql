-- A snapshot keeps its content for ever, whoever asks, and at most one of a model is published.
do $$
declare
  v_user uuid := test.user('author@example.org');
  v_version public.function_model_versions := test.published(v_user, 'Versioned', test.chain_plan(1));
begin
  perform test.refused('update public.function_model_versions set version_data = ''{"a": 1}'' where true', '42501',
    'the content of a snapshot changes');
  perform test.refused('update public.function_model_versions set notes = ''x'' where true', '42501', 'its notes change');
  perform test.refused('update public.function_model_versions set is_published = is_published where true', '42501', 'an update changes nothing');
  perform test.refused('delete from public.function_model_versions where true', '42501', 'a snapshot is removed');
  perform test.refused('truncate public.function_model_versions cascade', '42501', 'all snapshots are removed');

  perform test.equal(
    test.save_refusal(v_user, v_version.model_id, jsonb_build_object('version', jsonb_build_object(
      'versionId', gen_random_uuid(), 'versionNumber', '1.0.0', 'versionData', '{}'::jsonb, 'isPublished', true))),
    'FM002', 'a number that is taken');
  perform test.save(v_user, v_version.model_id, jsonb_build_object('version', jsonb_build_object(
    'versionId', gen_random_uuid(), 'versionNumber', '2.0.0', 'versionData', '{"v": 2}'::jsonb, 'isPublished', true,
    'previousVersion', '1.0.0')));
  perform test.equal(
    (select jsonb_object_agg(version_number, is_published) from public.function_model_versions
     where model_id = v_version.model_id),
    '{"1.0.0": false, "2.0.0": true}', 'the newest published version is the only one');
end
$$;

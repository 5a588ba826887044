-- A version leaves its number and whether it is published in the audit log, and not its snapshot.
do $$
declare
  v_user uuid := test.user('author@example.org');
  v_version public.function_model_versions := test.published(v_user, 'Audited', test.chain_plan(1));
  v_row record;
begin
  select * into strict v_row from public.audit_logs as entry
  where entry.record_id = v_version.model_id and entry.table_name = 'function_model_versions';
  perform test.equal(v_row.operation, 'create', 'a new version');
  perform test.equal(v_row.row_id, v_version.version_id, 'of this id');
  perform test.equal(v_row.new_data, to_jsonb(v_version) - 'version_data', 'everything but the snapshot');
  perform test.equal(v_row.changed_by, v_user, 'by its author');
  perform test.equal(v_row.event_type, 'FunctionModelPublished', 'and why');

  perform test.save(v_user, v_version.model_id, jsonb_build_object('version', jsonb_build_object(
    'versionId', gen_random_uuid(), 'versionNumber', '1.1.0', 'versionData', '{}'::jsonb, 'isPublished', true)));
  select * into strict v_row from public.audit_logs as entry
  where entry.record_id = v_version.model_id and entry.table_name = 'function_model_versions'
    and entry.operation = 'update';
  perform test.equal(v_row.row_id, v_version.version_id, 'the former version');
  perform test.equal(v_row.old_data, '{"is_published": true}', 'was published');
  perform test.equal(v_row.new_data, '{"is_published": false}', 'and is no longer');
end
$$;

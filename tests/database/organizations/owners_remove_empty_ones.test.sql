-- Owners and admins rename an organization; owners remove one that holds no model, with everything else in it.
do $$
declare
  v_owner uuid := test.user('owner@example.org');
  v_admin uuid := test.user('admin@example.org');
  v_editor uuid := test.user('editor@example.org');
  v_organization uuid := test.organization(v_owner, 'Acme');
  v_full uuid := test.organization(v_owner, 'Full');
  v_name jsonb := jsonb_build_object('organizationId', v_organization, 'expectedRevision', 1, 'name', 'Beta');
  v_remove jsonb := jsonb_build_object('organizationId', v_organization, 'expectedRevision', 1, 'remove', true);
begin
  perform test.join_organization(v_organization, v_admin, 'admin');
  perform test.join_organization(v_organization, v_editor, 'editor');
  perform test.equal(test.command_refusal('save_organization', v_editor, v_name), '42501', 'an editor renames nothing');
  perform test.equal(test.command_refusal('save_organization', v_admin, v_remove), '42501', 'an admin removes nothing');
  perform test.equal(
    test.command_refusal('save_organization', test.user('x@example.org'), v_name), 'FM004', 'to strangers there is none');
  perform test.equal(
    test.command_refusal('save_organization', v_owner, v_name || '{"expectedRevision": 7}'), 'PT409', 'stale');
  perform test.equal(test.command('save_organization', v_admin, v_name), '{"revision": 2}', 'an admin renames it');
  perform test.equal((select name from public.organizations where organization_id = v_organization), 'Beta', 'renamed');

  perform test.model(v_owner, 'Held model', jsonb_build_object('organizationId', v_full));
  perform test.equal(
    test.command_refusal('save_organization', v_owner, v_remove || jsonb_build_object('organizationId', v_full)), 'FM051',
    'one that holds a model stays');

  perform test.command('save_knowledge_content', v_owner, jsonb_build_object(
    'contentId', gen_random_uuid(), 'expectedRevision', 0, 'organizationId', v_organization, 'title', 'Guide', 'body', 'Text'));
  perform test.command('save_workflow', v_owner, jsonb_build_object(
    'workflowId', gen_random_uuid(), 'expectedRevision', 0, 'organizationId', v_organization, 'name', 'Task', 'definition', '{}'::jsonb));
  perform test.command('save_organization', v_owner, v_remove || '{"expectedRevision": 2}');
  perform test.equal(
    (select count(*)::integer from public.organization_members where organization_id = v_organization), 0, 'its members are gone');
  perform test.equal((select count(*)::integer from public.knowledge_contents), 0, 'its documents too');
  perform test.equal((select count(*)::integer from public.workflows), 0, 'and its tasks');
  perform test.holds(
    exists (select from public.audit_logs where table_name = 'organizations' and operation = 'delete'
      and record_id = v_organization and changed_by = v_owner), 'the audit knows who removed it');
end
$$;

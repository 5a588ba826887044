-- Workflows are saved at their revision, read by members, changed by editors, and read for a run as its starter.
do $$
declare
  v_owner uuid := test.user('owner@example.org');
  v_member uuid := test.user('member@example.org');
  v_stranger uuid := test.user('stranger@example.org');
  v_organization uuid := test.organization(v_owner, 'Acme');
  v_workflow uuid := gen_random_uuid();
  v_read jsonb := jsonb_build_object('workflowId', v_workflow);
  v_task jsonb := jsonb_build_object('workflowId', v_workflow, 'expectedRevision', 0, 'organizationId', v_organization,
    'name', 'Send', 'definition', '{"method": "POST", "url": "https://example.org"}'::jsonb);
begin
  perform test.join_organization(v_organization, v_member, 'member');
  perform test.equal(test.command_refusal('save_workflow', v_member, v_task), '42501', 'a mere member registers');
  perform test.equal(test.command('save_workflow', v_owner, v_task), '{"revision": 1}', 'the owner registers');
  perform test.equal(
    test.command('save_workflow', v_owner, v_task || '{"expectedRevision": 1, "name": "Send it"}'), '{"revision": 2}', 'a change');
  perform test.equal(
    test.command_refusal('save_workflow', v_owner, v_task || '{"expectedRevision": 1}'), 'PT409', 'a stale change');
  perform test.equal(
    test.command_refusal('save_workflow', v_member, v_task || '{"expectedRevision": 2}'), '42501', 'a member changes');
  perform test.equal(
    test.command_refusal('save_workflow', v_stranger, v_task || '{"expectedRevision": 2}'), 'FM004', 'a stranger changes');
  perform test.equal(test.command('read_workflow', v_member, v_read) ->> 'name', 'Send it', 'a member''s run reads');
  perform test.equal(test.command('read_workflow', v_stranger, v_read), null, 'a stranger''s run does not');
  perform test.command('save_workflow', v_owner, jsonb_build_object(
    'workflowId', v_workflow, 'expectedRevision', 2, 'remove', true));
  perform test.equal(test.command('read_workflow', v_owner, v_read), null, 'removed');
  perform test.equal(
    (select array_agg(operation order by audit_id) from public.audit_logs where record_id = v_workflow),
    '{create,update,delete}', 'the audit of it');
end
$$;

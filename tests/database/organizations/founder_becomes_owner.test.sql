-- Who founds an organization is its owner, and a stranger does not see it.
do $$
declare
  v_founder uuid := test.user('founder@example.org');
  v_stranger uuid := test.user('stranger@example.org');
  v_organization uuid := gen_random_uuid();
begin
  perform test.equal(
    test.command('create_organization', v_founder, jsonb_build_object(
      'organizationId', v_organization, 'name', 'Acme', 'events', test.event('OrganizationCreated'))),
    '{"revision": 1}', 'founding answers the revision');
  perform test.equal(
    (select role from public.organization_members where organization_id = v_organization and user_id = v_founder),
    'owner', 'role of the founder');
  perform test.equal(test.event_types(v_organization), '{OrganizationCreated}', 'events of the organization');
  perform test.equal(
    test.seen_by(v_founder, 'select name from public.organizations'), '[{"name": "Acme"}]', 'the founder sees it');
  perform test.equal(
    jsonb_array_length(test.seen_by(v_founder, 'select position from public.domain_events')), 1, 'and its event');
  perform test.equal(
    test.seen_by(v_stranger, 'select name from public.organizations'), '[]', 'a stranger sees nothing');
  perform test.equal(
    test.seen_by(v_stranger, 'select user_id from public.organization_members'), '[]', 'nor its members');
  perform test.equal(
    test.seen_by(v_stranger, 'select position from public.domain_events'), '[]', 'nor its event');
  perform test.equal(
    test.seen_by(v_stranger, 'select audit_id from public.audit_logs'), '[]', 'nor its audit');
end
$$;

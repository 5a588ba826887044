-- Owners and admins change members, only owners touch owners, everybody may leave, and one owner always stays.
create function test.member(organization_id uuid, user_id uuid, expected text, role text default null) returns jsonb language sql as $$
  select jsonb_build_object(
    'organizationId', organization_id, 'userId', user_id, 'expectedRole', expected,
    'events', test.event('OrganizationMemberRoleChanged'))
    || case when role is null then '{}'::jsonb else jsonb_build_object('role', role) end
$$;

do $$
declare
  v_owner uuid := test.user('owner@example.org');
  v_admin uuid := test.user('admin@example.org');
  v_editor uuid := test.user('editor@example.org');
  v_stranger uuid := test.user('stranger@example.org');
  v_organization uuid := test.organization(v_owner, 'Acme');
  v_case record;
begin
  perform test.join_organization(v_organization, v_admin, 'admin');
  perform test.join_organization(v_organization, v_editor, 'editor');
  for v_case in
    select * from (values
      ('an admin makes an admin', v_admin, v_editor, 'editor', 'admin', null),
      ('an admin makes no owner', v_admin, v_editor, 'editor', 'owner', '42501'),
      ('an admin does not unmake an owner', v_admin, v_owner, 'owner', 'member', 'FM050'),
      ('nor removes one', v_admin, v_owner, 'owner', null, 'FM050'),
      ('an admin gives up the role', v_admin, v_admin, 'admin', 'viewer', null),
      ('an admin removes an editor', v_admin, v_editor, 'editor', null, null),
      ('an editor changes nobody', v_editor, v_admin, 'admin', 'viewer', '42501'),
      ('not even themselves', v_editor, v_editor, 'editor', 'admin', '42501'),
      ('an editor removes nobody', v_editor, v_admin, 'admin', null, '42501'),
      ('an editor leaves', v_editor, v_editor, 'editor', null, null),
      ('an owner makes an owner', v_owner, v_admin, 'admin', 'owner', null),
      ('the last owner stays', v_owner, v_owner, 'owner', null, 'FM050'),
      ('and stays owner', v_owner, v_owner, 'owner', 'admin', 'FM050'),
      ('a role that is another one meanwhile', v_owner, v_editor, 'viewer', 'admin', 'PT409'),
      ('nobody who is no member', v_owner, v_stranger, 'member', 'admin', 'FM004'),
      ('to strangers there is no organization', v_stranger, v_editor, 'editor', 'admin', 'FM004')
    ) as cases (name, actor, who, expected, role, refusal)
  loop
    perform test.equal(
      test.command_refusal('save_organization_member', v_case.actor, test.member(v_organization, v_case.who, v_case.expected, v_case.role)),
      v_case.refusal, v_case.name);
  end loop;

  perform test.command('save_organization_member', v_owner, test.member(v_organization, v_admin, 'admin', 'owner'));
  perform test.equal(
    test.command_refusal('save_organization_member', v_admin, test.member(v_organization, v_owner, 'owner')), null,
    'with another owner the first may go');
  perform test.equal(
    test.command_refusal('save_organization_member', v_editor, test.member(v_organization, v_owner, 'owner')), '42501',
    'but not by an editor');
  perform test.command('save_organization_member', v_owner, test.member(v_organization, v_editor, 'editor'));
  perform test.equal(
    test.seen_by(v_editor, 'select 1 from public.organizations'), '[]', 'who was removed sees nothing from then on');
  perform test.equal(
    test.event_types(v_organization),
    '{OrganizationCreated,OrganizationMemberRoleChanged,OrganizationMemberRoleChanged}', 'each with its event');
end
$$;

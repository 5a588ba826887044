-- An invitation is accepted by the person with its confirmed address, once, within seven days; only a hash of its token is kept.
create function test.invitation(organization_id uuid, email text, role text, token text) returns jsonb language sql as $$
  select jsonb_build_object(
    'organizationId', organization_id, 'invitationId', md5(token)::uuid, 'email', email, 'role', role, 'token', token)
$$;

create function test.acceptance(token text, role text default 'editor') returns jsonb language sql as $$
  select jsonb_build_object('token', token, 'role', role, 'events', test.event('OrganizationMemberAdded'))
$$;

do $$
declare
  v_owner uuid := test.user('owner@example.org');
  v_admin uuid := test.user('admin@example.org');
  v_editor uuid := test.user('editor@example.org');
  v_guest uuid := test.user('Guest@Example.org');
  v_other uuid := test.user('other@example.org');
  v_organization uuid := test.organization(v_owner, 'Acme');
  v_token text;
begin
  update auth.users set email_confirmed_at = now() where id in (v_guest, v_other);
  perform test.join_organization(v_organization, v_admin, 'admin');
  perform test.join_organization(v_organization, v_editor, 'editor');

  perform test.equal(
    test.command_refusal('save_invitation', v_editor, test.invitation(v_organization, 'guest@example.org', 'member', 'x')), '42501',
    'editors invite nobody');
  perform test.equal(
    test.command_refusal('save_invitation', v_admin, test.invitation(v_organization, 'guest@example.org', 'owner', 'x')), '42501',
    'nobody invites to a role above their own');
  foreach v_token in array array['one', 'two', 'late', 'revoked', 'lapsed'] loop
    perform test.command('save_invitation', v_admin, test.invitation(v_organization, 'guest@example.org', 'editor', v_token));
  end loop;
  perform test.holds(
    (select bool_and(length(token_hash) = 64) from public.organization_invitations), 'tokens are hashed');
  perform test.holds(
    not exists (select from public.audit_logs where table_name = 'organization_invitations' and new_data ? 'token_hash'),
    'and not in the audit either');
  perform test.equal(
    jsonb_array_length(test.seen_by(v_admin, 'select 1 from public.organization_invitations')), 5, 'admins see what is open');
  perform test.equal(
    test.seen_by(v_editor, 'select 1 from public.organization_invitations'), '[]', 'others do not');

  perform test.equal(
    test.command('find_invitation', v_guest, '{"token": "one"}') -> 'invitation' ->> 'role', 'editor', 'its guest finds it');
  perform test.equal(test.command('find_invitation', v_other, '{"token": "one"}'), null, 'nobody else');
  perform test.equal(test.command('find_invitation', v_guest, '{"token": "none"}'), null, 'by its token');
  perform test.equal(
    test.command_refusal('accept_invitation', v_other, test.acceptance('one')), 'FM004', 'another address');
  perform test.equal(
    test.command_refusal('accept_invitation', v_guest, test.acceptance('one', 'admin')), '42501', 'another role');

  update auth.users set email_confirmed_at = null where id = v_guest;
  perform test.equal(
    test.command_refusal('accept_invitation', v_guest, test.acceptance('one')), 'FM004', 'an address that is not confirmed');
  update auth.users set email_confirmed_at = now() where id = v_guest;

  update public.organization_invitations
  set created_at = created_at - interval '7 days', expires_at = expires_at - interval '7 days'
  where token_hash = private.token_hash('late');
  perform test.equal(
    test.command_refusal('accept_invitation', v_guest, test.acceptance('late')), 'FM004', 'after seven days');

  perform test.command('save_invitation', v_owner, jsonb_build_object(
    'organizationId', v_organization, 'invitationId', md5('revoked')::uuid, 'remove', true));
  perform test.equal(
    test.command_refusal('accept_invitation', v_guest, test.acceptance('revoked')), 'FM004', 'revoked');
  perform test.equal(
    test.command_refusal('save_invitation', v_owner, jsonb_build_object(
      'organizationId', v_organization, 'invitationId', md5('revoked')::uuid, 'remove', true)), 'FM004', 'revoked once');

  update public.organization_members set role = 'viewer' where user_id = v_admin and organization_id = v_organization;
  perform test.equal(
    test.command_refusal('accept_invitation', v_guest, test.acceptance('lapsed')), 'FM004', 'its maker may no longer give the role');
  update public.organization_members set role = 'admin' where user_id = v_admin;

  perform test.command('accept_invitation', v_guest, test.acceptance('one'));
  perform test.equal(
    (select role from public.organization_members where user_id = v_guest), 'editor', 'a member now');
  perform test.equal(
    test.command_refusal('accept_invitation', v_guest, test.acceptance('one')), 'FM004', 'only once');
  perform test.equal(
    test.command('find_invitation', v_guest, '{"token": "two"}') ->> 'role', 'editor', 'what somebody is already is told');
  perform test.command('accept_invitation', v_guest, '{"token": "two", "events": []}');
  perform test.equal(
    test.event_types(v_organization), '{OrganizationCreated,OrganizationMemberAdded}', 'with its event');
end
$$;

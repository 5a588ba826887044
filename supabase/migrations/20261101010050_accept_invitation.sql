-- An invitation is for whoever has confirmed its address, once, within its seven
-- days, and lapses when its maker may no longer give the role.

create function private.invitation_of_actor(token text) returns public.organization_invitations
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_invitation public.organization_invitations;
begin
  select invitation.* into v_invitation
  from public.organization_invitations as invitation
  where invitation.token_hash = private.token_hash(invitation_of_actor.token)
    and invitation.accepted_at is null
    and invitation.expires_at > now()
    and exists (
      select from auth.users as person
      where person.id = private.actor_id()
        and lower(person.email) = invitation.email
        and person.email_confirmed_at is not null)
    and exists (
      select from public.organization_members as inviter
      where inviter.organization_id = invitation.organization_id
        and inviter.user_id = invitation.invited_by
        and (inviter.role = 'owner' or (inviter.role = 'admin' and invitation.role <> 'owner')))
  for update of invitation;
  return v_invitation;
end
$$;

comment on function private.invitation_of_actor(text) is
  'The open invitation of this token if it is the actor''s, locked; else a row of nulls. Definer: the invited see neither invitations nor members yet, and addresses are the sign-in service''s.';

revoke all on function private.invitation_of_actor(text) from public;
grant execute on function private.invitation_of_actor(text) to fm_writer;

create function private.use_invitation(token text, role text) returns public.organization_invitations
language plpgsql security definer set search_path = ''
as $$
declare
  v_invitation public.organization_invitations := private.invitation_of_actor(use_invitation.token);
begin
  if v_invitation.invitation_id is null then
    raise exception using errcode = 'FM004', message = 'Not found';
  end if;
  perform from public.organizations as organization
  where organization.organization_id = v_invitation.organization_id
  for no key update;
  perform private.describe_change(null, v_invitation.organization_id, '[]');
  update public.organization_invitations as invitation
  set accepted_at = now(), accepted_by = private.actor_id()
  where invitation.invitation_id = v_invitation.invitation_id;
  if use_invitation.role is not null and use_invitation.role <> v_invitation.role then
    raise exception using errcode = '42501', message = 'Another role than the invitation''s';
  end if;
  if use_invitation.role is not null then
    insert into public.organization_members as member (organization_id, user_id, role)
    values (v_invitation.organization_id, private.actor_id(), use_invitation.role)
    on conflict on constraint organization_members_pkey do update set "role" = excluded.role
      where member.role <> 'owner';
  end if;
  return v_invitation;
end
$$;

comment on function private.use_invitation(text, text) is
  'Uses up an invitation of the actor and makes them a member of its role, or leaves their role when none is given. Definer: nobody may make themselves a member otherwise.';

revoke all on function private.use_invitation(text, text) from public;
grant execute on function private.use_invitation(text, text) to fm_writer;

create function public.find_invitation(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
declare
  v_invitation public.organization_invitations;
begin
  perform private.begin_command(actor, request - 'idempotency');
  v_invitation := private.invitation_of_actor(command ->> 'token');
  if v_invitation.invitation_id is null then
    return null;
  end if;
  return jsonb_strip_nulls(jsonb_build_object(
    'invitation', jsonb_build_object(
      'invitationId', v_invitation.invitation_id,
      'organizationId', v_invitation.organization_id,
      'email', v_invitation.email,
      'role', v_invitation.role,
      'invitedBy', v_invitation.invited_by,
      'createdAt', private.wire_time(v_invitation.created_at),
      'expiresAt', private.wire_time(v_invitation.expires_at)),
    'role', (
      select member.role from public.organization_members as member
      where member.organization_id = v_invitation.organization_id and member.user_id = private.actor_id())));
end
$$;

comment on function public.find_invitation(jsonb, jsonb, jsonb) is
  'The open invitation {token} of the actor as {invitation, role?}, the role being what they are already; null when there is none.';

revoke all on function public.find_invitation(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.find_invitation(jsonb, jsonb, jsonb) to service_role;

create function public.accept_invitation(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
declare
  v_replayed jsonb := private.begin_command(actor, request);
  v_invitation public.organization_invitations;
begin
  if v_replayed is not null then
    return v_replayed;
  end if;
  v_invitation := private.use_invitation(command ->> 'token', command ->> 'role');
  perform private.append_events(
    'organization', v_invitation.organization_id, v_invitation.organization_id, command -> 'events');
  return jsonb_build_object('revision', 1);
end
$$;

comment on function public.accept_invitation(jsonb, jsonb, jsonb) is
  'Accepts an invitation {token, role?, events}: the actor gets the role, or keeps their own when none is given. Refusals: FM004 not found.';

revoke all on function public.accept_invitation(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.accept_invitation(jsonb, jsonb, jsonb) to service_role;

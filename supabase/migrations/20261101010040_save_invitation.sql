create function private.token_hash(token text) returns text
language sql immutable set search_path = ''
as $$
  select encode(sha256(convert_to(token, 'UTF8')), 'hex')
$$;

comment on function private.token_hash(text) is 'SHA-256 of a token, in hexadecimal digits.';

revoke all on function private.token_hash(text) from public;
grant execute on function private.token_hash(text) to fm_writer;

create function public.save_invitation(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
declare
  v_replayed jsonb := private.begin_command(actor, request);
  v_organization_id uuid := (command ->> 'organizationId')::uuid;
  v_invitation_id uuid := (command ->> 'invitationId')::uuid;
begin
  if v_replayed is not null then
    return v_replayed;
  end if;
  perform private.describe_change(null, v_organization_id, '[]');
  if (command ->> 'remove')::boolean then
    delete from public.organization_invitations as gone
    where gone.invitation_id = v_invitation_id and gone.organization_id = v_organization_id;
    if not found then
      raise exception using errcode = 'FM004', message = 'Not found';
    end if;
  else
    insert into public.organization_invitations (
      invitation_id, organization_id, email, role, token_hash, invited_by, expires_at)
    values (v_invitation_id, v_organization_id, command ->> 'email', command ->> 'role',
            private.token_hash(command ->> 'token'), private.actor_id(), now() + interval '7 days');
  end if;
  return jsonb_build_object('revision', 1);
end
$$;

comment on function public.save_invitation(jsonb, jsonb, jsonb) is
  'Makes or revokes an invitation {organizationId, invitationId, remove?, email?, role?, token?}; of the token only the hash is kept. Refusals: FM004 not found, 42501.';

revoke all on function public.save_invitation(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.save_invitation(jsonb, jsonb, jsonb) to service_role;

create function public.save_organization_member(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
declare
  v_replayed jsonb := private.begin_command(actor, request);
  v_organization_id uuid := (command ->> 'organizationId')::uuid;
  v_user_id uuid := (command ->> 'userId')::uuid;
  v_revision integer;
  v_role text;
begin
  if v_replayed is not null then
    return v_replayed;
  end if;
  v_revision := private.lock_organization(v_organization_id);
  select member.role into v_role
  from public.organization_members as member
  where member.organization_id = v_organization_id and member.user_id = v_user_id;
  if not found then
    raise exception using errcode = 'FM004', message = 'Not found';
  end if;
  if v_role <> command ->> 'expectedRole' then
    raise exception using errcode = 'PT409', message = 'The role is another one meanwhile';
  end if;
  if v_role = 'owner' and command ->> 'role' is distinct from 'owner' and not exists (
    select from public.organization_members as other
    where other.organization_id = v_organization_id and other.role = 'owner' and other.user_id <> v_user_id) then
    raise exception using errcode = 'FM050', message = 'The last owner';
  end if;

  perform private.describe_change(null, v_organization_id, command -> 'events');
  if command ? 'role' then
    update public.organization_members as member
    set "role" = command ->> 'role'
    where member.organization_id = v_organization_id and member.user_id = v_user_id;
  else
    delete from public.organization_members as member
    where member.organization_id = v_organization_id and member.user_id = v_user_id;
  end if;
  if not found then
    raise exception using errcode = '42501', message = 'Not allowed to change this member';
  end if;
  perform private.append_events('organization', v_organization_id, v_organization_id, command -> 'events');
  return jsonb_build_object('revision', v_revision);
end
$$;

comment on function public.save_organization_member(jsonb, jsonb, jsonb) is
  'Gives a member another role, or removes one {organizationId, userId, expectedRole, role?, events}. Answers {revision} of the organization. Refusals: PT409 another role, FM004 not found, FM050 last owner, 42501.';

revoke all on function public.save_organization_member(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.save_organization_member(jsonb, jsonb, jsonb) to service_role;

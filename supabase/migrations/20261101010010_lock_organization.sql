create function private.lock_organization(organization_id uuid) returns integer
language plpgsql security definer set search_path = ''
as $$
declare
  v_revision integer;
begin
  select organization.revision into v_revision
  from public.organizations as organization
  where organization.organization_id = lock_organization.organization_id
    and organization.organization_id in (select private.my_organizations())
  for no key update;
  if not found then
    raise exception using errcode = 'FM004', message = 'Not found';
  end if;
  return v_revision;
end
$$;

comment on function private.lock_organization(uuid) is
  'Locks an organization of the actor, so that its members and its stream change one command at a time; answers its revision. Definer: members without the right to change it may leave it.';

revoke all on function private.lock_organization(uuid) from public;
grant execute on function private.lock_organization(uuid) to fm_writer;

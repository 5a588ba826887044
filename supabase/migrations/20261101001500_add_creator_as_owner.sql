create function private.tg_organizations__add_creator_as_owner() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  insert into public.organization_members (organization_id, user_id, role)
  select founded.organization_id, founded.created_by, 'owner'
  from new_rows as founded
  where founded.created_by is not null
  on conflict on constraint organization_members_pkey do nothing;
  return null;
end
$$;

comment on function private.tg_organizations__add_creator_as_owner() is
  'Makes the founder the first owner. Definer: nobody else could add the first member of an organization.';

revoke all on function private.tg_organizations__add_creator_as_owner() from public;

create trigger _200_add_creator_as_owner after insert on public.organizations
  referencing new table as new_rows for each statement
  execute function private.tg_organizations__add_creator_as_owner();

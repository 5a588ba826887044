-- Policies ask for sets, once per statement: `organization_id in (select
-- private.my_organizations('{owner,admin}'))`. The power of its owner is needed
-- because the policies of `organization_members` ask it in turn. The body is
-- bound late, so that the tables' own files can use it in their policies.

create function private.my_organizations(roles text[] default null) returns setof uuid
language plpgsql stable security definer set search_path = ''
as $$
begin
  return query
    select member.organization_id
    from public.organization_members as member
    where member.user_id = private.actor_id()
      and (my_organizations.roles is null or member.role = any (my_organizations.roles));
end
$$;

comment on function private.my_organizations(text[]) is
  'Organizations in which the actor has one of the roles, or any role when none are named.';

revoke all on function private.my_organizations(text[]) from public;
grant execute on function private.my_organizations(text[]) to authenticated, fm_writer;

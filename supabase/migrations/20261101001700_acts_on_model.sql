-- Who may do what with a model, as one list of acts. Policies that run per row
-- spell the same rule out; this function serves where one model is at stake.

create function private.acts_on_model(permissions jsonb, organization_id uuid) returns text[]
language plpgsql stable security definer set search_path = ''
as $$
declare
  v_actor text := private.actor_id()::text;
  v_role text;
  v_owner boolean;
  v_editor boolean;
  v_administers boolean;
  v_acts text[] := '{}';
begin
  if v_actor is null then
    return v_acts;
  end if;
  select member.role into v_role
  from public.organization_members as member
  where member.user_id = v_actor::uuid and member.organization_id = acts_on_model.organization_id;

  v_owner := permissions ->> 'owner' = v_actor;
  v_editor := v_owner or coalesce(permissions -> 'editors' ? v_actor, false) or coalesce(v_role = 'editor', false);
  v_administers := coalesce(v_role in ('owner', 'admin'), false);

  if private.actor_id() = any (private.readers(permissions))
    or coalesce(v_role in ('owner', 'admin', 'editor', 'viewer'), false) then
    v_acts := v_acts || array['view'];
  end if;
  if v_editor then
    v_acts := v_acts || array['edit', 'publish', 'execute', 'archive'];
  end if;
  if permissions -> 'publishers' ? v_actor then
    v_acts := v_acts || array['publish'];
  end if;
  if permissions -> 'executors' ? v_actor then
    v_acts := v_acts || array['execute'];
  end if;
  if permissions -> 'archivers' ? v_actor then
    v_acts := v_acts || array['archive'];
  end if;
  if permissions -> 'administrators' ? v_actor then
    v_acts := v_acts || array['archive', 'change permissions'];
  end if;
  if v_owner or v_administers then
    v_acts := v_acts || array['archive', 'change permissions', 'hand over', 'delete'];
  end if;
  if v_administers or (v_owner and organization_id is null) then
    v_acts := v_acts || array['restore'];
  end if;
  return v_acts;
end
$$;

comment on function private.acts_on_model(jsonb, uuid) is
  'Acts the actor may do with a model of these permissions in this organization. Definer: it reads the member table for the policies.';

revoke all on function private.acts_on_model(jsonb, uuid) from public;
grant execute on function private.acts_on_model(jsonb, uuid) to fm_writer;

-- Agents and node metadata have the permissions of the entity they serve. The
-- model decides where there is one; elsewhere whoever made the thing and the
-- admins of its organization edit, and the organization's members view.

create function private.may_on_entity(
  act text, model_id uuid, organization_id uuid, created_by uuid
) returns boolean
language plpgsql stable security definer set search_path = ''
as $$
declare
  v_model public.function_models;
  v_acts text[];
begin
  if private.is_service() then
    return true;
  end if;
  if may_on_entity.model_id is not null then
    select * into v_model from public.function_models as model where model.model_id = may_on_entity.model_id;
    v_acts := private.acts_on_model(v_model.permissions, v_model.organization_id);
    return may_on_entity.act = any (v_acts) and (v_model.deleted_at is null or 'restore' = any (v_acts));
  end if;
  return (may_on_entity.organization_id is null and may_on_entity.created_by = private.actor_id())
    or case may_on_entity.act
      when 'view' then may_on_entity.organization_id in (select private.my_organizations())
      else may_on_entity.organization_id in (select private.my_organizations('{owner,admin}'))
        or (may_on_entity.created_by = private.actor_id()
          and may_on_entity.organization_id in (select private.my_organizations()))
    end;
end
$$;

comment on function private.may_on_entity(text, uuid, uuid, uuid) is
  'Whether the actor may view, edit or execute what belongs to a model, or else to an organization or a person. Definer: it reads models and members for policies.';

revoke all on function private.may_on_entity(text, uuid, uuid, uuid) from public;
grant execute on function private.may_on_entity(text, uuid, uuid, uuid) to fm_writer;

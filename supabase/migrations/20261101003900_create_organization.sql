create function public.create_organization(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
declare
  v_replayed jsonb := private.begin_command(actor, request);
  v_organization_id uuid := (command ->> 'organizationId')::uuid;
begin
  if v_replayed is not null then
    return v_replayed;
  end if;
  perform private.describe_change(null, v_organization_id, command -> 'events');
  begin
    insert into public.organizations (organization_id, name, created_by)
    values (v_organization_id, command ->> 'name', private.actor_id());
  exception when unique_violation then
    raise exception using errcode = 'FM005', message = 'The identifier is in use';
  end;
  perform private.append_events('organization', v_organization_id, v_organization_id, command -> 'events');
  return jsonb_build_object('revision', 1);
end
$$;

comment on function public.create_organization(jsonb, jsonb, jsonb) is
  'Founds an organization {organizationId, name, events}; the actor becomes its owner. Answers {revision}.';

revoke all on function public.create_organization(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.create_organization(jsonb, jsonb, jsonb) to service_role;

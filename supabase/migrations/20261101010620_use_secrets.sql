-- How the engine gets at values. A value leaves the database only for a host on
-- its list; which of the secrets may not go there is told without one.

create function private.secret_in_wire_form(secret public.secrets) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'secretId', secret.secret_id, 'organizationId', secret.organization_id, 'userId', secret.user_id,
    'name', secret.name, 'hosts', secret.hosts, 'keyId', secret.key_id,
    'rotatedAt', private.wire_time(secret.rotated_at), 'createdAt', private.wire_time(secret.created_at),
    'revision', secret.revision)
$$;

comment on function private.secret_in_wire_form(public.secrets) is 'What is told of a secret, in wire form.';

revoke all on function private.secret_in_wire_form(public.secrets) from public;
grant execute on function private.secret_in_wire_form(public.secrets) to fm_writer;

create function private.note_use_of_secrets(secret_ids uuid[]) returns void
language sql security definer set search_path = ''
as $$
  update public.secrets as secret
  set last_used_at = date_trunc('minute', now())
  where secret.secret_id = any (secret_ids)
    and (secret.last_used_at is null or secret.last_used_at < date_trunc('minute', now()))
$$;

comment on function private.note_use_of_secrets(uuid[]) is
  'Notes the minute in which secrets were last used. Definer: who may use a secret may not change it.';

revoke all on function private.note_use_of_secrets(uuid[]) from public;
grant execute on function private.note_use_of_secrets(uuid[]) to fm_writer;

create function public.use_secrets(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
declare
  v_organization_id uuid := (command ->> 'organizationId')::uuid;
  v_names text[] := array(select jsonb_array_elements_text(command -> 'names'));
  v_targets text[] := array(select jsonb_array_elements_text(command -> 'targets'));
  v_used uuid[];
  v_found jsonb;
begin
  perform set_config('request.jwt.claims', actor::text, true);
  select coalesce(jsonb_agg(jsonb_build_object(
           'secret', private.secret_in_wire_form(secret),
           'sealed', case when secret.hosts && v_targets then kept.sealed end)), '[]'),
         array_agg(secret.secret_id) filter (where secret.hosts && v_targets)
  into v_found, v_used
  from public.secrets as secret
  join private.secret_values as kept on kept.secret_id = secret.secret_id
  where secret.name = any (v_names)
    and (secret.organization_id = v_organization_id
      or (v_organization_id is null and secret.organization_id is null and secret.user_id = private.actor_id()));
  perform private.note_use_of_secrets(v_used);
  return v_found;
end
$$;

comment on function public.use_secrets(jsonb, jsonb, jsonb) is
  'The secrets {organizationId?, names} of an organization, or of the actor alone, as the actor sees them: [{secret, sealed}], sealed being null unless one of {targets} (host, host:port) is on the secret''s list.';

revoke all on function public.use_secrets(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.use_secrets(jsonb, jsonb, jsonb) to service_role;

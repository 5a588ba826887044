-- Rotation of the key: the service reads what is encrypted under another key,
-- and brings it back encrypted under the present one. Nobody's value changes.

create function public.find_stale_secrets(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
begin
  if actor ->> 'role' is distinct from 'service_role' then
    raise exception using errcode = '42501', message = 'Only the service reads without a user';
  end if;
  perform set_config('request.jwt.claims', actor::text, true);
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'secret', private.secret_in_wire_form(stale.secret), 'sealed', stale.sealed)), '[]')
    from (
      select secret, kept.sealed
      from public.secrets as secret
      join private.secret_values as kept on kept.secret_id = secret.secret_id
      where secret.key_id <> command ->> 'keyId'
        and secret.secret_id > coalesce((command ->> 'after')::uuid, '00000000-0000-0000-0000-000000000000')
      order by secret.secret_id
      limit 100
    ) as stale);
end
$$;

comment on function public.find_stale_secrets(jsonb, jsonb, jsonb) is
  'The next 100 secrets behind {after?} that are encrypted under another key than {keyId}: [{secret, sealed}]. Refusal: 42501 for everybody but the service.';

revoke all on function public.find_stale_secrets(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.find_stale_secrets(jsonb, jsonb, jsonb) to service_role;

create function public.reseal_secret(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
declare
  v_replayed jsonb := private.begin_command(actor, request);
  v_secret_id uuid := (command ->> 'secretId')::uuid;
begin
  if v_replayed is not null then
    return v_replayed;
  end if;
  if actor ->> 'role' is distinct from 'service_role' then
    raise exception using errcode = '42501', message = 'Only the service encrypts secrets anew';
  end if;
  update public.secrets as secret
  set key_id = command ->> 'keyId', revision = secret.revision + 1
  where secret.secret_id = v_secret_id and secret.revision = (command ->> 'expectedRevision')::integer;
  if not found then
    return jsonb_build_object('resealed', false);
  end if;
  update private.secret_values as kept set sealed = command ->> 'sealed'
  where kept.secret_id = v_secret_id;
  return jsonb_build_object('resealed', true);
end
$$;

comment on function public.reseal_secret(jsonb, jsonb, jsonb) is
  'Brings the value of a secret {secretId, expectedRevision, keyId, sealed} back under another key. Answers {resealed}: false when it changed or went meanwhile. Refusal: 42501 for everybody but the service.';

revoke all on function public.reseal_secret(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.reseal_secret(jsonb, jsonb, jsonb) to service_role;

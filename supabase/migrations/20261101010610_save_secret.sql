create function public.save_secret(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
declare
  v_replayed jsonb := private.begin_command(actor, request);
  v_secret_id uuid := (command ->> 'secretId')::uuid;
  v_organization_id uuid := (command ->> 'organizationId')::uuid;
  v_expected integer := coalesce((command ->> 'expectedRevision')::integer, 0);
  v_hosts text[] := array(select jsonb_array_elements_text(coalesce(nullif(command -> 'hosts', 'null'), '[]')));
  v_revision integer;
begin
  if v_replayed is not null then
    return v_replayed;
  end if;

  if v_expected = 0 then
    if (
      select count(*) >= 100 from public.secrets as secret
      where secret.organization_id = v_organization_id
        or (v_organization_id is null and secret.organization_id is null and secret.user_id = private.actor_id())
    ) then
      raise exception using errcode = 'FM060', message = 'Too many secrets';
    end if;
    begin
      insert into public.secrets (secret_id, organization_id, user_id, name, hosts, key_id)
      values (v_secret_id, v_organization_id, private.actor_id(), command ->> 'name', v_hosts, command ->> 'keyId');
    exception when unique_violation then
      raise exception using errcode = 'FM001', message = 'Secret name taken';
    end;
    insert into private.secret_values (secret_id, sealed) values (v_secret_id, command ->> 'sealed');
    return jsonb_build_object('revision', 1);
  end if;

  select secret.revision into v_revision
  from public.secrets as secret where secret.secret_id = v_secret_id
  for no key update;
  if not found then
    if exists (select from public.secrets as secret where secret.secret_id = v_secret_id) then
      raise exception using errcode = '42501', message = 'Not allowed to change this secret';
    end if;
    raise exception using errcode = 'FM004', message = 'Not found';
  end if;
  if v_revision <> v_expected then
    raise exception using errcode = 'PT409', message = 'Revision conflict', detail = v_revision::text;
  end if;

  if (command ->> 'remove')::boolean then
    delete from public.secrets as secret where secret.secret_id = v_secret_id;
  else
    update public.secrets as secret
    set hosts = v_hosts, key_id = command ->> 'keyId', rotated_at = now(), revision = v_revision + 1
    where secret.secret_id = v_secret_id;
    update private.secret_values as kept set sealed = command ->> 'sealed'
    where kept.secret_id = v_secret_id;
  end if;
  return jsonb_build_object('revision', v_revision + 1);
end
$$;

comment on function public.save_secret(jsonb, jsonb, jsonb) is
  'Keeps, rotates or removes a secret {secretId, expectedRevision (0 = new), organizationId?, remove?, name?, hosts?, keyId?, sealed?}. Answers {revision}. Refusals: FM001 name taken, FM004 not found, FM060 too many, PT409 stale.';

revoke all on function public.save_secret(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.save_secret(jsonb, jsonb, jsonb) to service_role;

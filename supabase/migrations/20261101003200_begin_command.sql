create function private.begin_command(actor jsonb, request jsonb) returns jsonb
language plpgsql set search_path = ''
as $$
declare
  v_key jsonb := request -> 'idempotency';
  v_stored private.idempotency_keys;
begin
  if actor ->> 'sub' is null then
    raise exception using errcode = '42501', message = 'A command needs a user';
  end if;
  perform set_config('request.jwt.claims', actor::text, true);
  perform set_config('fm.request', jsonb_build_object(
    'requestId', request ->> 'requestId', 'traceparent', request ->> 'traceparent')::text, true);

  if v_key is null or jsonb_typeof(v_key) = 'null' then
    return null;
  end if;

  insert into private.idempotency_keys as taken (user_id, key, path, body_hash, answer)
  values (private.actor_id(), v_key ->> 'key', v_key ->> 'path', v_key ->> 'bodyHash', v_key -> 'answer')
  on conflict on constraint idempotency_keys_pkey do update
    set body_hash = excluded.body_hash, answer = excluded.answer, created_at = excluded.created_at
    where taken.created_at < now() - interval '24 hours';
  if found then
    return null;
  end if;

  select * into strict v_stored
  from private.idempotency_keys as stored
  where stored.user_id = private.actor_id()
    and stored.key = v_key ->> 'key'
    and stored.path = v_key ->> 'path';
  if v_stored.body_hash <> v_key ->> 'bodyHash' then
    raise exception using errcode = 'FM003', message = 'Idempotency key reused for another request';
  end if;
  return jsonb_build_object('replayed', v_stored.answer);
end
$$;

comment on function private.begin_command(jsonb, jsonb) is
  'First step of every command: takes on the claims of the actor and the idempotency key. Answers {"replayed": answer} when the command was carried out before, else null.';

revoke all on function private.begin_command(jsonb, jsonb) from public;
grant execute on function private.begin_command(jsonb, jsonb) to fm_writer;

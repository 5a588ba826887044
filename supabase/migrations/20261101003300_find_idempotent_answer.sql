create function public.find_idempotent_answer(actor jsonb, key text, path text, body_hash text) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
declare
  v_stored private.idempotency_keys;
begin
  perform set_config('request.jwt.claims', actor::text, true);
  select * into v_stored
  from private.idempotency_keys as stored
  where stored.user_id = private.actor_id()
    and stored.key = find_idempotent_answer.key
    and stored.path = find_idempotent_answer.path
    and stored.created_at >= now() - interval '24 hours';
  if v_stored.body_hash <> find_idempotent_answer.body_hash then
    raise exception using errcode = 'FM003', message = 'Idempotency key reused for another request';
  end if;
  return v_stored.answer;
end
$$;

comment on function public.find_idempotent_answer(jsonb, text, text, text) is
  'The stored answer to a request with this key, or null; FM003 when the key was used for another body.';

revoke all on function public.find_idempotent_answer(jsonb, text, text, text)
  from public, anon, authenticated, service_role;
grant execute on function public.find_idempotent_answer(jsonb, text, text, text) to service_role;

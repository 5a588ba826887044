-- The service alone reads what is under an older key, and brings it back under the present one unless it changed meanwhile.
do $$
declare
  v_user uuid := test.user('user@example.org');
  v_service uuid := gen_random_uuid();
  v_secret uuid := gen_random_uuid();
  v_stale jsonb;
  v_done jsonb;
  v_actor jsonb := jsonb_build_object('sub', v_service, 'role', 'service_role');
  v_again jsonb := jsonb_build_object('secretId', v_secret, 'expectedRevision', 1, 'keyId', 'k2', 'sealed', repeat('C', 60));
begin
  perform test.command('save_secret', v_user, jsonb_build_object('secretId', v_secret, 'expectedRevision', 0,
    'name', 'key', 'hosts', '["a.example"]'::jsonb, 'keyId', 'k1', 'sealed', repeat('A', 60)));
  perform test.equal(test.command_refusal('find_stale_secrets', v_user, '{"keyId": "k2"}'), '42501', 'a user looks');
  perform test.equal(test.command_refusal('reseal_secret', v_user, v_again), '42501', 'a user writes');

  set local role service_role;
  v_stale := public.find_stale_secrets(v_actor, '{"requestId": "test"}', '{"keyId": "k2"}');
  reset role;
  perform test.equal(v_stale #>> '{0,secret,secretId}', v_secret::text, 'the service finds it');
  perform test.equal(v_stale #>> '{0,sealed}', repeat('A', 60), 'with its value');

  set local role service_role;
  v_done := public.reseal_secret(v_actor, '{"requestId": "test"}', v_again);
  reset role;
  perform test.equal(v_done, '{"resealed": true}', 'it is written');
  perform test.equal(
    (select key_id || revision from public.secrets where secret_id = v_secret), 'k22', 'under the new key');
  perform test.equal(
    (select sealed from private.secret_values where secret_id = v_secret), repeat('C', 60), 'as it was brought');

  set local role service_role;
  v_done := public.reseal_secret(v_actor, '{"requestId": "test"}', v_again);
  v_stale := public.find_stale_secrets(v_actor, '{"requestId": "test"}', '{"keyId": "k2"}');
  reset role;
  perform test.equal(v_done, '{"resealed": false}', 'once');
  perform test.equal(v_stale, '[]', 'and is found no more');
end
$$;

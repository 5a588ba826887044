-- A command repeated under its key answers what it answered and does nothing; another body under the key is refused.
do $$
declare
  v_user uuid := test.user('author@example.org');
  v_other uuid := test.user('other@example.org');
  v_model uuid := gen_random_uuid();
  v_answer jsonb := '{"status": 201, "headers": {}, "body": {"modelId": "m"}}';
  v_request jsonb := jsonb_build_object('requestId', 'r', 'idempotency', jsonb_build_object(
    'key', 'k1', 'path', '/function-models', 'bodyHash', 'h1', 'answer', v_answer));
  v_command jsonb := jsonb_build_object(
    'modelId', v_model, 'expectedRevision', 0, 'events', test.event('FunctionModelCreated'),
    'model', jsonb_build_object('name', 'Once', 'permissions', jsonb_build_object('owner', v_user)));
  v_found jsonb;
begin
  perform test.equal(
    test.command('save_function_model', v_user, v_command, v_request), '{"revision": 1}', 'the first time');
  perform test.equal(
    test.command('save_function_model', v_user, v_command, v_request),
    jsonb_build_object('replayed', v_answer), 'the second time');
  perform test.equal(test.event_types(v_model), '{FunctionModelCreated}', 'events of both');
  perform test.equal(
    test.command_refusal('save_function_model', v_user, v_command,
      jsonb_set(v_request, '{idempotency,bodyHash}', '"h2"')),
    'FM003', 'another body under the same key');
  perform test.equal(
    test.command('create_organization', v_other, jsonb_build_object(
      'organizationId', gen_random_uuid(), 'name', 'Acme', 'events', '[]'::jsonb), v_request),
    '{"revision": 1}', 'the key of another user');

  set local role service_role;
  v_found := public.find_idempotent_answer(test.actor(v_user), 'k1', '/function-models', 'h1');
  perform test.equal(v_found, v_answer, 'the stored answer');
  perform test.equal(
    public.find_idempotent_answer(test.actor(v_user), 'k1', '/elsewhere', 'h1'), null, 'another path');
  reset role;
  perform test.refused(
    format('select public.find_idempotent_answer(%L, %L, %L, %L)', test.actor(v_user), 'k1', '/function-models', 'h2'),
    'FM003', 'looking up another body');

  update private.idempotency_keys set created_at = now() - interval '25 hours' where user_id = v_user;
  perform test.equal(
    test.command_refusal('save_function_model', v_user, v_command, v_request), 'FM005',
    'after a day the key is free, and the command is done again');
  perform private.purge();
  perform test.equal((select count(*) from private.idempotency_keys where user_id = v_user), 0::bigint, 'old keys go');
end
$$;

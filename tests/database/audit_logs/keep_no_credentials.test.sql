-- What looks like a credential in a registered call is not in the audit log, neither when it comes, changes nor goes.
create function test.definition(secret text) returns jsonb language sql as $$
  select jsonb_build_object(
    'method', 'POST',
    'url', format('https://ada:%s@example.org/orders?api_key=%s&page=2&access_token=%s#top', secret, secret, secret),
    'headers', jsonb_build_object(
      'Authorization', 'Bearer ' || secret, 'Cookie', 'session=' || secret, 'X-Api-Key', secret, 'x-auth-token', secret,
      'Proxy-Authorization', secret, 'x-client-secret', secret, 'X-Password', secret, 'key', secret,
      'content-type', 'application/json', 'x-monkey', 'banana'))
$$;

do $$
declare
  v_user uuid := test.user('author@example.org');
  v_workflow uuid := gen_random_uuid();
  v_row record;
begin
  insert into public.workflows (workflow_id, user_id, name, definition)
  values (v_workflow, v_user, 'Call', test.definition('first-5f4dcc3b'));
  update public.workflows set definition = test.definition('second-5f4dcc3b'), revision = 2 where workflow_id = v_workflow;
  update public.workflows set definition = jsonb_set(test.definition('third-5f4dcc3b'), '{method}', '"PUT"') where workflow_id = v_workflow;
  delete from public.workflows where workflow_id = v_workflow;
  perform test.equal(
    array(select operation from public.audit_logs where record_id = v_workflow order by position),
    '{create,update,update,delete}', 'every change is there');
  perform test.equal(
    (select count(*) from public.audit_logs where record_id = v_workflow and (new_data::text ~ '5f4dcc3b' or old_data::text ~ '5f4dcc3b')),
    0::bigint, 'and no secret');

  select new_data -> 'definition' as definition into strict v_row
  from public.audit_logs where record_id = v_workflow and operation = 'create';
  perform test.equal(
    v_row.definition ->> 'url',
    'https://[redacted]@example.org/orders?api_key=[redacted]&page=2&access_token=[redacted]#top', 'the address keeps what is harmless');
  perform test.equal(v_row.definition -> 'headers' ->> 'Authorization', '[redacted]', 'what there was is told');
  perform test.equal(v_row.definition -> 'headers' ->> 'content-type', 'application/json', 'harmless headers stay');
  perform test.equal(v_row.definition -> 'headers' ->> 'x-monkey', 'banana', 'whatever ends like one');

  select old_data, new_data into strict v_row
  from public.audit_logs where record_id = v_workflow and new_data -> 'revision' = '2';
  perform test.equal(v_row.new_data, '{"revision": 2}', 'only the secret changed: its row says no more');
  perform test.equal(
    (select definition #>> '{headers,Authorization}' from (select test.definition('x') as definition) as call), 'Bearer x', 'the call itself keeps it');
end
$$;

-- A private channel is heard by those who see the thing it is about, and nobody sends from a client.
create function test.hears(user_id uuid, topic text) returns boolean language plpgsql as $$
begin
  insert into realtime.messages (topic, extension, private) values (hears.topic, 'broadcast', true);
  perform set_config('realtime.topic', hears.topic, true);
  return jsonb_array_length(test.seen_by(user_id, format(
    'select 1 from realtime.messages where topic = %L and extension = ''broadcast''', topic))) > 0;
end
$$;

do $$
declare
  v_user uuid := test.user('listener@example.org');
  v_stranger uuid := test.user('stranger@example.org');
  v_organization uuid := test.organization(v_user, 'Acme');
  v_version public.function_model_versions := test.published(v_user, 'Heard', test.chain_plan(1));
  v_execution uuid := (test.start(v_user, v_version, 1) -> 'claims' -> 0 ->> 'executionId')::uuid;
  v_topic text;
begin
  foreach v_topic in array array[
    'function_model:' || v_version.model_id, 'execution:' || v_execution, 'organization:' || v_organization, 'user:' || v_user]
  loop
    perform test.holds(test.hears(v_user, v_topic), 'the owner hears ' || v_topic);
    perform test.holds(not test.hears(v_stranger, v_topic), 'a stranger does not hear ' || v_topic);
    perform test.refused(
      format('select test.run_as(%L, %L, %L)', 'authenticated', v_user, format(
        'insert into realtime.messages (topic, extension, payload, private) values (%L, ''broadcast'', ''{}'', true)', v_topic)),
      '42501', 'a client sends to ' || v_topic);
  end loop;
  foreach v_topic in array array['function_model:', 'function_model:x', 'execution', 'other:' || v_execution, ''] loop
    perform test.holds(not test.hears(v_user, v_topic), 'nobody hears ' || v_topic);
  end loop;
end
$$;

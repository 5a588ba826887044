-- A run of a later time is stored pending, due then for any worker; its deadline counts from its start.
do $$
declare
  v_user uuid := test.user('planner@example.org');
  v_version public.function_model_versions := test.published(v_user, 'Later', test.chain_plan(1));
  v_start timestamptz := now() + interval '1 hour';
  v_answer jsonb;
  v_id uuid;
  v_run public.workflow_executions;
begin
  v_answer := test.start(v_user, v_version, 4, jsonb_build_object('startAt', v_start, 'timeoutSeconds', 60));
  v_id := (v_answer -> 'executions' -> 0 ->> 'executionId')::uuid;
  perform test.equal(v_answer -> 'claims', '[]', 'not even the worker that asked gets it');
  select * into v_run from public.workflow_executions where execution_id = v_id;
  perform test.equal(v_run.status::text, 'pending', 'it is stored');
  perform test.equal(v_run.start_at, v_start, 'with its time');
  perform test.equal(v_run.deadline, v_start + interval '1 minute', 'from which the deadline counts');
  perform test.equal((select due_at from private.ready where execution_id = v_id), v_start, 'it is due then');
  perform test.equal(test.exchange('[]', 4) -> 'claims', '[]', 'nobody begins it before');
  perform test.holds(not private.work_is_due(), 'nor is a worker woken');

  update private.ready set due_at = now() where execution_id = v_id;
  v_answer := test.exchange('[]', 4);
  perform test.equal(v_answer -> 'claims' -> 0 ->> 'executionId', v_id::text, 'when its time has come it begins');

  v_answer := test.start(v_user, v_version, 4, jsonb_build_object('startAt', now() - interval '1 second', 'timeoutSeconds', 60));
  v_id := (v_answer -> 'executions' -> 0 ->> 'executionId')::uuid;
  perform test.equal(jsonb_array_length(v_answer -> 'claims'), 1, 'a time that has passed meanwhile is now');
  perform test.equal(
    (select deadline from public.workflow_executions where execution_id = v_id), now() + interval '1 minute', 'so its deadline');

  v_answer := test.start(v_user, v_version, 4, jsonb_build_object('startAt', v_start));
  v_id := (v_answer -> 'executions' -> 0 ->> 'executionId')::uuid;
  perform test.command('cancel_execution', v_user, jsonb_build_object('executionId', v_id));
  update private.ready set due_at = now() where execution_id = v_id;
  perform test.equal(test.exchange('[]', 4) -> 'claims', '[]', 'cancelled before its time it never begins');
  perform test.refused(
    format('select test.start(%L, version, 0, jsonb_build_object(''startAt'', now() + interval ''2 years'')) from public.function_model_versions as version', v_user),
    '42501', 'two years ahead');
end
$$;

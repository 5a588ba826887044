-- A time starts one run in the name of the schedule's owner; whoever is second does nothing.
do $$
declare
  v_owner uuid := test.user('owner@example.org');
  v_executor uuid := test.user('executor@example.org');
  v_version public.function_model_versions := test.published(v_owner, 'Scheduled', test.chain_plan(1), jsonb_build_object(
    'permissions', jsonb_build_object('owner', v_owner, 'executors', jsonb_build_array(v_executor))));
  v_id uuid := gen_random_uuid();
  v_time timestamptz := date_trunc('minute', now());
  v_wire jsonb := jsonb_build_object(
    'modelId', v_version.model_id, 'version', 'published', 'parameters', '{"order": 1}'::jsonb,
    'environment', 'production', 'priority', 'high', 'timeoutSeconds', 60, 'cronExpression', '* * * * *',
    'timeZone', 'UTC', 'overlapPolicy', 'cancelOther', 'catchupWindowSeconds', 60, 'status', 'active',
    'nextFireAt', v_time);
  v_event jsonb := jsonb_build_array(jsonb_build_object('eventType', 'ScheduleCreated', 'data',
    jsonb_build_object('scheduleId', v_id, 'modelId', v_version.model_id)));
  v_command jsonb;
  v_due jsonb;
  v_run uuid := gen_random_uuid();
  v_next uuid := gen_random_uuid();
begin
  perform test.command('save_schedule', v_executor, jsonb_build_object(
    'scheduleId', v_id, 'expectedRevision', 0, 'schedule', v_wire, 'events', v_event));
  perform test.holds(private.schedules_are_due(), 'its time has come');
  set local role service_role;
  v_due := public.claim_schedules(10);
  reset role;
  perform test.equal(jsonb_array_length(v_due), 1, 'one worker gets it');
  perform test.equal(v_due #>> '{0,schedule,userId}', v_executor::text, 'with its owner');
  perform test.equal(v_due #> '{0,schedule,parameters}', '{"order": 1}', 'and what runs start with');
  set local role service_role;
  perform test.equal(public.claim_schedules(10), '[]', 'nobody else');
  reset role;
  perform test.holds(not private.schedules_are_due(), 'and nobody is woken for it');

  v_command := jsonb_build_object(
    'scheduleId', v_id, 'revision', 1, 'scheduledFor', v_time, 'outcome', 'fired',
    'nextFireAt', v_time + interval '1 minute', 'execution', jsonb_build_object(
      'executionId', v_run, 'modelId', v_version.model_id, 'versionId', v_version.version_id, 'environment', 'production',
      'parameters', '{}'::jsonb, 'sessionId', 's', 'mode', 'async', 'priority', 'high', 'maxDepth', 10,
      'approvedActions', '[]'::jsonb));
  set local role service_role;
  perform test.equal(public.settle_schedule(v_command || '{"revision": 2}'), '{"settled": false}', 'another revision');
  perform test.equal(public.settle_schedule(v_command), '{"settled": true}', 'the first starts a run');
  perform test.equal(public.settle_schedule(v_command), '{"settled": false}', 'the second does not');
  reset role;
  perform test.equal(
    (select array_agg(run.execution_id) from public.workflow_executions as run where run.schedule_id = v_id),
    array[v_run], 'one run');
  perform test.equal(
    (select started_by from public.workflow_executions where execution_id = v_run), v_executor, 'in the owner''s name');
  perform test.equal(
    (select next_fire_at from public.schedules where schedule_id = v_id), v_time + interval '1 minute', 'it is moved on');
  perform test.equal(
    (select revision from public.schedules where schedule_id = v_id), 1, 'which is no change of it');
  perform test.equal(test.event_types(v_id), '{ScheduleCreated,ScheduleFired}', 'its events');

  -- The next time cancels what has not ended.
  v_command := v_command || jsonb_build_object(
    'scheduledFor', v_time + interval '1 minute', 'nextFireAt', v_time + interval '2 minutes', 'cancelOther', true,
    'execution', (v_command -> 'execution') || jsonb_build_object('executionId', v_next));
  set local role service_role;
  perform test.equal(public.settle_schedule(v_command), '{"settled": true}', 'the next time');
  reset role;
  perform test.equal(
    (select status::text from public.workflow_executions where execution_id = v_run), 'cancelled', 'the earlier run');
  perform test.equal(
    (select unfinished from public.schedules where schedule_id = v_id), array[v_next], 'what has not ended');

  -- Who may no longer run the model starts nothing.
  perform test.save(v_owner, v_version.model_id, jsonb_build_object('model', jsonb_build_object(
    'permissions', jsonb_build_object('owner', v_owner, 'viewers', jsonb_build_array(v_executor)))));
  v_command := v_command || jsonb_build_object(
    'scheduledFor', v_time + interval '2 minutes', 'nextFireAt', v_time + interval '3 minutes',
    'execution', (v_command -> 'execution') || jsonb_build_object('executionId', gen_random_uuid()));
  perform test.refused(format('select public.settle_schedule(%L)', v_command), '42501', 'an owner without the right');
  perform test.equal(
    (select next_fire_at from public.schedules where schedule_id = v_id), v_time + interval '2 minutes', 'nothing happened');
  v_command := (v_command - 'execution') || '{"outcome": "refused", "code": "FORBIDDEN", "message": "no"}';
  set local role service_role;
  perform test.equal(public.settle_schedule(v_command), '{"settled": true}', 'the refusal is recorded');
  reset role;
  perform test.equal(
    (select last_fire ->> 'code' from public.schedules where schedule_id = v_id), 'FORBIDDEN', 'in the schedule');
  perform test.equal((test.event_types(v_id))[4], 'ScheduleRefused', 'and in the log');
  perform test.equal(
    test.command_refusal('save_schedule', v_executor, jsonb_build_object(
      'scheduleId', v_id, 'expectedRevision', 1, 'schedule', v_wire, 'events', '[]'::jsonb)), '42501', 'nor changes it');
  perform test.command('save_schedule', v_owner, jsonb_build_object(
    'scheduleId', v_id, 'expectedRevision', 1, 'schedule', v_wire || '{"overlapPolicy": "skip"}', 'events', '[]'::jsonb));
  perform test.equal(
    (select user_id from public.schedules where schedule_id = v_id), v_owner, 'who changes it owns it');
  perform test.equal(
    test.command_refusal('save_schedule', v_owner, jsonb_build_object(
      'scheduleId', v_id, 'expectedRevision', 1, 'schedule', v_wire, 'events', '[]'::jsonb)), 'PT409', 'a stale revision');
  perform test.equal(
    (select count(*)::integer from public.audit_logs where record_id = v_id and table_name = 'schedules'), 2,
    'what was made and changed is audited, what the engine keeps is not');
end
$$;

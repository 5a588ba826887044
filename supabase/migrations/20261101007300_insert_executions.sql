-- Starting is judged as the user, by the policies of workflow_executions: for a
-- start over HTTP the actor, for a nested run whoever started the run above.

create function private.insert_executions(executions jsonb, parent public.workflow_executions, parent_step integer)
returns uuid[]
language plpgsql set search_path = ''
as $$
declare
  v_ids uuid[];
begin
  if exists (
    select
    from jsonb_array_elements(insert_executions.executions) as wanted
    where not exists (
      select from public.function_model_versions as version
      join private.plans as plan on plan.version_id = version.version_id
      where version.version_id = (wanted ->> 'versionId')::uuid
        and version.model_id = (wanted ->> 'modelId')::uuid))
  then
    raise exception using errcode = 'FM004', message = 'Not found';
  end if;

  with inserted as (
    insert into public.workflow_executions (
      execution_id, model_id, version_id, version_number, organization_id, environment, parameters, session_id,
      mode, priority, max_depth, approved_actions, start_at, deadline, parent_execution_id, parent_step,
      schedule_id, scheduled_for, depth, started_by, traceparent, recovery, total_steps, total_nodes, remaining_steps)
    select
      (wanted ->> 'executionId')::uuid, version.model_id, version.version_id, version.version_number,
      model.organization_id, coalesce(wanted ->> 'environment', 'production')::public.execution_environment,
      coalesce(nullif(wanted -> 'parameters', 'null'), '{}'),
      coalesce(wanted ->> 'sessionId', 'exec-session-' || (wanted ->> 'executionId')),
      coalesce(wanted ->> 'mode', 'async')::public.execution_mode,
      coalesce(wanted ->> 'priority', 'normal')::public.execution_priority,
      coalesce((wanted ->> 'maxDepth')::smallint, 10),
      coalesce((select array_agg(action::uuid)
                from jsonb_array_elements_text(nullif(wanted -> 'approvedActions', 'null')) as action), '{}'),
      (wanted ->> 'startAt')::timestamptz,
      greatest(now(), (wanted ->> 'startAt')::timestamptz)
        + (wanted ->> 'timeoutSeconds')::double precision * interval '1 second',
      parent.execution_id, insert_executions.parent_step,
      (wanted ->> 'scheduleId')::uuid, (wanted ->> 'scheduledFor')::timestamptz,
      coalesce(parent.depth + 1, 0), private.actor_id(),
      case when parent.execution_id is null then private.current_request() ->> 'traceparent' else parent.traceparent end,
      nullif(wanted -> 'recovery', 'null'),
      plan.total_steps, plan.total_nodes, plan.total_steps
    from jsonb_array_elements(insert_executions.executions) as wanted
    join public.function_model_versions as version on version.version_id = (wanted ->> 'versionId')::uuid
    join private.plans as plan on plan.version_id = version.version_id
    join public.function_models as model on model.model_id = version.model_id
    returning execution_id
  )
  select array_agg(inserted.execution_id order by inserted.execution_id) into v_ids from inserted;
  return v_ids;
exception when unique_violation then
  raise exception using errcode = 'FM005', message = 'The identifier is in use';
end
$$;

comment on function private.insert_executions(jsonb, public.workflow_executions, integer) is
  'Stores pending runs as the user whose claims are set; answers their ids in order.';

create function private.insert_nested_execution(
  parent public.workflow_executions, parent_step integer, child jsonb
) returns void
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
declare
  v_claims text := current_setting('request.jwt.claims', true);
begin
  perform set_config('request.jwt.claims',
    jsonb_build_object('sub', parent.started_by, 'role', 'authenticated')::text, true);
  perform private.insert_executions(jsonb_build_array(child), parent, insert_nested_execution.parent_step);
  perform set_config('request.jwt.claims', coalesce(v_claims, ''), true);
end
$$;

comment on function private.insert_nested_execution(public.workflow_executions, integer, jsonb) is
  'Stores the run of a nested model as the user who started the run above, whose rights may have been withdrawn since.';

revoke all on function private.insert_executions(jsonb, public.workflow_executions, integer) from public;
revoke all on function private.insert_nested_execution(public.workflow_executions, integer, jsonb) from public;
grant execute on function private.insert_executions(jsonb, public.workflow_executions, integer) to fm_writer;
grant execute on function private.insert_nested_execution(public.workflow_executions, integer, jsonb) to fm_engine;

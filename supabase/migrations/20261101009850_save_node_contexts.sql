-- Trees of contexts are changed one command at a time: the domain has decided on
-- the tree as it was read, and what it read is compared under a lock per tree.

create function private.lock_context_tree(model_id uuid, execution_id uuid) returns void
language sql set search_path = ''
as $$
  select pg_advisory_xact_lock(hashtextextended(
    'node_contexts ' || coalesce(lock_context_tree.execution_id, lock_context_tree.model_id)::text, 0))
$$;

comment on function private.lock_context_tree(uuid, uuid) is
  'Lets one command at a time change the contexts of a run, or of a model itself.';

create function private.append_context_events(model_id uuid, execution_id uuid, events jsonb, actor_id uuid) returns void
language plpgsql set role = 'fm_engine' set search_path = ''
as $$
declare
  v_execution public.workflow_executions;
  v_turn private.turn;
  v_event jsonb;
begin
  select execution.* into v_execution
  from public.workflow_executions as execution
  where execution.execution_id = append_context_events.execution_id and execution.completed_at is null
  for no key update;
  if not found then
    raise exception using errcode = 'FM007', message = 'Execution already finished';
  end if;
  v_turn := private.open_turn(null, 0, array[v_execution.execution_id]);
  for v_event in select event from jsonb_array_elements(append_context_events.events) as event loop
    v_turn := private.draft_event(
      v_turn, v_execution.execution_id, v_event ->> 'eventType', (v_event -> 'data') - 'executionId' - 'modelId', append_context_events.actor_id);
  end loop;
  perform private.close_turn(v_turn, broadcasts => false);
end
$$;

comment on function private.append_context_events(uuid, uuid, jsonb, uuid) is
  'Appends events about contexts to the stream of the run they belong to; FM007 when that has ended.';

create function public.save_node_contexts(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
declare
  v_replayed jsonb := private.begin_command(actor, request);
  v_model_id uuid := (command ->> 'modelId')::uuid;
  v_execution_id uuid := (command ->> 'executionId')::uuid;
  v_events jsonb := coalesce(command -> 'events', '[]');
  v_organization_id uuid;
begin
  if v_replayed is not null then
    return v_replayed;
  end if;
  perform private.lock_context_tree(v_model_id, v_execution_id);
  if v_execution_id is null then
    v_organization_id := private.organization_of_model(v_model_id);
    perform private.describe_change(v_model_id, v_organization_id, v_events);
  end if;
  -- What was read must still be there as it was.
  if (select count(*) from jsonb_array_elements(command -> 'expected') as wanted) <> (
    select count(*)
    from jsonb_array_elements(command -> 'expected') as wanted
    join public.node_contexts as stored
      on stored.context_id = (wanted ->> 'contextId')::uuid and stored.revision = (wanted ->> 'revision')::integer)
  then
    raise exception using errcode = 'PT409', message = 'Contexts changed meanwhile';
  end if;

  insert into public.node_contexts as stored (
    context_id, model_id, execution_id, node_id, node_type, parent_node_id, level, scope, data, inherited_data,
    inheritance, last_emergency)
  select
    (put ->> 'contextId')::uuid, v_model_id, v_execution_id, (put ->> 'nodeId')::uuid, put ->> 'nodeType',
    (put ->> 'parentNodeId')::uuid, (put ->> 'level')::smallint, put ->> 'scope', put -> 'data',
    put -> 'inheritedData', put -> 'inheritance', put -> 'lastEmergency'
  from jsonb_array_elements(command -> 'put') as put
  on conflict on constraint node_contexts_pkey do update
    set data = excluded.data, inherited_data = excluded.inherited_data, last_emergency = excluded.last_emergency,
        updated_at = now(), revision = stored.revision + 1;
  delete from public.node_contexts as gone
  where gone.model_id = v_model_id and gone.execution_id is not distinct from v_execution_id
    and gone.node_id in (select node::uuid from jsonb_array_elements_text(command -> 'remove') as node);

  if jsonb_array_length(v_events) > 0 then
    if v_execution_id is null then
      perform private.lock_stream_of_model(v_model_id);
      perform private.append_events('function-model', v_model_id, v_organization_id, v_events);
    else
      perform private.append_context_events(v_model_id, v_execution_id, v_events, private.actor_id());
    end if;
  end if;
  return '{}';
exception when unique_violation then
  raise exception using errcode = 'FM005', message = 'The node has a context already';
end
$$;

comment on function public.save_node_contexts(jsonb, jsonb, jsonb) is
  'Changes a tree of contexts {modelId, executionId?, expected: [{contextId, revision}], put, remove, events}; the actor may execute the model, or is the service.';

create function private.organization_of_model(model_id uuid) returns uuid
language sql stable security definer set search_path = ''
as $$
  select model.organization_id from public.function_models as model
  where model.model_id = organization_of_model.model_id
$$;

comment on function private.organization_of_model(uuid) is
  'Whose a model is, for its events. Definer: the service changes contexts of models that no policy shows it.';

create function public.read_node_contexts(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
begin
  perform set_config('request.jwt.claims', actor::text, true);
  return (
    select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
      'contextId', stored.context_id, 'modelId', stored.model_id, 'executionId', stored.execution_id,
      'nodeId', stored.node_id, 'nodeType', stored.node_type, 'parentNodeId', stored.parent_node_id,
      'level', stored.level, 'scope', stored.scope, 'lastEmergency', stored.last_emergency,
      'createdAt', private.wire_time(stored.created_at), 'updatedAt', private.wire_time(stored.updated_at),
      'revision', stored.revision))
      || jsonb_build_object(
        'data', stored.data, 'inheritedData', stored.inherited_data, 'inheritance', stored.inheritance)
      order by stored.level, stored.node_id), '[]')
    from public.node_contexts as stored
    where stored.model_id = (command ->> 'modelId')::uuid
      and stored.execution_id is not distinct from (command ->> 'executionId')::uuid);
end
$$;

comment on function public.read_node_contexts(jsonb, jsonb, jsonb) is
  'A tree of contexts {modelId, executionId?} as the actor sees it, roots first.';

revoke all on function private.lock_context_tree(uuid, uuid) from public;
revoke all on function private.append_context_events(uuid, uuid, jsonb, uuid) from public;
revoke all on function private.organization_of_model(uuid) from public;
revoke all on function public.save_node_contexts(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
revoke all on function public.read_node_contexts(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function private.lock_context_tree(uuid, uuid) to fm_writer;
grant execute on function private.append_context_events(uuid, uuid, jsonb, uuid) to fm_writer;
grant execute on function private.organization_of_model(uuid) to fm_writer;
grant execute on function public.save_node_contexts(jsonb, jsonb, jsonb) to service_role;
grant execute on function public.read_node_contexts(jsonb, jsonb, jsonb) to service_role;

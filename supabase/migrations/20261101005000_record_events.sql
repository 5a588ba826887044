create function public.record_events(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
declare
  v_replayed jsonb := private.begin_command(actor, request);
  v_aggregate_id uuid := (command ->> 'aggregateId')::uuid;
  v_organization_id uuid;
begin
  if v_replayed is not null then
    return v_replayed;
  end if;
  if command ->> 'aggregateType' <> 'function-model' then
    raise exception using errcode = '42501', message = 'Only events of models are recorded alone';
  end if;
  select model.organization_id into v_organization_id
  from public.function_models as model
  where model.model_id = v_aggregate_id;
  if not found then
    raise exception using errcode = 'FM004', message = 'Not found';
  end if;
  perform private.lock_stream_of_model(v_aggregate_id);
  perform private.append_events('function-model', v_aggregate_id, v_organization_id, command -> 'events');
  return '{}';
end
$$;

comment on function public.record_events(jsonb, jsonb, jsonb) is
  'Records facts that change nothing {aggregateType, aggregateId, events}, such as a validation; the actor must see the model.';

revoke all on function public.record_events(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.record_events(jsonb, jsonb, jsonb) to service_role;

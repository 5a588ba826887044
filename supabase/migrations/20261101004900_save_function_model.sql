-- One write, one transaction: the command carries the changed part of the
-- model, the revision it was read at, and the events.

create function public.save_function_model(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = '' set statement_timeout = '30s'
as $$
declare
  v_replayed jsonb := private.begin_command(actor, request);
begin
  return coalesce(v_replayed, jsonb_build_object('revision', private.apply_model_save(command)));
end
$$;

comment on function public.save_function_model(jsonb, jsonb, jsonb) is
  'Saves a model, the largest ones in up to 30 s, {modelId, expectedRevision (0 = create), model?, containers?, actions?, dependencies?, version?, events}. Answers {revision}. Refusals: PT409 stale, FM001 name, FM002 version, FM004 not found, FM005 id, FM006 order, FM090 owner unknown, 42501.';

revoke all on function public.save_function_model(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.save_function_model(jsonb, jsonb, jsonb) to service_role;

-- One write, one transaction: the command carries the changed part of the
-- model, the revision it was read at, and the events. The model's row is locked
-- first, so the events of one model are numbered in the order of its saves.

create function public.save_function_model(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
declare
  v_replayed jsonb := private.begin_command(actor, request);
  v_model_id uuid := (command ->> 'modelId')::uuid;
  v_expected integer := coalesce((command ->> 'expectedRevision')::integer, 0);
  v_model jsonb := coalesce(command -> 'model', '{}');
  v_organization_id uuid := (v_model ->> 'organizationId')::uuid;
  v_revision integer := 1;
  v_broken text;
begin
  if v_replayed is not null then
    return v_replayed;
  end if;
  if v_expected > 0 then
    v_organization_id := (private.lock_function_model(v_model_id, v_expected)).organization_id;
  end if;
  perform private.describe_change(v_model_id, v_organization_id, command -> 'events');

  begin
    if v_expected = 0 then
      perform private.insert_function_model(v_model_id, v_model);
    else
      v_revision := private.update_function_model(v_model_id, v_model);
    end if;
    if command ?| '{containers,actions,dependencies}' then
      perform private.change_structure(v_model_id, command);
    end if;
    if command ? 'version' and jsonb_typeof(command -> 'version') = 'object' then
      perform private.add_model_version(v_model_id, command -> 'version');
    end if;
  exception when unique_violation then
    get stacked diagnostics v_broken = constraint_name;
    perform private.raise_refusal(v_broken);
  end;

  perform private.append_events('function-model', v_model_id, v_organization_id, command -> 'events');
  return jsonb_build_object('revision', v_revision);
end
$$;

comment on function public.save_function_model(jsonb, jsonb, jsonb) is
  'Saves a model {modelId, expectedRevision (0 = create), model?, containers?, actions?, dependencies?, version?, events}. Answers {revision}. Refusals: PT409 stale, FM001 name, FM002 version, FM004 not found, FM005 id, FM006 order, 42501.';

revoke all on function public.save_function_model(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.save_function_model(jsonb, jsonb, jsonb) to service_role;

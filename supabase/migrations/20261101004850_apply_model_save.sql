-- What one save of a model does, whether it travels alone or with others. The
-- model's row is locked first, so the events of one model are numbered in the
-- order of its saves.

create function private.apply_model_save(command jsonb) returns integer
language plpgsql set search_path = ''
as $$
declare
  v_model_id uuid := (command ->> 'modelId')::uuid;
  v_expected integer := coalesce((command ->> 'expectedRevision')::integer, 0);
  v_model jsonb := coalesce(command -> 'model', '{}');
  v_organization_id uuid := (v_model ->> 'organizationId')::uuid;
  v_revision integer := 1;
  v_created jsonb;
  v_version jsonb := command -> 'version';
  v_broken text;
begin
  if v_expected > 0 then
    v_organization_id := (private.lock_function_model(v_model_id, v_expected)).organization_id;
  end if;
  perform private.describe_change(v_model_id, v_organization_id, command -> 'events');

  begin
    if v_expected = 0 then
      perform private.insert_function_model(v_model_id, v_model);
      if command -> 'events' -> 0 ->> 'eventType' = 'FunctionModelCreated' then
        v_created := command -> 'events' -> 0 -> 'data';
      end if;
    else
      v_revision := private.update_function_model(v_model_id, v_model);
    end if;
    if command ?| '{containers,actions,dependencies}' then
      perform private.change_structure(v_model_id, command);
    elsif v_created ?| '{nodes,actionNodes}' then
      perform private.insert_structure(
        v_model_id, coalesce(v_created -> 'nodes', '[]'), coalesce(v_created -> 'actionNodes', '[]'));
    end if;
    if jsonb_typeof(v_version) = 'object' then
      perform private.add_model_version(v_model_id, v_version, case
        when v_created is null or v_version ? 'versionData' then v_version -> 'versionData'
        else private.snapshot_of_creation(v_created) end);
    end if;
  exception
    when unique_violation then
      get stacked diagnostics v_broken = constraint_name;
      perform private.raise_refusal(v_broken);
    when foreign_key_violation then
      get stacked diagnostics v_broken = constraint_name;
      if v_broken = 'function_models_user_id_fkey' then
        raise exception using errcode = 'FM090', message = 'No such user';
      end if;
      raise;
  end;

  perform private.append_events('function-model', v_model_id, v_organization_id, command -> 'events');
  if command ? 'removedLinks' then
    perform private.remove_node_links(command -> 'removedLinks');
  end if;
  return v_revision;
end
$$;

comment on function private.apply_model_save(jsonb) is
  'Saves a model {modelId, expectedRevision (0 = create), model?, containers?, actions?, dependencies?, version?, events, removedLinks?} and answers its revision.';

revoke all on function private.apply_model_save(jsonb) from public;
grant execute on function private.apply_model_save(jsonb) to fm_writer;

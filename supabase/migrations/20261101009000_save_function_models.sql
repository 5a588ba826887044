-- Some changes take other models along: archiving and deleting may reach drafts
-- that nest the model, a restore may bring others back. They happen together or
-- not at all.

create function public.save_function_models(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
declare
  v_replayed jsonb := private.begin_command(actor, request);
  v_save jsonb;
  v_revisions integer[] := '{}';
begin
  if v_replayed is not null then
    return v_replayed;
  end if;
  for v_save in select save from jsonb_array_elements(command -> 'models') as save loop
    v_revisions := v_revisions || private.apply_model_save(v_save);
  end loop;
  return jsonb_build_object('revisions', to_jsonb(v_revisions));
end
$$;

comment on function public.save_function_models(jsonb, jsonb, jsonb) is
  'Saves several models {models: [as save_function_model takes it, with removedLinks? [{linkId, events}]]} in one transaction, in the order given. Answers {revisions}. Refusals: those of save_function_model.';

revoke all on function public.save_function_models(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.save_function_models(jsonb, jsonb, jsonb) to service_role;

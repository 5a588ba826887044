-- A row lock is judged by the policies for updating. Who may only view a model is
-- told so (42501); to everybody else the model does not exist (FM004).

create function private.lock_function_model(model_id uuid, expected_revision integer) returns public.function_models
language plpgsql set search_path = ''
as $$
declare
  v_model public.function_models;
begin
  select * into v_model
  from public.function_models as model
  where model.model_id = lock_function_model.model_id
  for no key update;
  if not found then
    if exists (select from public.function_models as model where model.model_id = lock_function_model.model_id) then
      raise exception using errcode = '42501', message = 'Not allowed to change this model';
    end if;
    raise exception using errcode = 'FM004', message = 'Not found';
  end if;
  if v_model.revision <> lock_function_model.expected_revision then
    raise exception using
      errcode = 'PT409', message = 'Revision conflict', detail = v_model.revision::text;
  end if;
  return v_model;
end
$$;

comment on function private.lock_function_model(uuid, integer) is
  'Locks the model for this command if the actor may change it and it has the expected revision.';

revoke all on function private.lock_function_model(uuid, integer) from public;
grant execute on function private.lock_function_model(uuid, integer) to fm_writer;

create function private.lock_stream_of_model(model_id uuid) returns void
language sql security definer set search_path = ''
as $$
  select from public.function_models as model
  where model.model_id = lock_stream_of_model.model_id
  for no key update
$$;

comment on function private.lock_stream_of_model(uuid) is
  'Locks a model that is not changed itself, to append to its stream. Definer: recording a validation needs no right to change the model.';

revoke all on function private.lock_stream_of_model(uuid) from public;
grant execute on function private.lock_stream_of_model(uuid) to fm_writer;

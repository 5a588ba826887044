create function private.tg_function_models__judge_acts() returns trigger
language plpgsql set search_path = ''
as $$
declare
  v_acts text[] := private.acts_on_model(old.permissions, old.organization_id);
  v_restoring boolean := old.deleted_at is not null and new.deleted_at is null;
  v_refused text;
begin
  if v_restoring and not 'restore' = any (v_acts) then
    v_refused := 'restore';
  elsif old.deleted_at is null and new.deleted_at is not null and not 'delete' = any (v_acts) then
    v_refused := 'delete';
  elsif old.status <> 'published' and new.status = 'published' and not 'publish' = any (v_acts) then
    v_refused := 'publish';
  elsif old.status <> 'archived' and new.status = 'archived' and not 'archive' = any (v_acts) then
    v_refused := 'archive';
  elsif old.status = 'published' and new.status = 'draft' and not 'edit' = any (v_acts) then
    v_refused := 'edit';
  elsif old.user_id <> new.user_id and not 'hand over' = any (v_acts) then
    v_refused := 'hand over';
  elsif old.permissions <> new.permissions and not 'change permissions' = any (v_acts) then
    v_refused := 'change permissions';
  elsif not v_restoring
    and (old.name, old.description, old.metadata, old.ai_agent_config)
      is distinct from (new.name, new.description, new.metadata, new.ai_agent_config)
    and not 'edit' = any (v_acts) then
    v_refused := 'edit';
  end if;

  if v_refused is not null then
    raise exception using
      errcode = '42501', message = 'Not allowed to change this model', detail = v_refused;
  end if;
  return new;
end
$$;

comment on function private.tg_function_models__judge_acts() is
  'Refuses a change of columns that belong to an act the actor may not do.';

revoke all on function private.tg_function_models__judge_acts() from public;

create trigger _050_judge_acts before update on public.function_models
  for each row when (current_user = 'fm_writer')
  execute function private.tg_function_models__judge_acts();

-- Publishing moves nodes to `active`, so publishers may update node rows; but
-- only their status. Policies cannot compare old with new, hence this trigger,
-- which looks at a whole statement at once; rows find each other as they do for
-- the audit log.

create function private.tg_nodes__judge_publishers() returns trigger
language plpgsql set search_path = '' set enable_nestloop = 'off' set jit = 'off'
as $$
declare
  v_model_id uuid;
  v_row text := tg_argv[0];
begin
  for v_model_id in select distinct changed.model_id from new_rows as changed loop
    continue when exists (
      select from public.function_models as model
      where model.model_id = v_model_id
        and 'edit' = any (private.acts_on_model(model.permissions, model.organization_id)));
    if exists (
      select
      from (select to_jsonb(old_row) as content from old_rows as old_row where old_row.model_id = v_model_id offset 0) as before
      join (select to_jsonb(new_row) as content from new_rows as new_row where new_row.model_id = v_model_id offset 0) as after
        on after.content ->> v_row = before.content ->> v_row
      where after.content - '{status,updated_at}'::text[] <> before.content - '{status,updated_at}'::text[])
    then
      raise exception using
        errcode = '42501', message = 'Not allowed to change this model', detail = 'edit';
    end if;
  end loop;
  return null;
end
$$;

comment on function private.tg_nodes__judge_publishers() is
  'Refuses an update of nodes beyond their status by somebody who may publish the model but not edit it.';

revoke all on function private.tg_nodes__judge_publishers() from public;

create function public.save_workflow(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
declare
  v_replayed jsonb := private.begin_command(actor, request);
  v_workflow_id uuid := (command ->> 'workflowId')::uuid;
  v_expected integer := coalesce((command ->> 'expectedRevision')::integer, 0);
  v_revision integer;
begin
  if v_replayed is not null then
    return v_replayed;
  end if;

  if v_expected = 0 then
    begin
      insert into public.workflows (workflow_id, organization_id, user_id, name, definition)
      values (v_workflow_id, (command ->> 'organizationId')::uuid, private.actor_id(),
              command ->> 'name', command -> 'definition');
    exception when unique_violation then
      raise exception using errcode = 'FM005', message = 'The identifier is in use';
    end;
    return jsonb_build_object('revision', 1);
  end if;

  select workflow.revision into v_revision
  from public.workflows as workflow where workflow.workflow_id = v_workflow_id
  for no key update;
  if not found then
    if exists (select from public.workflows as workflow where workflow.workflow_id = v_workflow_id) then
      raise exception using errcode = '42501', message = 'Not allowed to change this workflow';
    end if;
    raise exception using errcode = 'FM004', message = 'Not found';
  end if;
  if v_revision <> v_expected then
    raise exception using errcode = 'PT409', message = 'Revision conflict', detail = v_revision::text;
  end if;

  if (command ->> 'remove')::boolean then
    delete from public.workflows as workflow where workflow.workflow_id = v_workflow_id;
  else
    update public.workflows as workflow
    set name = coalesce(command ->> 'name', workflow.name),
        definition = coalesce(nullif(command -> 'definition', 'null'), workflow.definition),
        revision = v_revision + 1,
        updated_at = now()
    where workflow.workflow_id = v_workflow_id;
  end if;
  return jsonb_build_object('revision', v_revision + 1);
end
$$;

comment on function public.save_workflow(jsonb, jsonb, jsonb) is
  'Registers, changes or removes a workflow {workflowId, expectedRevision (0 = create), organizationId?, remove?, name?, definition?}. Answers {revision}.';

revoke all on function public.save_workflow(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.save_workflow(jsonb, jsonb, jsonb) to service_role;

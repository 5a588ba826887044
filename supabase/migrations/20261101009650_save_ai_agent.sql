create function public.save_ai_agent(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
declare
  v_replayed jsonb := private.begin_command(actor, request);
  v_agent_id uuid := (command ->> 'agentId')::uuid;
  v_expected integer := coalesce((command ->> 'expectedRevision')::integer, 0);
  v_new jsonb := command -> 'agent';
  v_agent public.ai_agents;
  v_constraint text;
begin
  if v_replayed is not null then
    return v_replayed;
  end if;
  perform private.describe_change(null, (v_new ->> 'organizationId')::uuid, command -> 'events');

  begin
    if v_expected = 0 then
      insert into public.ai_agents (
        agent_id, feature_type, entity_id, node_id, name, description, instructions, tools, capabilities,
        is_enabled, organization_id, created_by)
      values (
        v_agent_id, v_new ->> 'featureType', (v_new ->> 'entityId')::uuid, (v_new ->> 'nodeId')::uuid,
        v_new ->> 'name', v_new ->> 'description', v_new ->> 'instructions', v_new -> 'tools',
        v_new -> 'capabilities', (v_new ->> 'isEnabled')::boolean, (v_new ->> 'organizationId')::uuid,
        private.actor_id());
    else
      select * into v_agent from public.ai_agents as agent where agent.agent_id = v_agent_id for no key update;
      if not found then
        if exists (select from public.ai_agents as agent where agent.agent_id = v_agent_id) then
          raise exception using errcode = '42501', message = 'Not allowed to change this agent';
        end if;
        raise exception using errcode = 'FM004', message = 'Not found';
      end if;
      if v_agent.revision <> v_expected then
        raise exception using errcode = 'PT409', message = 'Revision conflict', detail = v_agent.revision::text;
      end if;
      perform private.describe_change(null, v_agent.organization_id, command -> 'events');
      if (command ->> 'remove')::boolean then
        perform private.append_events('ai-agent', v_agent_id, v_agent.organization_id, command -> 'events');
        if private.running_agent_tasks(v_agent_id) > 0 then
          raise exception using errcode = 'FM008', message = 'A task is running';
        end if;
        delete from public.ai_agents as agent where agent.agent_id = v_agent_id;
        return jsonb_build_object('revision', v_expected + 1);
      end if;
      update public.ai_agents as agent
      set node_id = (v_new ->> 'nodeId')::uuid,
          name = v_new ->> 'name',
          description = v_new ->> 'description',
          instructions = v_new ->> 'instructions',
          tools = v_new -> 'tools',
          capabilities = v_new -> 'capabilities',
          is_enabled = (v_new ->> 'isEnabled')::boolean,
          revision = v_expected + 1,
          updated_at = now()
      where agent.agent_id = v_agent_id;
    end if;
  exception when unique_violation then
    get stacked diagnostics v_constraint = constraint_name;
    if v_constraint = 'agent_name_is_free_in_entity' then
      raise exception using errcode = 'FM001', message = 'Agent name taken';
    end if;
    perform private.raise_refusal(v_constraint);
  end;
  perform private.append_events('ai-agent', v_agent_id,
    coalesce(v_agent.organization_id, (v_new ->> 'organizationId')::uuid), command -> 'events');
  return jsonb_build_object('revision', v_expected + 1);
end
$$;

comment on function public.save_ai_agent(jsonb, jsonb, jsonb) is
  'Registers, changes or removes an agent {agentId, expectedRevision (0 = create), agent, remove?, events}. Answers {revision}; FM001 name taken, FM008 a task is running.';

revoke all on function public.save_ai_agent(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.save_ai_agent(jsonb, jsonb, jsonb) to service_role;

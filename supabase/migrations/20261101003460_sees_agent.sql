-- The event log asks these before the tables of agents exist: their bodies are
-- bound late. They run with the asker's rights, so the tables' own policies decide.

create function private.sees_agent(agent_id uuid) returns boolean
language plpgsql stable set search_path = ''
as $$
begin
  return exists (select from public.ai_agents as agent where agent.agent_id = sees_agent.agent_id);
end
$$;

comment on function private.sees_agent(uuid) is 'Whether the asker may see an agent.';

revoke all on function private.sees_agent(uuid) from public;
grant execute on function private.sees_agent(uuid) to authenticated;

create function private.sees_coordination(coordination_id uuid) returns boolean
language plpgsql stable set search_path = ''
as $$
begin
  return exists (
    select from public.agent_coordinations as coordination
    where coordination.coordination_id = sees_coordination.coordination_id);
end
$$;

comment on function private.sees_coordination(uuid) is 'Whether the asker may see a coordination of agents.';

revoke all on function private.sees_coordination(uuid) from public;
grant execute on function private.sees_coordination(uuid) to authenticated;

-- Agents are seen, configured and removed by whoever may do so with the entity they serve.
create function test.agent(user_id uuid, name text, model_id uuid, fields jsonb default '{}') returns uuid
language plpgsql as $$
declare
  v_agent_id uuid := gen_random_uuid();
begin
  perform test.command('save_ai_agent', user_id, jsonb_build_object(
    'agentId', v_agent_id, 'expectedRevision', 0, 'agent', jsonb_build_object(
      'featureType', 'function-model', 'entityId', model_id, 'name', name, 'instructions', 'Work.',
      'tools', '{"availableTools": ["search"]}'::jsonb,
      'capabilities', '{"canExecute": true, "maxConcurrentTasks": 2, "supportedDataTypes": ["json"]}'::jsonb,
      'isEnabled', true) || fields,
    'events', test.event('AIAgentConfigured')));
  return v_agent_id;
end
$$;

do $$
declare
  v_owner uuid := test.user('owner@example.org');
  v_viewer uuid := test.user('viewer@example.org');
  v_stranger uuid := test.user('stranger@example.org');
  v_model uuid := test.model(v_owner, 'Served model', jsonb_build_object(
    'permissions', jsonb_build_object('owner', v_owner, 'viewers', jsonb_build_array(v_viewer))));
  v_agent uuid := test.agent(v_owner, 'Clerk', v_model);
  v_save jsonb := jsonb_build_object('agentId', v_agent, 'expectedRevision', 1, 'events', '[]'::jsonb, 'agent',
    '{"name": "Clerk", "instructions": "Work.", "tools": {}, "capabilities": {}, "isEnabled": false}'::jsonb);
begin
  perform test.equal(jsonb_array_length(test.seen_by(v_owner, 'select agent_id from ai_agents')), 1, 'the owner sees it');
  perform test.equal(jsonb_array_length(test.seen_by(v_viewer, 'select agent_id from ai_agents')), 1, 'a viewer sees it');
  perform test.equal(jsonb_array_length(test.seen_by(v_stranger, 'select agent_id from ai_agents')), 0, 'a stranger does not');
  perform test.equal(
    jsonb_array_length(test.seen_by(v_viewer, 'select event_id from domain_events where aggregate_type = ''ai-agent''')), 1,
    'its events are seen with it');
  perform test.equal(
    jsonb_array_length(test.seen_by(v_stranger, 'select event_id from domain_events where aggregate_type = ''ai-agent''')), 0,
    'and hidden with it');

  perform test.equal(test.command_refusal('save_ai_agent', v_viewer, v_save), '42501', 'a viewer changes it');
  perform test.equal(test.command_refusal('save_ai_agent', v_stranger, v_save), 'FM004', 'a stranger changes it');
  perform test.refused(format('select test.agent(%L, ''Mole'', %L)', v_viewer, v_model), '42501', 'a viewer registers');
  perform test.refused(format('select test.agent(%L, ''Mole'', %L)', v_stranger, v_model), '42501', 'a stranger registers');
  perform test.refused(format('select test.agent(%L, ''Clerk'', %L)', v_owner, v_model), 'FM001', 'the name is taken');

  perform test.equal(test.command('save_ai_agent', v_owner, v_save), '{"revision": 2}', 'the owner disables it');
  perform test.equal(test.command_refusal('save_ai_agent', v_owner, v_save), 'PT409', 'a stale change');
  perform test.agent(v_owner, 'Clerk', v_model);
  perform test.equal(
    test.command_refusal('save_ai_agent', v_owner, v_save || '{"expectedRevision": 2}'
      || jsonb_build_object('agent', v_save -> 'agent' || '{"isEnabled": true}')), 'FM001', 'enabled, the name would be there twice');

  perform test.command('save_ai_agent', v_owner, jsonb_build_object(
    'agentId', v_agent, 'expectedRevision', 2, 'remove', true, 'events', '[]'::jsonb));
  perform test.equal(
    (select array_agg(operation order by audit_id) from public.audit_logs
     where record_id = v_agent and table_name = 'ai_agents'),
    '{create,update,delete}', 'the audit of it');
end
$$;

do $$
declare
  v_maker uuid := test.user('maker@example.org');
  v_admin uuid := test.user('admin@example.org');
  v_member uuid := test.user('member@example.org');
  v_organization uuid := test.organization(v_admin, 'Acme');
  v_entity uuid := gen_random_uuid();
  v_agent uuid;
  v_save jsonb;
begin
  perform test.join_organization(v_organization, v_maker, 'member');
  perform test.join_organization(v_organization, v_member, 'member');
  v_agent := test.agent(v_maker, 'Storm', v_entity, jsonb_build_object(
    'featureType', 'event-storm', 'organizationId', v_organization));
  v_save := jsonb_build_object('agentId', v_agent, 'expectedRevision', 1, 'events', '[]'::jsonb, 'agent',
    '{"name": "Storm", "instructions": "Work.", "tools": {}, "capabilities": {}, "isEnabled": true}'::jsonb);
  perform test.equal(jsonb_array_length(test.seen_by(v_member, 'select agent_id from ai_agents')), 1, 'members see it');
  perform test.equal(test.command_refusal('save_ai_agent', v_member, v_save), '42501', 'a member does not change it');
  perform test.equal(test.command('save_ai_agent', v_admin, v_save), '{"revision": 2}', 'an admin does');
  perform test.refused(format('select test.agent(%L, ''Spy'', %L, %L)', test.user('spy@example.org'), v_entity,
    jsonb_build_object('featureType', 'event-storm', 'organizationId', v_organization)), '42501', 'a stranger joins in');
end
$$;

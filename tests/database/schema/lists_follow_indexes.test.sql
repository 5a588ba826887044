-- What the use cases list or look up is found by an index in filled tables: no scan of all rows, as a user or as a command.
create function test.plan_of(role_name text, user_id uuid, query text) returns text language plpgsql as $$
declare
  v_plan json;
begin
  perform set_config('request.jwt.claims', test.actor(user_id)::text, true);
  execute format('set local role %I', role_name);
  execute 'explain (format json) ' || query into v_plan;
  reset role;
  return v_plan::text;
end
$$;

do $$
declare
  v_owner uuid := test.user('owner@example.org');
  v_organization uuid := test.organization(v_owner, 'Acme');
  v_other uuid := test.user('other@example.org');
  v_model uuid := test.model(v_owner, 'Filled');
  v_asked record;
  v_plan text;
  v_tried integer := 0;
begin
  insert into public.workflows (workflow_id, user_id, name, definition)
  select gen_random_uuid(), v_other, 'Workflow ' || number, '{}' from generate_series(1, 20000) as number;
  insert into public.knowledge_contents (content_id, user_id, title, body)
  select gen_random_uuid(), v_other, 'Title ' || number, 'body' from generate_series(1, 20000) as number;
  insert into public.secrets (secret_id, user_id, name, hosts, key_id)
  select gen_random_uuid(), v_other, 'key-' || number, '{a.example}', 'k1' from generate_series(1, 20000) as number;
  insert into public.organizations (organization_id, name, created_by)
  select gen_random_uuid(), 'Organization ' || number, v_other from generate_series(1, 20000) as number;
  insert into public.node_links (link_id, source_feature, target_feature, source_entity_id, target_entity_id, link_type, created_by)
  select gen_random_uuid(), 'spindle', 'spindle', gen_random_uuid(), gen_random_uuid(), 'references', v_other
  from generate_series(1, 20000);
  insert into public.ai_agents (agent_id, feature_type, entity_id, name, instructions, created_by)
  select gen_random_uuid(), 'spindle', gen_random_uuid(), 'Agent ' || number, 'Do it.', v_other
  from generate_series(1, 20000) as number;
  analyze public.workflows, public.knowledge_contents, public.secrets, public.organizations, public.node_links,
    public.ai_agents, public.audit_logs, public.domain_events;

  for v_asked in
    select * from (values
      ('authenticated', 'workflows', format('select * from public.workflows where workflow_id = %L', v_model)),
      ('authenticated', 'workflows', format('select * from public.workflows where organization_id = %L order by created_at desc, workflow_id desc limit 21', v_organization)),
      ('authenticated', 'knowledge_contents', format('select * from public.knowledge_contents where content_id = %L', v_model)),
      ('authenticated', 'knowledge_contents', format('select * from public.knowledge_contents where organization_id = %L order by created_at desc limit 21', v_organization)),
      ('authenticated', 'knowledge_contents', 'select * from public.knowledge_contents where search @@ websearch_to_tsquery(''pg_catalog.simple'', ''nothing'') limit 21'),
      ('authenticated', 'secrets', format('select * from public.secrets where secret_id = %L', v_model)),
      ('authenticated', 'secrets', format('select * from public.secrets where organization_id = %L order by created_at desc limit 21', v_organization)),
      ('fm_writer', 'secrets', format('select * from public.secrets where organization_id = %L and name = any (''{a,b}'')', v_organization)),
      ('fm_writer', 'secrets', 'select * from public.secrets where key_id <> ''k1'' and secret_id > ''00000000-0000-0000-0000-000000000000'' order by secret_id limit 100'),
      ('authenticated', 'organizations', format('select * from public.organizations where organization_id = %L', v_organization)),
      ('authenticated', 'node_links', format('select * from public.node_links where link_id = %L', v_model)),
      ('authenticated', 'node_links', format('select * from public.node_links where source_entity_id = %L limit 21', v_model)),
      ('authenticated', 'node_links', format('select * from public.node_links where target_entity_id = %L limit 21', v_model)),
      ('authenticated', 'ai_agents', format('select * from public.ai_agents where agent_id = %L', v_model)),
      ('authenticated', 'ai_agents', format('select * from public.ai_agents where entity_id = %L limit 21', v_model)),
      ('authenticated', 'ai_agents', 'select * from public.ai_agents where feature_type = ''knowledge-base'' order by created_at desc limit 21'),
      ('authenticated', 'function_model_versions', format('select * from public.function_model_versions where model_id = %L', v_model)),
      ('authenticated', 'domain_events', format('select * from public.domain_events where aggregate_id = %L order by aggregate_version limit 21', v_model))
    ) as asked (role_name, table_name, query)
  loop
    v_plan := test.plan_of(v_asked.role_name, v_owner, v_asked.query);
    perform test.holds(
      v_plan !~ ('"Seq Scan", [^}]*"Relation Name": "' || v_asked.table_name || '"'),
      'no scan of all rows for ' || v_asked.query || e'\n' || v_plan);
    v_tried := v_tried + 1;
  end loop;
  perform test.equal(v_tried, 18, 'questions that were explained');

  -- A scan would be seen.
  set local enable_indexscan = off;
  set local enable_bitmapscan = off;
  set local enable_indexonlyscan = off;
  v_plan := test.plan_of('authenticated', v_owner, format('select * from public.workflows where organization_id = %L', v_organization));
  perform test.holds(v_plan ~ '"Seq Scan", [^}]*"Relation Name": "workflows"', 'a scan of all rows is noticed: ' || v_plan);
end
$$;

-- What the use cases list or look up is found by an index in filled tables: no scan of all rows, as a user or as a command.
create temporary table questions (role_name text, table_name text, query text);
grant select on questions to public;

create function test.ask(role_name text, table_name text, rest text) returns void language sql as $$
  insert into questions values (role_name, table_name, format('select * from %s %s', table_name, rest))
$$;

do $$
declare
  v_owner uuid := test.user('owner@example.org');
  v_organization uuid := test.organization(v_owner, 'Acme');
  v_others uuid[] := array(select test.user(format('other-%s@example.org', number)) from generate_series(1, 200) as number);
  v_model uuid := test.model(v_owner, 'Filled');
  v_models uuid[] := array(select gen_random_uuid() from generate_series(1, 4000));
  v_of_organization text := format('where organization_id = %L', v_organization);
  v_asked record;
  v_plan jsonb;
  v_slow text[] := '{}';
begin
  -- Triggers write audit rows and messages of their own; here only the plans count.
  set local session_replication_role = replica;
  insert into public.function_models (model_id, name, permissions, user_id)
  select v_models[number], 'Model ' || number, jsonb_build_object('owner', v_others[number % 200 + 1]), v_others[number % 200 + 1]
  from generate_series(1, 4000) as number;
  insert into public.function_model_versions (version_id, model_id, version_number, version_data, author_id)
  select gen_random_uuid(), v_models[number % 4000 + 1], number || '.0.0', '{}', v_others[1] from generate_series(1, 20000) as number;
  insert into public.container_nodes (model_id, node_id, node_type, name, position_x, position_y)
  select v_models[number % 4000 + 1], gen_random_uuid(), 'stageNode', 'Stage ' || number, 0, 0 from generate_series(1, 20000) as number;
  insert into public.workflows (workflow_id, user_id, name, definition)
  select gen_random_uuid(), v_others[number % 200 + 1], 'Workflow ' || number, '{}' from generate_series(1, 20000) as number;
  insert into public.knowledge_contents (content_id, user_id, title, body)
  select gen_random_uuid(), v_others[number % 200 + 1], 'Title ' || number, 'body' from generate_series(1, 20000) as number;
  insert into public.schedules (schedule_id, model_id, user_id, version, cron_expression, time_zone, next_fire_at)
  select gen_random_uuid(), v_models[number % 4000 + 1], v_others[number % 200 + 1], 'published', '* * * * *', 'UTC', now() + number * interval '1 minute'
  from generate_series(1, 20000) as number;
  insert into public.secrets (secret_id, user_id, name, hosts, key_id)
  select gen_random_uuid(), v_others[number % 200 + 1], 'key-' || number, '{a.example}', 'k1' from generate_series(1, 20000) as number;
  insert into public.organizations (organization_id, name, created_by)
  select gen_random_uuid(), 'Organization ' || number, v_others[number % 200 + 1] from generate_series(1, 20000) as number;
  insert into public.organization_members (organization_id, user_id, role)
  select organization_id, created_by, 'owner' from public.organizations where created_by <> v_owner;
  insert into public.organization_invitations (
    invitation_id, organization_id, email, role, token_hash, invited_by, created_at, expires_at)
  select gen_random_uuid(), organization_id, 'a@example.org', 'viewer', organization_id, created_by, now(), now() + interval '7 days'
  from public.organizations where created_by <> v_owner;
  insert into public.node_links (link_id, source_feature, target_feature, source_entity_id, target_entity_id, link_type, created_by)
  select gen_random_uuid(), 'spindle', 'spindle', gen_random_uuid(), gen_random_uuid(), 'references', v_others[number % 200 + 1]
  from generate_series(1, 20000) as number;
  insert into public.ai_agents (agent_id, feature_type, entity_id, name, instructions, created_by)
  select gen_random_uuid(), 'spindle', gen_random_uuid(), 'Agent ' || number, 'Do it.', v_others[number % 200 + 1]
  from generate_series(1, 20000) as number;
  insert into public.agent_tasks (task_id, agent_id, tenant_id, requested_by, task_type, task, timeout_ms, status, created_at, completed_at)
  select gen_random_uuid(), agent_id, created_by, created_by, 'analysis', 'Look.', 1000, 'completed', now(), now()
  from public.ai_agents;
  insert into public.node_metadata (feature_type, entity_id, node_id, node_type, semantic_tags, search_keywords, created_by)
  select 'spindle', gen_random_uuid(), gen_random_uuid(), 'step', array['tag-' || number], array['word-' || number], v_others[number % 200 + 1]
  from generate_series(1, 20000) as number;
  insert into public.workflow_executions (
    execution_id, model_id, version_id, version_number, session_id, started_by, total_steps, total_nodes, remaining_steps)
  select gen_random_uuid(), v_models[number % 4000 + 1], gen_random_uuid(), '1.0.0', 'a', v_others[1], 1, 1, 1
  from generate_series(1, 20000) as number;
  insert into public.action_runs (execution_id, step, status) select execution_id, 0, 'pending' from public.workflow_executions;
  insert into public.execution_logs (execution_id, level, message) select execution_id, 'info', 'a' from public.workflow_executions;
  insert into public.node_contexts (context_id, model_id, execution_id, node_id, node_type, level, scope, data)
  select gen_random_uuid(), model_id, execution_id, gen_random_uuid(), 'stageNode', 0, 'execution', '{}' from public.workflow_executions;
  insert into public.domain_events (aggregate_type, aggregate_id, aggregate_version, event_type, data)
  select 'function-model', gen_random_uuid(), 1, 'FunctionModelUpdated', '{}' from generate_series(1, 20000);
  insert into public.execution_events (aggregate_id, aggregate_version, event_type, facts)
  select execution_id, 1, 'WorkflowExecutionStarted', '[]' from public.workflow_executions;
  insert into public.audit_logs (table_name, operation, record_id, new_data, changed_by)
  select 'workflows', 'create', gen_random_uuid(), '{}', v_others[1] from generate_series(1, 20000);
  insert into private.idempotency_keys (user_id, key, path, body_hash, answer)
  select v_others[number % 200 + 1], number::text, '/a', 'a', '{}' from generate_series(1, 20000) as number;
  set local session_replication_role = origin;
  -- Words wait in a list before they are in their index.
  perform gin_clean_pending_list(index.indexrelid) from pg_index as index
  join pg_class as class on class.oid = index.indexrelid
  where class.relnamespace = 'public'::regnamespace and class.relam = (select oid from pg_am where amname = 'gin');
  analyze;

  -- Words are looked for by definer functions of `postgres`: under policies their index would go unused.
  perform test.ask('authenticated', 'public.function_models', format('where model_id = %L', v_model));
  perform test.ask('authenticated', 'public.function_models', v_of_organization || ' and deleted_at is null order by updated_at desc, model_id desc limit 21');
  perform test.ask('postgres', 'public.function_models', 'where search @@ websearch_to_tsquery(''pg_catalog.simple'', ''nothing'')');
  perform test.ask('fm_writer', 'public.function_models', format('where model_id = %L', v_model));
  perform test.ask('fm_writer', 'public.function_models', v_of_organization || ' and name = ''Filled'' and deleted_at is null');
  perform test.ask('authenticated', 'public.container_nodes', format('where model_id = %L', v_model));
  perform test.ask('authenticated', 'public.function_model_versions', format('where model_id = %L order by created_at desc limit 21', v_model));
  perform test.ask('authenticated', 'public.function_model_versions', format('where model_id = %L and version_number = ''1.0.0''', v_model));
  perform test.ask('authenticated', 'public.workflows', format('where workflow_id = %L', v_model));
  perform test.ask('authenticated', 'public.workflows', v_of_organization || ' order by created_at desc, workflow_id desc limit 21');
  perform test.ask('authenticated', 'public.knowledge_contents', format('where content_id = %L', v_model));
  perform test.ask('authenticated', 'public.knowledge_contents', v_of_organization || ' order by created_at desc limit 21');
  perform test.ask('postgres', 'public.knowledge_contents', 'where search @@ websearch_to_tsquery(''pg_catalog.simple'', ''nothing'')');
  perform test.ask('authenticated', 'public.schedules', format('where schedule_id = %L', v_model));
  perform test.ask('authenticated', 'public.schedules', format('where model_id = %L order by created_at desc, schedule_id desc limit 21', v_model));
  perform test.ask('fm_engine', 'public.schedules', 'where next_fire_at <= now() order by next_fire_at limit 20');
  perform test.ask('fm_engine', 'public.workflow_executions', format('where schedule_id = %L', v_model));
  perform test.ask('authenticated', 'public.secrets', format('where secret_id = %L', v_model));
  perform test.ask('authenticated', 'public.secrets', v_of_organization || ' order by created_at desc limit 21');
  perform test.ask('fm_writer', 'public.secrets', v_of_organization || ' and name = any (''{a,b}'')');
  perform test.ask('fm_writer', 'public.secrets', 'where (key_id < ''k1'' or key_id > ''k1'') and secret_id > ''00000000-0000-0000-0000-000000000000'' order by secret_id limit 100');
  perform test.ask('authenticated', 'public.organizations', format('where organization_id = %L', v_organization));
  perform test.ask('authenticated', 'public.organization_members', v_of_organization);
  perform test.ask('authenticated', 'public.organization_members', format('where user_id = %L', v_owner));
  perform test.ask('authenticated', 'public.organization_invitations', v_of_organization || ' order by created_at desc limit 21');
  perform test.ask('fm_writer', 'public.organization_invitations', 'where token_hash = ''a''');
  perform test.ask('authenticated', 'public.node_links', format('where link_id = %L', v_model));
  perform test.ask('authenticated', 'public.node_links', format('where source_entity_id = %L limit 21', v_model));
  perform test.ask('authenticated', 'public.node_links', format('where target_entity_id = %L limit 21', v_model));
  perform test.ask('authenticated', 'public.node_links', format('where source_entity_id = %1$L or target_entity_id = %1$L limit 21', v_model));
  perform test.ask('authenticated', 'public.node_links', 'order by created_at desc, link_id desc limit 21');
  perform test.ask('authenticated', 'public.ai_agents', format('where agent_id = %L', v_model));
  perform test.ask('authenticated', 'public.ai_agents', format('where entity_id = %L limit 21', v_model));
  perform test.ask('authenticated', 'public.ai_agents', 'where feature_type = ''knowledge-base'' order by created_at desc limit 21');
  perform test.ask('authenticated', 'public.ai_agents', 'where traits @> ''{tool:search}'' order by created_at desc, agent_id desc limit 21');
  perform test.ask('authenticated', 'public.agent_tasks', format('where task_id = %L', v_model));
  perform test.ask('authenticated', 'public.agent_tasks', format('where agent_id = %L order by created_at desc limit 21', v_model));
  perform test.ask('fm_engine', 'public.agent_tasks', 'where status = ''queued'' order by priority desc, created_at limit 10');
  perform test.ask('fm_engine', 'public.agent_tasks', format('where tenant_id = %1$L and agent_id = %1$L and status = ''running''', v_model));
  perform test.ask('authenticated', 'public.node_metadata', format('where feature_type = ''spindle'' and entity_id = %1$L and node_id = %1$L', v_model));
  perform test.ask('authenticated', 'public.workflow_executions', format('where execution_id = %L', v_model));
  perform test.ask('authenticated', 'public.workflow_executions', format('where model_id = %L order by created_at desc, execution_id desc limit 21', v_model));
  perform test.ask('authenticated', 'public.action_runs', format('where execution_id = %L order by step', v_model));
  perform test.ask('authenticated', 'public.execution_logs', format('where execution_id = %L order by log_id limit 21', v_model));
  perform test.ask('authenticated', 'public.node_contexts', format('where execution_id = %L', v_model));
  perform test.ask('authenticated', 'public.node_contexts', format('where model_id = %L', v_model));
  perform test.ask('authenticated', 'public.domain_events', format('where aggregate_id = %L order by aggregate_version limit 21', v_model));
  perform test.ask('authenticated', 'public.domain_events', 'where position > 7 and position <= 20 order by position limit 21');
  perform test.ask('authenticated', 'public.execution_events', format('where aggregate_id = %L order by aggregate_version limit 21', v_model));
  perform test.ask('authenticated', 'public.audit_logs', format('where record_id = %L order by changed_at desc limit 21', v_model));
  perform test.ask('fm_engine', 'public.audit_logs', 'where position > 100 and position <= 200');
  perform test.ask('fm_writer', 'private.idempotency_keys', format('where user_id = %L and key = ''a'' and path = ''/a''', v_owner));

  for v_asked in select * from questions loop
    v_plan := test.plan_of(v_asked.role_name, v_owner, v_asked.query);
    -- Of a partitioned table the partitions are read, which hold its name and a month.
    if exists (
      select from unnest(test.scanned(v_plan)) as scanned (name)
      where scanned.name ~ ('^' || split_part(v_asked.table_name, '.', 2) || '(_\d{4}_\d\d.*)?$')
        and exists (select from pg_class where relname = scanned.name and reltuples > 1000)
    ) then
      v_slow := v_slow || format('%s: %s', v_asked.role_name, v_asked.query);
    end if;
  end loop;
  perform test.equal(v_slow, '{}', 'questions that scan all rows');

  -- A scan would be seen, of a partition too.
  v_plan := test.plan_of('authenticated', v_owner, 'select * from public.workflows where name = ''a''');
  perform test.holds(test.scanned(v_plan) @> '{workflows}', 'a scan of all rows is noticed: ' || v_plan::text);
  v_plan := test.plan_of('fm_engine', v_owner, 'select * from public.audit_logs where operation = ''a''');
  perform test.holds(test.scanned(v_plan)::text ~ 'audit_logs_\d{4}', 'a scan of a partition is noticed: ' || v_plan::text);
end
$$;

-- Nobody forgets a table: each of public is asked for above, or is small by its nature.
select test.equal(
  array(
    select class.oid::regclass::text
    from pg_class as class
    where class.relnamespace = 'public'::regnamespace and class.relkind in ('r', 'p') and not class.relispartition
      and not exists (select from questions where questions.table_name = 'public.' || class.relname)
    order by 1),
  array['action_nodes', 'agent_coordinations', 'audit_seals', 'node_dependencies'],
  'tables whose questions are not explained: parts of a model by its key, coordinations by theirs, seals by number');

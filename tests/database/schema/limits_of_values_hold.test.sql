-- The limits of values hold whoever writes: each is tried once as a superuser, past every policy and every command.
create function test.violated(statement text) returns text language plpgsql as $$
declare
  v_name text;
begin
  begin
    execute statement;
    raise exception using errcode = 'TT000';
  exception
    when sqlstate 'TT000' then
      return 'nothing';
    when check_violation then
      get stacked diagnostics v_name = constraint_name;
      return v_name;
    when others then
      return sqlstate || ' ' || sqlerrm;
  end;
end
$$;

do $$
declare
  v_user uuid := test.user('owner@example.org');
  v_organization uuid := test.organization(v_user, 'Acme');
  v_model uuid := test.model(v_user, 'Limited');
  v_node uuid := gen_random_uuid();
  v_row record;
begin
  insert into public.container_nodes (model_id, node_id, node_type, name, position_x, position_y)
  values (v_model, v_node, 'stageNode', 'Stage', 0, 0);
  insert into public.action_nodes (model_id, action_id, parent_node_id, action_type, name, execution_order, raci, action_specific_data)
  values (v_model, gen_random_uuid(), v_node, 'kbNode', 'Read', 1, '{}', '{}');
  insert into public.node_links (link_id, source_feature, target_feature, source_entity_id, target_entity_id, link_type, created_by)
  values (gen_random_uuid(), 'function-model', 'knowledge-base', v_model, v_node, 'documents', v_user);
  insert into public.ai_agents (agent_id, feature_type, entity_id, name, instructions, capabilities, created_by)
  values (gen_random_uuid(), 'spindle', gen_random_uuid(), 'Agent', 'Do it.', '{"maxConcurrentTasks": 1}', v_user);
  insert into public.node_metadata (feature_type, entity_id, node_id, node_type, created_by)
  values ('spindle', gen_random_uuid(), gen_random_uuid(), 'step', v_user);
  insert into public.workflows (workflow_id, user_id, name, definition) values (gen_random_uuid(), v_user, 'Call', '{}');
  insert into public.knowledge_contents (content_id, user_id, title, body) values (gen_random_uuid(), v_user, 'Title', 'body');
  insert into public.schedules (schedule_id, model_id, user_id, version, cron_expression, time_zone, starts_at, next_fire_at)
  values (gen_random_uuid(), v_model, v_user, 'published', '* * * * *', 'UTC', now(), now());
  insert into public.secrets (secret_id, user_id, name, hosts, key_id) values (gen_random_uuid(), v_user, 'key', '{a.example}', 'k1');

  for v_row in
    select * from (values
      ('function_models', 'name', '''ab''', 'model_name_has_3_to_100_characters'),
      ('function_models', 'name', 'repeat(''a'', 101)', 'model_name_has_3_to_100_characters'),
      ('function_models', 'description', 'repeat(''a'', 5001)', 'model_description_has_at_most_5000_characters'),
      ('function_models', 'status', '''gone''', 'model_status_is_known'),
      ('function_models', 'version', '''1.0''', 'model_versions_are_plain'),
      ('function_models', 'current_version', '''1.0.0-rc.1''', 'model_versions_are_plain'),
      ('function_models', 'version_count', '0', 'versions_are_counted_from_one'),
      ('function_models', 'metadata', '''[]''', 'metadata_is_an_object'),
      ('function_models', 'ai_agent_config', '''1''', 'agent_settings_are_an_object'),
      ('function_models', 'user_id', format('%L', test.user('other@example.org')), 'the_owner_is_the_user'),
      ('function_models', 'deleted_at', 'now()', 'deletion_names_time_and_person'),
      ('function_models', 'retain_until', 'now()', 'only_what_is_deleted_is_retained'),
      ('function_models', 'revision', '0', 'revision_counts_from_one'),
      ('container_nodes', 'node_type', '''kbNode''', 'node_type_is_known'),
      ('container_nodes', 'name', '''''', 'node_name_has_1_to_200_characters'),
      ('container_nodes', 'description', 'repeat(''a'', 1001)', 'node_description_has_at_most_1000_characters'),
      ('container_nodes', 'position_x', '-1', 'node_stands_on_the_canvas'),
      ('container_nodes', 'position_y', '10000.5', 'node_stands_on_the_canvas'),
      ('container_nodes', 'position_x', '''NaN''', 'node_stands_on_the_canvas'),
      ('container_nodes', 'execution_type', '''any''', 'execution_type_is_known'),
      ('container_nodes', 'status', '''done''', 'node_status_is_known'),
      ('container_nodes', 'timeout_ms', '86400001', 'timeout_is_at_most_a_day'),
      ('container_nodes', 'metadata', '''[]''', 'node_settings_are_objects'),
      ('action_nodes', 'action_type', '''stageNode''', 'action_type_is_known'),
      ('action_nodes', 'name', 'repeat(''a'', 201)', 'action_name_has_1_to_200_characters'),
      ('action_nodes', 'description', 'repeat(''a'', 1001)', 'action_description_has_at_most_1000_characters'),
      ('action_nodes', 'execution_mode', '''any''', 'execution_mode_is_known'),
      ('action_nodes', 'execution_order', '0', 'execution_order_counts_from_one'),
      ('action_nodes', 'status', '''executing''', 'definition_status_is_known'),
      ('action_nodes', 'priority', '11', 'priority_is_1_to_10'),
      ('action_nodes', 'estimated_duration_minutes', '0', 'estimate_is_positive'),
      ('action_nodes', 'raci', '''[]''', 'action_settings_are_objects'),
      ('action_nodes', 'retry_policy', '''3''', 'action_settings_are_objects'),
      ('node_links', 'source_feature', '''mail''', 'source_feature_is_known'),
      ('node_links', 'target_feature', '''mail''', 'target_feature_is_known'),
      ('node_links', 'link_type', '''likes''', 'link_type_is_known'),
      ('node_links', 'link_type', '''triggers''', 'link_type_suits_its_features'),
      ('node_links', 'target_entity_id', 'source_entity_id', 'link_joins_two_things'),
      ('node_links', 'source_node_id', 'gen_random_uuid()', 'nodes_are_both_named_or_neither'),
      ('node_links', 'link_strength', '1.01', 'link_strength_is_a_fraction'),
      ('node_links', 'link_context', '''[]''', 'link_context_is_an_object'),
      ('ai_agents', 'feature_type', '''mail''', 'feature_is_known'),
      ('ai_agents', 'name', 'repeat(''a'', 101)', 'agent_name_has_1_to_100_characters'),
      ('ai_agents', 'description', 'repeat(''a'', 1001)', 'agent_description_has_at_most_1000_characters'),
      ('ai_agents', 'instructions', ''' ''', 'instructions_have_1_to_10000_characters'),
      ('ai_agents', 'capabilities', '''{"maxConcurrentTasks": 101}''', 'agent_does_1_to_100_tasks_at_once'),
      ('ai_agents', 'tools', '''[]''', 'tools_are_an_object'),
      ('node_metadata', 'node_type', ''' ''', 'node_type_is_not_blank'),
      ('node_metadata', 'position', '''[]''', 'node_settings_are_objects'),
      ('node_metadata', 'vector_embedding', '''{}''', 'embedding_has_1_to_4096_numbers'),
      ('node_metadata', 'search_keywords', 'array_fill(''a''::text, array[51])', 'keywords_are_at_most_50'),
      ('node_metadata', 'semantic_tags', 'array_fill(''a''::text, array[21])', 'tags_are_at_most_20'),
      ('organizations', 'name', 'repeat(''a'', 101)', 'organization_name_has_1_to_100_characters'),
      ('organization_members', 'role', '''god''', 'member_role_is_known'),
      ('workflows', 'name', ''' ''', 'workflow_name_has_1_to_200_characters'),
      ('workflows', 'definition', '''[]''', 'definition_is_an_object'),
      ('knowledge_contents', 'title', ''' ''', 'content_title_has_1_to_200_characters'),
      ('knowledge_contents', 'body', '''''', 'content_body_has_1_to_100000_characters'),
      ('knowledge_contents', 'tags', 'array_fill(''a''::text, array[21])', 'content_has_at_most_20_tags'),
      ('secrets', 'name', '''no name''', 'secret_name_is_a_word'),
      ('secrets', 'hosts', '''{}''', 'secret_has_1_to_20_hosts'),
      ('secrets', 'key_id', '''''', 'key_id_has_1_to_40_characters'),
      ('schedules', 'version', '''1.0.0''', 'a_number_names_a_version'),
      ('schedules', 'parameters', '''[]''', 'schedule_parameters_are_an_object'),
      ('schedules', 'timeout_seconds', '0', 'run_has_1_second_to_30_days'),
      ('schedules', 'timeout_seconds', '2592001', 'run_has_1_second_to_30_days'),
      ('schedules', 'cron_expression', '''* * * *''', 'cron_expression_has_9_to_100_characters'),
      ('schedules', 'time_zone', '''''', 'time_zone_has_1_to_64_characters'),
      ('schedules', 'ends_at', 'starts_at', 'bounds_are_in_order'),
      ('schedules', 'catchup_window_seconds', '9', 'catchup_window_has_10_seconds_to_a_year'),
      ('schedules', 'catchup_window_seconds', '31536001', 'catchup_window_has_10_seconds_to_a_year'),
      ('schedules', 'status', '''paused''', 'paused_schedules_have_no_next_time'),
      ('schedules', 'revision', '0', 'revision_counts_from_one')
    ) as cases (table_name, column_name, value, expected)
  loop
    perform test.equal(
      test.violated(format('update public.%I set %I = %s where true', v_row.table_name, v_row.column_name, v_row.value)),
      v_row.expected, format('%s.%s = %s', v_row.table_name, v_row.column_name, v_row.value));
  end loop;

  for v_row in
    select * from (values
      ('an archived model is not deleted',
        format('update public.function_models set status = ''archived'', deleted_at = now(), deleted_by = ''a'' where model_id = %L', v_model),
        'archived_models_are_never_deleted'),
      ('somebody deletes',
        format('update public.function_models set deleted_at = now(), deleted_by = '' '' where model_id = %L', v_model),
        'who_deletes_is_named'),
      ('a node does not wait for itself',
        format('insert into public.node_dependencies values (%1$L, %2$L, %2$L, 1)', v_model, v_node),
        'node_never_waits_for_itself'),
      ('a node is not linked to itself',
        format('update public.node_links set target_feature = source_feature, link_type = ''references'', target_entity_id = source_entity_id, source_node_id = %1$L, target_node_id = %1$L where true', v_node),
        'link_joins_two_things'),
      ('a version is plain',
        format('insert into public.function_model_versions (version_id, model_id, version_number, version_data, author_id) values (gen_random_uuid(), %L, ''1.0.0-rc'', ''{}'', %L)', v_model, v_user),
        'version_number_is_plain'),
      ('notes of a version are short',
        format('insert into public.function_model_versions (version_id, model_id, version_number, version_data, author_id, notes) values (gen_random_uuid(), %L, ''9.0.0'', ''{}'', %L, repeat(''a'', 2001))', v_model, v_user),
        'version_notes_have_at_most_2000_characters'),
      ('a creation has no past',
        'insert into public.audit_logs (table_name, operation, record_id, old_data, new_data) values (''a'', ''create'', gen_random_uuid(), ''{}'', ''{}'')',
        'sides_suit_the_operation'),
      ('an audited table has a name',
        'insert into public.audit_logs (table_name, operation, record_id, new_data) values ('' '', ''create'', gen_random_uuid(), ''{}'')',
        'table_name_is_short'),
      ('an event has a type',
        'insert into public.domain_events (aggregate_type, aggregate_id, aggregate_version, event_type, data) values (''organization'', gen_random_uuid(), 1, '''', ''{}'')',
        'event_type_is_named'),
      ('an event''s data is an object',
        'insert into public.domain_events (aggregate_type, aggregate_id, aggregate_version, event_type, data) values (''organization'', gen_random_uuid(), 1, ''OrganizationCreated'', ''[]'')',
        'event_data_is_an_object')
    ) as cases (name, statement, expected)
  loop
    perform test.equal(test.violated(v_row.statement), v_row.expected, v_row.name);
  end loop;
end
$$;

-- Every pair of features takes its types of links and no other, in either direction.
select test.equal(
  (select count(*) from unnest('{function-model,knowledge-base,spindle,event-storm}'::text[]) as source (name)
   cross join unnest('{function-model,knowledge-base,spindle,event-storm}'::text[]) as target (name)
   cross join unnest('{documents,implements,references,supports,nested,triggers,consumes,produces}'::text[]) as link (type)
   where test.violated(format(
     'insert into public.node_links (link_id, source_feature, target_feature, source_entity_id, target_entity_id, link_type, created_by)
      values (gen_random_uuid(), %L, %L, gen_random_uuid(), gen_random_uuid(), %L, %L)',
     source.name, target.name, link.type, gen_random_uuid())) not in ('link_type_suits_its_features')),
  (4 * 8 + 2 * (3 + 4 + 3 + 2 + 2 + 3))::bigint, 'combinations of features and link types that are allowed');

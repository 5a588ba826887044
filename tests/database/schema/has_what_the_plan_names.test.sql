-- Every table and column of the plan is there under its name, as a column or a computed field; times are timestamptz; what it indexes is indexed.
create temporary table planned (table_name text, columns text[]);
insert into planned values
  ('function_models', '{model_id,name,description,version,status,current_version,version_count,nodes,action_nodes,ai_agent_config,metadata,permissions,created_at,updated_at,last_saved_at,deleted_at,deleted_by,user_id,organization_id}'),
  ('function_model_versions', '{version_id,model_id,version_number,version_data,author_id,is_published,created_at}'),
  ('node_links', '{link_id,source_feature,target_feature,source_entity_id,target_entity_id,source_node_id,target_node_id,link_type,link_strength,link_context,created_at,updated_at}'),
  ('ai_agents', '{agent_id,feature_type,entity_id,node_id,name,instructions,tools,capabilities,is_enabled,last_executed_at,performance_metrics,created_at,updated_at}'),
  ('audit_logs', '{audit_id,table_name,operation,record_id,old_data,new_data,changed_by,changed_at,event_type,event_data,execution_id,model_id}'),
  ('node_metadata', '{metadata_id,feature_type,entity_id,node_id}'),
  ('domain_events', '{event_id,aggregate_id,event_type,event_version,data,occurred_at}'),
  ('workflow_executions', '{execution_id,model_id,version_id,status}');

select test.equal(
  array(
    select format('%s.%s', planned.table_name, wanted.name)
    from planned
    cross join unnest(planned.columns) as wanted (name)
    where not exists (
        select from pg_attribute as attribute
        where attribute.attrelid = format('public.%I', planned.table_name)::regclass
          and attribute.attname = wanted.name and attribute.attnum > 0 and not attribute.attisdropped)
      and not exists (
        select from pg_proc as function
        join pg_type as argument on argument.oid = function.proargtypes[0]
        where function.pronamespace = 'public'::regnamespace and function.proname = wanted.name and function.pronargs = 1
          and argument.typrelid = format('public.%I', planned.table_name)::regclass
          and has_function_privilege('authenticated', function.oid, 'execute'))
    order by 1),
  '{}', 'columns of the plan that are missing');

select test.equal(
  array(
    select format('%s.%s', class.relname, attribute.attname)
    from pg_class as class
    join pg_attribute as attribute on attribute.attrelid = class.oid
    where class.relnamespace in ('public'::regnamespace, 'private'::regnamespace) and class.relkind in ('r', 'p')
      and attribute.attnum > 0 and attribute.atttypid in ('timestamp'::regtype, 'time'::regtype, 'timetz'::regtype)
    order by 1),
  '{}', 'times without a zone');

-- The audit trail has its primary key alone, and a model's status is asked for within an organization or an owner.
select test.equal(
  array(
    select format('%s (%s)', wanted.table_name, wanted.column_name)
    from (values
      ('function_models', 'user_id'), ('function_models', 'deleted_at'), ('function_models', 'organization_id'),
      ('function_models', 'search'), ('node_links', 'source_entity_id'), ('node_links', 'target_entity_id'),
      ('ai_agents', 'feature_type'), ('ai_agents', 'entity_id'), ('audit_logs', 'record_id'),
      ('domain_events', 'aggregate_id'), ('workflow_executions', 'model_id')) as wanted (table_name, column_name)
    where not exists (
      select from pg_index as index
      join pg_attribute as attribute on attribute.attrelid = index.indrelid and attribute.attnum = index.indkey[0]
      where index.indrelid = format('public.%I', wanted.table_name)::regclass and attribute.attname = wanted.column_name)
    order by 1),
  '{}', 'what the plan indexes and nothing begins with');

-- An audit row tells the data of its event to whoever may read that.
do $$
declare
  v_owner uuid := test.user('owner@example.org');
  v_stranger uuid := test.user('stranger@example.org');
  v_model uuid := test.model(v_owner, 'Told');
  v_query text := format(
    'select entry.event_data as data from public.audit_logs as entry where entry.record_id = %L and entry.table_name = ''function_models''',
    v_model);
begin
  perform test.holds(jsonb_typeof(test.seen_by(v_owner, v_query) #> '{0,data}') = 'object', 'the owner reads it');
  perform test.equal(test.seen_by(v_stranger, v_query), '[]', 'a stranger does not');
end
$$;

-- Every table of the business has audit triggers for each kind of change that a role may make.
select test.equal(
  array(
    select format('%s: %s', class.oid::regclass, change.name)
    from pg_class as class
    cross join (values ('insert', 4), ('update', 16), ('delete', 8)) as change (name, bit)
    where class.relnamespace = 'public'::regnamespace and class.relkind in ('r', 'p')
      and class.oid <> all (array['public.audit_logs', 'public.domain_events', 'public.execution_events',
        'public.workflow_executions', 'public.action_runs', 'public.execution_logs',
        'public.agent_tasks', 'public.agent_coordinations']::regclass[])
      and has_any_column_privilege('fm_writer', class.oid, case change.name when 'delete' then 'select' else change.name end)
      and (change.name <> 'delete' or has_table_privilege('fm_writer', class.oid, 'delete'))
      and not exists (
        select from pg_trigger as trigger
        where trigger.tgrelid = class.oid
          and trigger.tgfoid = any (array[
            'private.tg_record_audit_log', 'private.tg_function_model_versions__record_audit_log']::regproc[])
          and trigger.tgtype & change.bit = change.bit)
    order by 1),
  '{}', 'changes without an audit trigger');

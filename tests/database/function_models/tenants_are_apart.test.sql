-- What belongs to one tenant is neither seen nor changed by another, whichever table it is in.
do $$
declare
  v_owner uuid := test.user('owner@example.org');
  v_stranger uuid := test.user('stranger@example.org');
  v_organization uuid := test.organization(v_owner, 'Acme');
  v_foreign uuid := test.organization(v_stranger, 'Rival');
  v_node uuid := gen_random_uuid();
  v_version public.function_model_versions := test.published(
    v_owner, 'Secret', test.chain_plan(1), jsonb_build_object('organizationId', v_organization));
  v_claim jsonb;
  v_table text;
begin
  perform test.save(v_owner, v_version.model_id, jsonb_build_object(
    'model', '{"status": "draft"}'::jsonb,
    'containers', jsonb_build_object('put', jsonb_build_array(test.node(v_node))),
    'actions', jsonb_build_object('put', jsonb_build_array(test.action(gen_random_uuid(), v_node, 1)))));
  v_claim := test.start(v_owner, v_version, 1) -> 'claims' -> 0;
  perform test.exchange(jsonb_build_array(test.outcome(
    v_claim, 'completed', '{"output": 1, "logs": [{"level": "info", "message": "done"}]}')));

  foreach v_table in array array[
    'function_models', 'container_nodes', 'action_nodes', 'function_model_versions', 'workflow_executions',
    'action_runs', 'execution_logs', 'execution_events', 'domain_events', 'audit_logs']
  loop
    perform test.holds(
      jsonb_array_length(test.seen_by(v_owner, format('select 1 from public.%I', v_table))) > 0,
      'the owner sees rows of ' || v_table);
    perform test.equal(
      jsonb_array_length(test.seen_by(v_stranger, format(
        'select 1 from public.%I as row where to_jsonb(row)::text ~ %L', v_table, v_version.model_id))),
      0, 'a stranger sees rows of ' || v_table);
  end loop;

  perform test.equal(
    test.save_refusal(v_stranger, v_version.model_id, '{"model": {"name": "Mine"}}'), 'FM004', 'a stranger saves');
  perform test.equal(
    test.command_refusal('record_events', v_stranger, jsonb_build_object(
      'aggregateType', 'function-model', 'aggregateId', v_version.model_id, 'events', test.event('X'))),
    'FM004', 'a stranger records an event');
  perform test.equal(
    test.command('find_published_version', v_stranger, jsonb_build_object('modelId', v_version.model_id)),
    null, 'a stranger asks for the version');
  perform test.refused(
    format('select test.start(%L, version) from public.function_model_versions as version', v_stranger),
    'FM004', 'a stranger starts a run');
  perform test.refused(
    format('select test.model(%L, %L, %L)', v_owner, 'Smuggled', jsonb_build_object('organizationId', v_foreign)),
    '42501', 'a model in a foreign organization');
  perform test.refused(
    format('select test.model(%L, %L, %L)', v_owner, 'For you',
      jsonb_build_object('permissions', jsonb_build_object('owner', v_stranger))),
    '23514', 'a model in the name of somebody else');
end
$$;

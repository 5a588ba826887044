-- Containers without actions pass in the same call, however many there are, and the run ends with them.
do $$
declare
  v_user uuid := test.user('runner@example.org');
  v_version public.function_model_versions := test.published(v_user, 'Hollow', jsonb_build_object(
    'planVersion', 1,
    'steps', (select jsonb_agg(test.plain_step(step, 'pass', sign(step)::integer,
                case when step < 999 then to_jsonb(array[step + 1]) else '[]' end, step) order by step)
              from generate_series(0, 999) as step),
    'groups', '[]'::jsonb,
    'containers', (select jsonb_agg(test.container('C' || step, step, step, 0) order by step) from generate_series(0, 999) as step),
    'outputs', '[]'::jsonb));
  v_execution uuid := gen_random_uuid();
  v_answer jsonb := test.start(v_user, v_version, 1, jsonb_build_object('executionId', v_execution));
begin
  perform test.equal(v_answer -> 'executions' -> 0 ->> 'status', 'completed', 'the start answers the end');
  perform test.equal(
    (select array[count(*), max(aggregate_version)] from public.execution_events where aggregate_id = v_execution),
    '{2002,2002}', 'two events per container, two of the run');
  perform test.equal(
    (select completed_nodes from public.workflow_executions where execution_id = v_execution), 1000, 'containers');
end
$$;

-- The queue hands out by the priority of runs, then by age, and never more than is wanted.
do $$
declare
  v_user uuid := test.user('runner@example.org');
  v_version public.function_model_versions := test.published(v_user, 'Queued', test.chain_plan(1));
  v_low uuid := gen_random_uuid();
  v_normal uuid := gen_random_uuid();
  v_high uuid := gen_random_uuid();
  v_answer jsonb;
begin
  perform test.start(v_user, v_version, 0, jsonb_build_object('executionId', v_low, 'priority', 'low'));
  perform test.start(v_user, v_version, 0, jsonb_build_object('executionId', v_normal));
  perform test.start(v_user, v_version, 0, jsonb_build_object('executionId', v_high, 'priority', 'high'));
  perform test.equal(
    (select array_agg(status::text) from public.workflow_executions), '{pending,pending,pending}', 'nothing has begun');
  v_answer := test.exchange('[]', 2);
  perform test.equal(
    array(select (claim ->> 'executionId')::uuid from jsonb_array_elements(v_answer -> 'claims') as claim order by 1),
    array(select unnest(array[v_high, v_normal]) order by 1), 'two of three');
  v_answer := test.exchange('[]', 2);
  perform test.equal(v_answer -> 'claims' -> 0 ->> 'executionId', v_low::text, 'the last');
end
$$;

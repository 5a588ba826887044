-- The feed gives events of models and of runs in one order, in wire form.
do $$
declare
  v_user uuid := test.user('author@example.org');
  v_version public.function_model_versions := test.published(v_user, 'Fed', test.chain_plan(1));
  v_execution uuid;
  v_from bigint;
  v_feed jsonb;
begin
  v_execution := (test.start(v_user, v_version, 1) -> 'claims' -> 0 ->> 'executionId')::uuid;
  select min(position) - 1 into v_from from public.domain_events where aggregate_id = v_version.model_id;
  -- The test's own transaction is still open, so the feed is asked as if it had ended.
  create or replace function private.event_watermark() returns bigint language sql as
    $sql$ select pg_sequence_last_value('private.event_positions') $sql$;
  set local role service_role;
  v_feed := public.read_events(v_from, 100);
  reset role;
  perform test.equal(
    (select jsonb_agg(event -> 'eventType' order by place)
     from jsonb_array_elements(v_feed -> 'events') with ordinality as list (event, place)),
    '["FunctionModelCreated", "FunctionModelPublished", "WorkflowExecutionStarted",
      "ContainerNodeOrchestrationStarted", "ActionNodeExecutionStarted"]', 'types in order');
  perform test.equal(
    v_feed -> 'events' -> 2 -> 'data' ->> 'modelId', v_version.model_id::text, 'data of a run names its model');
  perform test.equal(v_feed -> 'events' -> 2 ->> 'aggregateType', 'execution', 'kind of aggregate');
  perform test.equal((v_feed ->> 'position')::bigint, pg_sequence_last_value('private.event_positions'), 'where to go on');

  set local role service_role;
  v_feed := public.read_events(v_from, 2);
  reset role;
  perform test.equal(jsonb_array_length(v_feed -> 'events'), 2, 'a page');
  perform test.equal(v_feed -> 'position', v_feed -> 'events' -> 1 -> 'position', 'goes on after its last event');
end
$$;

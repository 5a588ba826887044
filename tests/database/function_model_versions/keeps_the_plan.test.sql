-- A published version keeps its plan as the domain made it, and only the service reads it.
do $$
declare
  v_user uuid := test.user('author@example.org');
  v_plan jsonb := test.parallel_plan(4, 2);
  v_version public.function_model_versions := test.published(v_user, 'Planned', v_plan);
  v_read jsonb;
begin
  set local role service_role;
  v_read := public.read_plan(v_version.version_id);
  reset role;
  perform test.equal(v_read, v_plan, 'the plan as stored');
  perform test.equal(
    (select roots from private.plans where version_id = v_version.version_id), '{0}',
    'roots leave out members that wait for a place');
  perform test.refused(
    format('select test.run_as(%L, %L, %L)', 'authenticated', v_user,
      format('select public.read_plan(%L)', v_version.version_id)),
    '42501', 'a user reads a plan');
end
$$;

-- A page of an organization's models is read in the order of an index: neither all rows nor a sort.
do $$
declare
  v_owner uuid := test.user('owner@example.org');
  v_organization uuid := test.organization(v_owner, 'Acme');
  v_rival uuid := test.organization(test.user('rival@example.org'), 'Rival');
  v_column text;
  v_plan jsonb;
begin
  insert into public.function_models (model_id, name, permissions, user_id, organization_id, created_at, updated_at)
  select gen_random_uuid(), 'Model ' || number, jsonb_build_object('owner', v_owner), v_owner,
         case when number % 2 = 0 then v_organization else v_rival end,
         now() - number * interval '1 second', now() - number * interval '1 second'
  from generate_series(1, 10000) as number;
  analyze public.function_models;

  foreach v_column in array array['updated_at', 'created_at', 'name'] loop
    v_plan := test.plan_of('authenticated', v_owner, format(
      'select * from public.function_models where organization_id = %L and deleted_at is null order by %I desc, model_id desc limit 51',
      v_organization, v_column));
    perform test.holds(v_plan::text ~ '"Index Scan"', 'an index is used for ' || v_column || ': ' || v_plan::text);
    perform test.holds(not test.scanned(v_plan) @> '{function_models}', 'no scan of all rows for ' || v_column);
    perform test.holds(v_plan::text !~ '"Node Type": "Sort"', 'no sort of all rows for ' || v_column || ': ' || v_plan::text);
  end loop;
end
$$;

create function public.size(model public.function_models) returns integer
language sql stable set search_path = ''
as $$
  select (
    (select count(*) from public.container_nodes as node where node.model_id = model.model_id)
    + (select count(*) from public.action_nodes as action where action.model_id = model.model_id))::integer
$$;

comment on function public.size(public.function_models) is
  'Computed field: how many containers and actions a model has.';

revoke all on function public.size(public.function_models) from public, anon, authenticated, service_role;
grant execute on function public.size(public.function_models) to authenticated;

-- The events of a schedule outlive it, so who may read them is judged by the model
-- that its first event names. Bound late: the tables come in files of their own.

create function private.sees_schedule(schedule_id uuid) returns boolean
language plpgsql stable security definer set search_path = ''
as $$
begin
  return exists (
    select
    from public.domain_events as event
    join public.function_models as model on model.model_id = (event.data ->> 'modelId')::uuid
    where event.aggregate_id = sees_schedule.schedule_id and event.aggregate_version = 1
      and case when model.deleted_at is null then 'view' else 'restore' end
        = any (private.acts_on_model(model.permissions, model.organization_id)));
end
$$;

comment on function private.sees_schedule(uuid) is
  'Whether the actor may know of a schedule, removed ones included: they view its model. Definer: it reads the log for the log''s own policy.';

revoke all on function private.sees_schedule(uuid) from public;
grant execute on function private.sees_schedule(uuid) to authenticated;

create function public.read_states(record_id uuid, at timestamptz)
returns table (table_name text, row_id uuid, state jsonb, complete boolean, changed_at timestamptz, changed_by uuid)
language sql stable set search_path = ''
as $$
  with entry as (
    select logged.*,
           row_number() over newest_first as age,
           -- Changes before the last creation were those of a namesake that is gone.
           count(*) filter (where logged.operation = 'create') over newest_first
             - (logged.operation = 'create')::integer as creations_since
    from public.audit_logs as logged
    where logged.record_id = read_states.record_id
      and logged.changed_at <= read_states.at
      and logged.row_id is not null
      and logged.table_name <> 'domain_events'
    window newest_first as (partition by logged.table_name, logged.row_id order by logged.position desc)
  )
  select entry.table_name, entry.row_id,
         coalesce(jsonb_object_agg(field.key, field.value order by entry.position) filter (where field.key is not null), '{}'),
         bool_or(entry.operation = 'create'),
         max(entry.changed_at),
         (array_agg(entry.changed_by order by entry.position desc))[1]
  from entry
  left join lateral jsonb_each(entry.new_data) as field on true
  where entry.creations_since = 0
  group by entry.table_name, entry.row_id
  having not bool_or(entry.operation = 'delete' and entry.age = 1)
$$;

comment on function public.read_states(uuid, timestamptz) is
  'The rows of a thing, such as a model with its nodes, as they were after every change whose transaction began until then: each its last creation with the later changes laid over it. Runs as its caller, who is shown the audit rows that policies show.';

revoke all on function public.read_states(uuid, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.read_states(uuid, timestamptz) to authenticated;

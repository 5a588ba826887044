create function private.make_event_partitions(ahead integer default 4) returns integer
language plpgsql security definer set search_path = ''
as $$
declare
  v_size constant bigint := 20000000;
  v_current bigint := coalesce(pg_sequence_last_value('private.event_positions'), 0) / v_size;
  v_name text;
  v_made integer := 0;
begin
  for v_number in v_current .. v_current + make_event_partitions.ahead loop
    v_name := format('execution_events_%s', v_number);
    continue when to_regclass(format('private.%I', v_name)) is not null;
    execute format(
      'create table private.%I partition of public.execution_events for values from (%s) to (%s)',
      v_name, v_number * v_size, (v_number + 1) * v_size);
    execute format('alter table private.%I enable row level security', v_name);
    execute format('create unique index on private.%I (aggregate_id, aggregate_version)', v_name);
    execute format(
      'create trigger _010_refuse_truncate before truncate on private.%I
         for each statement execute function private.tg_refuse_change()', v_name);
    v_made := v_made + 1;
  end loop;
  return v_made;
end
$$;

comment on function private.make_event_partitions(integer) is
  'Makes the partitions for the current and so many further ranges of 20 million positions. Definer: only the owner may make partitions.';

revoke all on function private.make_event_partitions(integer) from public;

select private.make_event_partitions();

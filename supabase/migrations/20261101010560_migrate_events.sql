-- The two halves of a batch: what is old is read, and comes back in its newer
-- shape. Between them nothing is held: who comes back when somebody else has
-- moved the checkpoint stores nothing, and goes on from there.

create function public.read_old_events(command jsonb) returns json
language plpgsql volatile set role = 'fm_engine' set search_path = ''
as $$
declare
  v_type text := command ->> 'eventType';
  v_version smallint := (command ->> 'fromVersion')::smallint;
  v_limit integer := least(greatest(coalesce((command ->> 'limit')::integer, 100), 1), 1000);
  v_watermark bigint := private.event_watermark();
  v_after bigint := coalesce((
    select migration.position from private.event_migrations as migration
    where migration.event_type = v_type and migration.from_version = v_version
      and migration.to_version = (command ->> 'toVersion')::smallint), 0);
  -- So much of the log at a time, that a batch ends in time however rare the events are.
  v_up_to bigint := greatest(least(v_watermark, v_after + 1000000), v_after);
  v_event record;
  v_events text[] := '{}';
  v_bytes bigint := 0;
begin
  for v_event in
    (select stored.position, stored.data::text as data
     from public.domain_events as stored
     where stored.event_type = v_type and stored.event_version = v_version
       and stored.position > v_after and stored.position <= v_up_to)
    union all
    (select stored.position, public.data(stored)::text
     from public.execution_events as stored
     where stored.event_type = v_type and stored.event_version = v_version
       and stored.position > v_after and stored.position <= v_up_to)
    order by position
    limit v_limit
  loop
    v_events := v_events || concat('{"position":', v_event.position, ',"data":', v_event.data, '}');
    v_bytes := v_bytes + octet_length(v_event.data);
    -- A batch that ends here goes as far as its last event.
    if cardinality(v_events) >= v_limit or v_bytes >= 1000000 then
      v_up_to := v_event.position;
      exit;
    end if;
  end loop;
  return concat(
    '{"afterPosition":', v_after, ',"position":', v_up_to,
    ',"last":', to_json(v_up_to >= v_watermark), ',"events":[', array_to_string(v_events, ','), ']}');
end
$$;

comment on function public.read_old_events(jsonb) is
  'The next events of a type and version behind the checkpoint of their migration {eventType, fromVersion, toVersion, limit?}, up to the watermark, about 1 MB of data at most: {afterPosition, position, last, events: [{position, data}]}. last: nothing is left up to the watermark when these are stored.';

create function public.save_upcast_events(command jsonb) returns jsonb
language plpgsql volatile set role = 'fm_engine' set search_path = ''
as $$
declare
  v_migration private.event_migrations;
  v_stored integer;
begin
  insert into private.event_migrations (event_type, from_version, to_version)
  values (command ->> 'eventType', (command ->> 'fromVersion')::smallint, (command ->> 'toVersion')::smallint)
  on conflict on constraint event_migrations_pkey do nothing;
  select migration.* into v_migration
  from private.event_migrations as migration
  where migration.event_type = command ->> 'eventType'
    and migration.from_version = (command ->> 'fromVersion')::smallint
    and migration.to_version = (command ->> 'toVersion')::smallint
  for update;
  if v_migration.position <> (command ->> 'afterPosition')::bigint then
    return jsonb_build_object(
      'moved', false, 'migrated', 0, 'position', v_migration.position, 'total', v_migration.migrated);
  end if;

  -- Only what is in a log under that type and version, and lies in this stretch of it.
  insert into private.upcast_events as upcast (position, event_version, data)
  select event.position, v_migration.to_version, event.data
  from jsonb_to_recordset(command -> 'events') as event (position bigint, data jsonb)
  where event.position > v_migration.position and event.position <= (command ->> 'position')::bigint
    and (exists (
      select from public.domain_events as stored
      where stored.position = event.position and stored.event_type = v_migration.event_type
        and stored.event_version = v_migration.from_version)
    or exists (
      select from public.execution_events as stored
      where stored.position = event.position and stored.event_type = v_migration.event_type
        and stored.event_version = v_migration.from_version))
  on conflict on constraint upcast_events_pkey do update
    set event_version = excluded.event_version, data = excluded.data, upcast_at = now()
    where upcast.event_version < excluded.event_version;
  get diagnostics v_stored = row_count;

  update private.event_migrations as migration
  set position = greatest(
        migration.position, least((command ->> 'position')::bigint, private.event_watermark())),
      migrated = migration.migrated + v_stored,
      updated_at = now()
  where migration.event_type = v_migration.event_type and migration.from_version = v_migration.from_version
    and migration.to_version = v_migration.to_version
  returning migration.* into v_migration;
  return jsonb_build_object(
    'moved', true, 'migrated', v_stored, 'position', v_migration.position, 'total', v_migration.migrated);
end
$$;

comment on function public.save_upcast_events(jsonb) is
  'Stores a batch in its newer shape and moves the checkpoint behind it {eventType, fromVersion, toVersion, afterPosition, position, events: [{position, data}]}. Answers {moved, migrated, position, total}: moved is false, and nothing was stored, when the checkpoint is not where the batch began.';

revoke all on function public.read_old_events(jsonb) from public, anon, authenticated, service_role;
revoke all on function public.save_upcast_events(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.read_old_events(jsonb) to service_role;
grant execute on function public.save_upcast_events(jsonb) to service_role;

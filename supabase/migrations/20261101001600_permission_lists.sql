create function private.readers(permissions jsonb) returns uuid[]
language sql immutable set search_path = ''
as $$
  select coalesce(array_agg(distinct (person #>> '{}')::uuid), '{}')
  from jsonb_path_query(permissions, 'lax $.*[*]') as person
$$;

comment on function private.readers(jsonb) is
  'Everybody a model''s permissions name, the owner included. Every list lets its people view.';

revoke all on function private.readers(jsonb) from public;
grant execute on function private.readers(jsonb) to fm_writer;

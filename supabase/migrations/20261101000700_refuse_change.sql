create function private.tg_refuse_change() returns trigger
language plpgsql set search_path = ''
as $$
begin
  raise exception using
    errcode = '42501',
    message = 'These rows are kept as they were written',
    detail = format('%s on %I.%I', tg_op, tg_table_schema, tg_table_name);
end
$$;

comment on function private.tg_refuse_change() is
  'Refuses the statement for every role, the owner included.';

revoke all on function private.tg_refuse_change() from public;

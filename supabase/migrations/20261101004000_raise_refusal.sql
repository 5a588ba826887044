create function private.raise_refusal(broken_constraint text) returns void
language plpgsql set search_path = ''
as $$
begin
  case
    when broken_constraint in ('model_name_is_free_in_organization', 'model_name_is_free_for_owner') then
      raise exception using errcode = 'FM001', message = 'Model name taken';
    when broken_constraint in ('version_number_is_free_in_model', 'one_version_of_a_model_is_published') then
      raise exception using errcode = 'FM002', message = 'Version number taken';
    when broken_constraint = 'execution_order_is_free_in_container' then
      raise exception using errcode = 'FM006', message = 'Execution order taken';
    when broken_constraint like '%\_pkey' then
      raise exception using errcode = 'FM005', message = 'The identifier is in use';
    else
      raise exception using errcode = '23505', message = 'Duplicate value', detail = broken_constraint;
  end case;
end
$$;

comment on function private.raise_refusal(text) is
  'Raises the refusal that a violated unique constraint stands for.';

revoke all on function private.raise_refusal(text) from public;
grant execute on function private.raise_refusal(text) to fm_writer, fm_engine;

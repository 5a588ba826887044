create function private.model_being_saved() returns uuid
language sql stable set search_path = ''
as $$
  select (private.current_request() ->> 'modelId')::uuid
$$;

comment on function private.model_being_saved() is
  'The model the current command has locked, which its policies already let the actor change; so that somebody can give up their own rights in it.';

revoke all on function private.model_being_saved() from public;
grant execute on function private.model_being_saved() to fm_writer;

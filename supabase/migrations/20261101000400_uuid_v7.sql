create function private.uuid_v7() returns uuid
language plpgsql volatile set search_path = ''
as $$
begin
  return encode(
    set_bit(
      set_bit(
        overlay(
          uuid_send(gen_random_uuid())
          placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3)
          from 1 for 6),
        52, 1),
      53, 1),
    'hex')::uuid;
end
$$;

comment on function private.uuid_v7() is
  'A version 7 identifier: its first 48 bits are the milliseconds of now, so that new keys land side by side in an index.';

revoke all on function private.uuid_v7() from public;
grant execute on function private.uuid_v7() to fm_writer, fm_engine;

-- A run of three actions writes at most 16 kB of WAL, events, audit and broadcasts included: a
-- count that does not depend on the machine. The least of several batches is taken, since a page
-- that is touched for the first time after a checkpoint is written as a whole.

do $$
declare
  v_user uuid := test.user('alice@example.com');
  v_version public.function_model_versions := test.published(v_user, 'Chain', test.chain_plan(3));
  v_claims jsonb;
  v_before pg_lsn;
  v_batch numeric;
  v_least numeric;
begin
  for v_round in 1..8 loop
    v_before := pg_current_wal_insert_lsn();
    for v_run in 1..10 loop
      v_claims := test.start(v_user, v_version, 1) -> 'claims';
      for v_action in 1..3 loop
        perform test.equal(jsonb_array_length(v_claims), 1, 'each call hands out the next action');
        v_claims := test.exchange(
          jsonb_build_array(test.outcome(v_claims -> 0, 'completed', '{"output": {"done": true}}')), 1) -> 'claims';
      end loop;
      perform test.equal(v_claims, '[]'::jsonb, 'four calls run three actions');
    end loop;
    v_batch := (pg_current_wal_insert_lsn() - v_before) / 10;
    v_least := least(v_least, v_batch);
  end loop;
  perform test.holds(v_least <= 16000, format('a run writes %s bytes of WAL, of 16000', round(v_least)));
end
$$;

-- Events are neither changed nor removed nor slipped in, by nobody.
do $$
declare
  v_user uuid := test.user('author@example.org');
  v_version public.function_model_versions := test.published(v_user, 'Recorded', test.chain_plan(1));
  v_table text;
begin
  perform test.start(v_user, v_version, 1);
  foreach v_table in array array['domain_events', 'execution_events'] loop
    perform test.refused(
      format('update public.%I set event_type = ''X'' where true', v_table), '42501', v_table || ' change');
    perform test.refused(format('delete from public.%I where true', v_table), '42501', v_table || ' are removed');
    perform test.refused(format('truncate public.%I', v_table), '42501', v_table || ' are emptied');
  end loop;
  perform test.refused('truncate private.execution_events_0', '42501', 'a partition is emptied');
  perform test.refused(
    format('select private.append_events(%L, %L, null, %L)', 'function-model', v_version.model_id, test.event('Forged')),
    '42501', 'events are appended outside of a command');
end
$$;

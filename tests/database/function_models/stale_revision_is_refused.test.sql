-- A save that read an older revision is refused with PT409 and the current revision, and changes nothing.
do $$
declare
  v_user uuid := test.user('author@example.org');
  v_model uuid := test.model(v_user, 'Contested');
  v_detail text;
begin
  perform test.save(v_user, v_model, '{"model": {"name": "First wins"}}');
  perform test.equal(
    test.save_refusal(v_user, v_model, '{"expectedRevision": 1, "model": {"name": "Second loses"}}'),
    'PT409', 'the second of two saves');
  begin
    perform test.save(v_user, v_model, '{"expectedRevision": 1}');
  exception when sqlstate 'PT409' then
    get stacked diagnostics v_detail = pg_exception_detail;
  end;
  reset role;
  perform test.equal(v_detail, '2', 'the refusal tells the current revision');
  perform test.equal((select name from public.function_models where model_id = v_model), 'First wins', 'name');
end
$$;

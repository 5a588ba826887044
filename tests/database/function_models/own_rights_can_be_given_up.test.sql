-- An owner may hand a model over and not see it afterwards.
do $$
declare
  v_owner uuid := test.user('owner@example.org');
  v_heir uuid := test.user('heir@example.org');
  v_model uuid := test.model(v_owner, 'Inheritance');
begin
  perform test.save(v_owner, v_model, jsonb_build_object(
    'model', jsonb_build_object('permissions', jsonb_build_object('owner', v_heir))));
  perform test.equal((select user_id from public.function_models where model_id = v_model), v_heir, 'the new owner');
  perform test.equal(test.save_refusal(v_owner, v_model, '{}'), 'FM004', 'the former owner is a stranger');
  perform test.equal(test.save_refusal(v_heir, v_model, '{"model": {"name": "Mine now"}}'), null, 'the heir edits');
end
$$;

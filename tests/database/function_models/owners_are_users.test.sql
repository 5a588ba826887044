-- A model is handed over to somebody who exists.
do $$
declare
  v_owner uuid := test.user('owner@example.org');
  v_heir uuid := test.user('heir@example.org');
  v_model uuid := test.model(v_owner, 'Heirloom');
begin
  perform test.equal(
    test.save_refusal(v_owner, v_model, jsonb_build_object('model',
      jsonb_build_object('permissions', jsonb_build_object('owner', gen_random_uuid())))),
    'FM090', 'an owner that nobody knows');
  perform test.save(v_owner, v_model, jsonb_build_object('model',
    jsonb_build_object('permissions', jsonb_build_object('owner', v_heir))));
  perform test.equal(
    (select user_id from public.function_models where model_id = v_model), v_heir, 'the heir owns it');
end
$$;

-- A name is free once per organization, or once per owner without one, and free again after a deletion.
do $$
declare
  v_user uuid := test.user('author@example.org');
  v_other uuid := test.user('other@example.org');
  v_organization uuid := test.organization(v_user, 'Acme');
  v_fields jsonb := jsonb_build_object('organizationId', v_organization);
  v_model uuid := test.model(v_user, 'Taken');
begin
  perform test.refused(format('select test.model(%L, %L)', v_user, 'Taken'), 'FM001', 'the same name of the same owner');
  perform test.holds(test.model(v_user, 'taken') is not null, 'names differ by case');
  perform test.holds(test.model(v_other, 'Taken') is not null, 'another owner has their own names');
  perform test.model(v_user, 'Taken', v_fields);
  perform test.refused(
    format('select test.model(%L, %L, %L)', v_user, 'Taken', v_fields), 'FM001', 'twice in an organization');
  perform test.equal(
    test.save_refusal(v_user, test.model(v_user, 'Free'), '{"model": {"name": "Taken"}}'), 'FM001', 'by renaming');

  perform test.save(v_user, v_model, jsonb_build_object(
    'model', jsonb_build_object('deletedAt', now(), 'deletedBy', v_user)));
  perform test.holds(test.model(v_user, 'Taken') is not null, 'a deleted model frees its name');
  perform test.equal(
    test.save_refusal(v_user, v_model, '{"model": {"deletedAt": null, "deletedBy": null}}'),
    'FM001', 'and cannot come back under a name taken since');
end
$$;

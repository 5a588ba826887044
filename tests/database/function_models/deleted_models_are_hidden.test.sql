-- A deleted model is seen by those who may restore it, and by nobody else.
do $$
declare
  v_owner uuid := test.user('owner@example.org');
  v_admin uuid := test.user('admin@example.org');
  v_editor uuid := test.user('editor@example.org');
  v_organization uuid := test.organization(v_admin, 'Acme');
  v_shared uuid;
  v_private uuid;
  v_deletion jsonb := jsonb_build_object('model', jsonb_build_object('deletedAt', now(), 'deletedBy', 'owner'));
begin
  perform test.join_organization(v_organization, v_owner, 'member');
  perform test.join_organization(v_organization, v_editor, 'editor');
  v_shared := test.model(v_owner, 'Shared', jsonb_build_object('organizationId', v_organization));
  v_private := test.model(v_owner, 'Private');
  perform test.save(v_owner, v_shared, v_deletion);
  perform test.save(v_owner, v_private, v_deletion);

  perform test.equal(test.seen_by(v_owner, 'select name from public.function_models'), '[{"name": "Private"}]', 'owner');
  perform test.equal(test.seen_by(v_admin, 'select name from public.function_models'), '[{"name": "Shared"}]', 'admin');
  perform test.equal(test.seen_by(v_editor, 'select name from public.function_models'), '[]', 'editor');

  perform test.equal(
    test.save_refusal(v_owner, v_shared, '{"model": {"deletedAt": null, "deletedBy": null}}'), '42501',
    'the owner restores in an organization');
  perform test.equal(
    test.save_refusal(v_admin, v_shared, '{"model": {"deletedAt": null, "deletedBy": null}}'), null, 'an admin restores');
  perform test.equal(
    test.save_refusal(v_owner, v_private, '{"model": {"deletedAt": null, "deletedBy": null}}'), null,
    'the owner restores a private model');
end
$$;

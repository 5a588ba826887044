-- Words find models by their beginnings, the best fitting first, and only those the caller may see.
create function test.names(user_id uuid, query text) returns jsonb language sql as $$
  select coalesce(jsonb_agg(found.row ->> 'name'), '[]')
  from jsonb_array_elements(test.seen_by(names.user_id, format(
    'select name from public.search_function_models(%L) order by rank desc, name', names.query))) as found (row)
$$;

do $$
declare
  v_owner uuid := test.user('owner@example.org');
  v_colleague uuid := test.user('colleague@example.org');
  v_stranger uuid := test.user('stranger@example.org');
  v_organization uuid := test.organization(v_owner, 'Acme');
  v_deleted uuid;
begin
  perform test.join_organization(v_organization, v_colleague, 'viewer');
  perform test.model(v_owner, 'Order intake', '{"description": "Takes orders of customers"}');
  perform test.model(v_owner, 'Billing', jsonb_build_object(
    'description', 'Invoices for each order', 'organizationId', v_organization));
  perform test.model(v_owner, 'Returns', '{"metadata": {"tags": ["goods"]}}');
  v_deleted := test.model(v_owner, 'Order archive');
  perform test.save(v_owner, v_deleted, jsonb_build_object(
    'model', jsonb_build_object('deletedAt', now(), 'deletedBy', v_owner)));

  perform test.equal(test.names(v_owner, 'orde'), '["Order intake", "Billing"]', 'the name counts more than the description');
  perform test.equal(test.names(v_owner, 'order inv'), '["Billing"]', 'all words must stand there');
  perform test.equal(test.names(v_owner, 'order -intake'), '["Billing"]', 'a word that must not stand there');
  perform test.equal(test.names(v_owner, 'goods or customers'), '["Order intake", "Returns"]', 'one of two words');
  perform test.equal(test.names(v_owner, '"each order"'), '["Billing"]', 'words that follow each other');
  perform test.equal(test.names(v_owner, 'archive'), '[]', 'deleted models are not found');
  perform test.equal(test.names(v_owner, 'it''s ''); drop -- :* & | !'), '[]', 'signs mean nothing');
  perform test.equal(test.names(v_owner, '... ,'), '[]', 'no words find nothing');
  perform test.equal(test.names(v_colleague, 'order'), '["Billing"]', 'those of the organization are found');
  perform test.equal(test.names(v_stranger, 'order'), '[]', 'those of others are not found');
end
$$;

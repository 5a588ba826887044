-- Each list and each role in the organization allows its own acts and no other.
do $$
declare
  v_owner uuid := test.user('owner@example.org');
  v_organization uuid := test.organization(v_owner, 'Acme');
  v_people jsonb := '{}';
  v_permissions jsonb;
  v_model uuid;
  v_person record;
  v_act record;
  v_node uuid := gen_random_uuid();
  v_expected text;
  v_actual text;
begin
  for v_person in
    select unnest(array['editors', 'viewers', 'publishers', 'executors', 'archivers', 'administrators',
                        'admin', 'editor', 'viewer', 'member']) as name
  loop
    v_people := v_people || jsonb_build_object(v_person.name, test.user(v_person.name || '@example.org'));
    if v_person.name in ('admin', 'editor', 'viewer', 'member') then
      perform test.join_organization(v_organization, (v_people ->> v_person.name)::uuid, v_person.name);
    end if;
  end loop;
  v_permissions := jsonb_build_object('owner', v_owner);
  for v_person in select unnest(array['editors', 'viewers', 'publishers', 'executors', 'archivers', 'administrators']) as name loop
    v_permissions := v_permissions || jsonb_build_object(v_person.name, jsonb_build_array(v_people -> v_person.name));
  end loop;
  v_model := test.model(v_owner, 'Judged', jsonb_build_object(
    'organizationId', v_organization, 'permissions', v_permissions));
  perform test.save(v_owner, v_model, jsonb_build_object(
    'containers', jsonb_build_object('put', jsonb_build_array(test.node(v_node)))));

  for v_act in
    select * from (values
      ('edit', '{"model": {"name": "Edited"}}'::jsonb, '{owner,editors,editor}'::text[]),
      ('edit a container',
        jsonb_build_object('containers', jsonb_build_object('put', jsonb_build_array(test.node(v_node, '{"name": "New"}')))),
        '{owner,editors,editor}'),
      ('add a container',
        jsonb_build_object('containers', jsonb_build_object('put', jsonb_build_array(test.node(gen_random_uuid())))),
        '{owner,editors,editor}'),
      ('remove a container',
        jsonb_build_object('containers', jsonb_build_object('remove', jsonb_build_array(v_node))),
        '{owner,editors,editor}'),
      ('publish',
        jsonb_build_object(
          'model', '{"status": "published"}'::jsonb,
          'containers', jsonb_build_object('put', jsonb_build_array(test.node(v_node, '{"status": "active"}'))),
          'version', jsonb_build_object(
            'versionId', gen_random_uuid(), 'versionNumber', '1.0.0', 'versionData', '{}'::jsonb, 'isPublished', true,
            'plan', test.chain_plan(1))),
        '{owner,editors,publishers,editor}'),
      ('archive', '{"model": {"status": "archived"}}', '{owner,editors,archivers,administrators,admin,editor}'),
      ('change permissions',
        jsonb_build_object('model', jsonb_build_object('permissions', v_permissions || '{"viewers": []}')),
        '{owner,administrators,admin}'),
      ('hand over',
        jsonb_build_object('model', jsonb_build_object(
          'permissions', v_permissions || jsonb_build_object('owner', v_people -> 'editors'))),
        '{owner,admin}'),
      ('delete',
        jsonb_build_object('model', jsonb_build_object('deletedAt', now(), 'deletedBy', 'somebody')),
        '{owner,admin}')
    ) as act (name, change, allowed)
  loop
    for v_person in
      select key as name, value::uuid as id from jsonb_each_text(v_people || jsonb_build_object('owner', v_owner))
    loop
      v_expected := case
        when v_person.name = any (v_act.allowed) then 'passed'
        when v_person.name = 'member' then 'FM004'
        else '42501' end;
      v_actual := coalesce(test.save_refusal(v_person.id, v_model, v_act.change), 'passed');
      perform test.equal(v_actual, v_expected, format('%s: %s', v_person.name, v_act.name));
    end loop;
  end loop;
end
$$;

-- Secrets are set by administrators, named by members, handed out for listed hosts alone, and their values stay out of sight.
do $$
declare
  v_owner uuid := test.user('owner@example.org');
  v_editor uuid := test.user('editor@example.org');
  v_stranger uuid := test.user('stranger@example.org');
  v_organization uuid := test.organization(v_owner, 'Acme');
  v_secret uuid := gen_random_uuid();
  v_sealed text := repeat('A', 60);
  v_kept jsonb := jsonb_build_object('secretId', v_secret, 'expectedRevision', 0, 'organizationId', v_organization,
    'name', 'key', 'hosts', '["a.example", "b.example:8443"]'::jsonb, 'keyId', 'k1', 'sealed', v_sealed);
  v_use jsonb := jsonb_build_object('organizationId', v_organization, 'names', '["key", "other"]'::jsonb,
    'targets', '["a.example:443", "a.example"]'::jsonb);
begin
  perform test.join_organization(v_organization, v_editor, 'editor');
  perform test.equal(test.command_refusal('save_secret', v_editor, v_kept), '42501', 'an editor sets');
  perform test.equal(test.command_refusal('save_secret', v_stranger, v_kept), '42501', 'a stranger sets');
  perform test.equal(test.command('save_secret', v_owner, v_kept), '{"revision": 1}', 'the owner sets');
  perform test.equal(
    test.command_refusal('save_secret', v_owner, v_kept || jsonb_build_object('secretId', gen_random_uuid())),
    'FM001', 'the name again');
  perform test.equal(
    test.command('save_secret', v_owner, (v_kept - 'organizationId') || jsonb_build_object('secretId', gen_random_uuid())),
    '{"revision": 1}', 'the name of one''s own');

  perform test.equal(test.command('use_secrets', v_editor, v_use) #>> '{0,sealed}', v_sealed, 'a call of a member');
  perform test.equal(test.command('use_secrets', v_editor, v_use) #>> '{0,secret,keyId}', 'k1', 'which names the key');
  perform test.equal(test.command('use_secrets', v_stranger, v_use), '[]', 'a call of a stranger');
  perform test.equal(
    test.command('use_secrets', v_editor, v_use || '{"targets": ["b.example:443", "b.example"]}') -> 0 -> 'sealed',
    'null', 'a call to another port');
  perform test.equal(
    jsonb_array_length(test.command('use_secrets', v_editor, v_use - 'organizationId')), 0, 'of whom it is not');
  perform test.holds(
    (select last_used_at = date_trunc('minute', now()) from public.secrets where secret_id = v_secret), 'the use is noted');

  perform test.equal(
    test.seen_by(v_editor, 'select name, key_id from public.secrets'), '[{"name": "key", "key_id": "k1"}]', 'members see it');
  perform test.equal(test.seen_by(v_stranger, 'select name from public.secrets'), '[]', 'strangers do not');
  perform test.refused(
    format('select test.seen_by(%L, %L)', v_owner, 'select * from private.secret_values'), '42501', 'nobody reads values');

  perform test.equal(
    test.command_refusal('save_secret', v_editor, v_kept || '{"expectedRevision": 1}'), '42501', 'an editor rotates');
  perform test.equal(
    test.command_refusal('save_secret', v_stranger, v_kept || '{"expectedRevision": 1}'), 'FM004', 'a stranger rotates');
  perform test.equal(
    test.command('save_secret', v_owner, v_kept || jsonb_build_object(
      'expectedRevision', 1, 'sealed', repeat('B', 60), 'hosts', '["c.example"]'::jsonb)),
    '{"revision": 2}', 'the owner rotates');
  perform test.equal(
    test.command_refusal('save_secret', v_owner, v_kept || '{"expectedRevision": 1}'), 'PT409', 'a stale rotation');
  perform test.equal(
    (select sealed from private.secret_values where secret_id = v_secret), repeat('B', 60), 'the value is the new one');

  perform test.command('save_secret', v_owner, jsonb_build_object(
    'secretId', v_secret, 'expectedRevision', 2, 'remove', true));
  perform test.holds(
    not exists (select from private.secret_values where secret_id = v_secret), 'the value goes with the secret');

  perform test.equal(
    (select array_agg(operation || ' by ' || changed_by order by audit_id) from public.audit_logs where record_id = v_secret),
    array['create by ' || v_owner, 'update by ' || v_owner, 'delete by ' || v_owner], 'the audit of it, without the uses');
  perform test.holds(
    not exists (
      select from public.audit_logs as entry
      where entry::text like '%' || v_sealed || '%' or entry::text like '%' || repeat('B', 60) || '%'),
    'no value, not even encrypted, is in the audit trail');
end
$$;

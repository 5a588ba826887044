-- Two tenants with the same rows in every table, for the access matrix: what is
-- "own" belongs to the organization under test, what is "foreign" to another one.
-- A third set belongs to no organization, only to the owner: it is "alone".
-- Run after tests/database/support.sql, on one connection; leaves the temporary
-- tables `named`, `places` and `calls`.
--
-- A new table needs a row per set in `furnish` and a line among the places; a new
-- function about rows that users call needs a line in `calls`.

create temporary table named (name text primary key, id uuid not null);
create temporary table places (
  object text primary key, key text not null, own text not null, "foreign" text not null, alone text,
  -- What turns the own and the foreign row into a new one: :actor is whoever tries, :new an identifier,
  -- null a column left to its default.
  fresh jsonb, fresh_foreign jsonb,
  -- A change that a table without a revision and a time of its change can bear.
  change text,
  -- Whether its rows are written only while their model is saved.
  saved_with_model boolean not null default false);
-- What a function about rows is called with.
create temporary table calls (function text primary key, own jsonb not null, "foreign" jsonb not null);

-- Every audit row until now is sealed here, so that those of the scene have seals of their own below.
select private.seal_audit_logs();

insert into named
select name, test.user(name || '-' || gen_random_uuid() || '@example.org')
from unnest('{founder,viewer,editor,owner,admin,publisher,removed,stranger}'::text[]) as name;

create function pg_temp.person(name text) returns uuid language sql as $$
  select named.id from named where named.name = $1
$$;

-- One row of everything for an organization and the owner of its model, or without an organization for the owner
-- alone; answers their identifiers.
create function pg_temp.furnish(organization_id uuid, owner uuid, word text) returns jsonb language plpgsql as $$
declare
  v_plan jsonb := jsonb_set(test.parallel_plan(3, 2), '{steps,1,name}', '"First"');
  v_version public.function_model_versions;
  v_target uuid;
  v_stage uuid := gen_random_uuid();
  v_second uuid := gen_random_uuid();
  v_free uuid := gen_random_uuid();
  v_run uuid := gen_random_uuid();
  v_ended uuid := gen_random_uuid();
  v_agent uuid := gen_random_uuid();
  v_deleted uuid;
  v_maker uuid := case when organization_id is null then owner else pg_temp.person('founder') end;
  v_workflow uuid := gen_random_uuid();
  v_content uuid := gen_random_uuid();
  v_invitation uuid := gen_random_uuid();
  v_helper uuid := gen_random_uuid();
  v_schedule uuid := gen_random_uuid();
  v_secret uuid := gen_random_uuid();
  v_bare uuid := gen_random_uuid();
  v_idle uuid := gen_random_uuid();
  v_link uuid := gen_random_uuid();
  v_ids jsonb;
begin
  v_version := test.published(owner, 'Matrix ' || word, v_plan, jsonb_build_object(
    'organizationId', organization_id,
    'permissions', jsonb_build_object('owner', owner, 'publishers', case when organization_id is not null then
      jsonb_build_array(pg_temp.person('publisher')) else '[]' end)));
  v_target := test.model(owner, 'Matrix target ' || word, jsonb_build_object('organizationId', organization_id));
  insert into public.container_nodes (model_id, node_id, node_type, name, position_x, position_y)
  values (v_version.model_id, v_stage, 'stageNode', 'First', 0, 0), (v_version.model_id, v_second, 'stageNode', 'Second', 0, 0);
  insert into public.action_nodes (model_id, action_id, parent_node_id, action_type, name, execution_order, raci, action_specific_data)
  values (v_version.model_id, gen_random_uuid(), v_stage, 'kbNode', 'Read', 1, '{}', '{}');
  insert into public.node_dependencies (model_id, node_id, dependency_id, position)
  values (v_version.model_id, v_second, v_stage, 1);
  -- A version without a plan, for whoever tries to write one.
  insert into public.function_model_versions (version_id, model_id, version_number, version_data, author_id)
  values (v_free, v_version.model_id, '0.0.1', '{}', owner);

  -- A run that a worker holds, and one that was cancelled.
  perform test.start(owner, v_version, 2, jsonb_build_object('executionId', v_run), jsonb_build_object('leaseToken', v_run, 'name', 'matrix'));
  update private.worker_leases set expires_at = now() + interval '1 day' where lease_token = v_run;
  perform test.start(owner, v_version, 0, jsonb_build_object('executionId', v_ended));
  perform test.command('cancel_execution', owner, jsonb_build_object('executionId', v_ended, 'events', '[]'::jsonb));
  -- A step that was cancelled and one that has given something, an agent at rest, a task and a coordination that have ended.
  insert into public.action_runs (execution_id, step, status) values (v_ended, 91, 'cancelled');
  update public.action_runs as run set output = '{}' where run.execution_id = v_run and run.step = 2;
  insert into private.group_cursors (execution_id, group_id, next) values (v_run, 0, 2) on conflict do nothing;
  insert into private.ready (priority, due_at, execution_id, step) values (1, now(), v_run, 1);
  -- Nobody is to be woken for any of it.
  update private.ready as queued set due_at = now() + interval '1 day' where queued.execution_id in (v_run, v_ended);
  insert into public.execution_logs (execution_id, level, message) values (v_run, 'info', 'Said');

  -- Its version runs on, and is published no more, so that another one can be.
  update public.function_model_versions as version set is_published = false where version.version_id = v_version.version_id;

  insert into public.schedules (schedule_id, model_id, organization_id, user_id, version, cron_expression, time_zone, next_fire_at)
  values (v_schedule, v_version.model_id, organization_id, owner, 'published', '0 0 1 1 *', 'UTC', now() + interval '1 day');
  insert into public.workflows (workflow_id, organization_id, user_id, name, definition)
  values (v_workflow, organization_id, v_maker, 'Task', '{}');
  insert into public.knowledge_contents (content_id, organization_id, user_id, title, body)
  values (v_content, organization_id, v_maker, 'Matrix ' || word, 'Body');
  insert into public.node_links (link_id, source_feature, target_feature, source_entity_id, target_entity_id, link_type, organization_id, created_by)
  values (v_link, 'function-model', 'function-model', v_version.model_id, v_target, 'references', organization_id, owner);
  insert into public.ai_agents (agent_id, feature_type, entity_id, name, instructions, tools, capabilities, organization_id, created_by)
  values (v_agent, 'function-model', v_version.model_id, 'Agent', 'Work.', '{}', '{}', organization_id, owner);
  insert into public.ai_agents (agent_id, feature_type, entity_id, name, instructions, tools, capabilities, organization_id, created_by, is_enabled)
  values (v_idle, 'function-model', v_version.model_id, 'At rest', 'Work.', '{}', '{}', organization_id, owner, false);
  -- An agent of the organization itself, which serves something else than a model.
  insert into public.ai_agents (agent_id, feature_type, entity_id, name, instructions, tools, capabilities, organization_id, created_by)
  values (v_helper, 'knowledge-base', v_content, 'Helper', 'Work.', '{}', '{}', organization_id, v_maker);
  insert into public.agent_tasks (task_id, agent_id, tenant_id, organization_id, requested_by, task_type, task, timeout_ms, status, completed_at)
  values (v_idle, v_idle, coalesce(organization_id, owner), organization_id, owner, 'execution', 'Do it', 1000, 'completed', now());
  insert into public.agent_coordinations (coordination_id, mode, timeout_ms, task_count, current_stage, requested_by, organization_id, deadline, status, completed_at)
  values (v_idle, 'parallel', 1000, 1, 1, owner, organization_id, now(), 'completed', now());
  insert into public.node_metadata (feature_type, entity_id, node_id, node_type, organization_id, created_by)
  values ('function-model', v_version.model_id, v_stage, 'stageNode', organization_id, owner);
  insert into public.agent_coordinations (coordination_id, mode, timeout_ms, task_count, current_stage, requested_by, organization_id, deadline, lease_token, lease_expires_at)
  values (v_agent, 'parallel', 1000, 1, 1, owner, organization_id, now() + interval '1 day', v_agent, now() + interval '1 day');
  insert into public.agent_tasks (task_id, agent_id, tenant_id, organization_id, requested_by, task_type, task, timeout_ms, status, lease_token, lease_expires_at)
  values (v_agent, v_agent, coalesce(organization_id, owner), organization_id, owner, 'execution', 'Do it', 1000, 'running', v_agent, now() + interval '1 day');
  insert into public.node_contexts (context_id, model_id, node_id, node_type, level, scope, data)
  values (gen_random_uuid(), v_version.model_id, v_stage, 'stageNode', 0, 'global', '{}');
  if organization_id is not null then
    insert into public.organization_invitations (invitation_id, organization_id, email, role, token_hash, invited_by, created_at, expires_at)
    values (v_invitation, organization_id, gen_random_uuid() || '@example.org', 'viewer', gen_random_uuid(), owner, now(), now() + interval '7 days');
  end if;
  -- A secret with its value, and one without, for whoever tries to give it one.
  insert into public.secrets (secret_id, organization_id, user_id, name, hosts, key_id)
  values (v_secret, organization_id, v_maker, 'MATRIX', '{matrix.example.org}', 'new'),
         (v_bare, organization_id, v_maker, 'BARE', '{matrix.example.org}', 'new');
  insert into private.secret_values (secret_id, sealed) values (v_secret, repeat('A', 40));
  insert into private.audit_exports (month, row_count, digest, location)
  values ('2000-01', 0, encode(sha256(''), 'hex'), 'matrix-' || v_secret);
  insert into public.domain_events (aggregate_type, aggregate_id, aggregate_version, event_type, data)
  values ('node-link', v_link, 1, 'NodeLinkCreated', jsonb_build_object(
           'sourceFeature', 'function-model', 'sourceEntityId', v_version.model_id,
           'targetFeature', 'function-model', 'targetEntityId', v_target)),
         ('ai-agent', v_agent, 1, 'AIAgentCreated', '{}'),
         ('schedule', v_schedule, 1, 'ScheduleCreated', jsonb_build_object('modelId', v_version.model_id)),
         ('execution', v_idle, 1, 'AgentCoordinationStarted', '{}');
  -- A model that was deleted.
  v_deleted := test.model(owner, 'Matrix deleted ' || word, jsonb_build_object('organizationId', organization_id));
  update public.function_models as model set deleted_at = now(), deleted_by = owner::text where model.model_id = v_deleted;
  insert into private.idempotency_keys (user_id, key, path, body_hash, answer) values (owner, 'matrix', '/', 'x', '{}')
  on conflict do nothing;
  insert into private.link_batches (user_id, batch_id) values (owner, 'matrix') on conflict do nothing;
  insert into private.event_subscriptions (name, position) values (v_run::text, 0);
  insert into private.set_aside_events (subscription, position, event_id, aggregate_id) values (v_run::text, 1, v_run, v_run);
  insert into private.dead_letter_events (subscription, position, event_id, aggregate_id, attempts, error)
  values (v_run::text, 1, v_run, v_run, 1, 'no');
  insert into private.upcast_events (position, event_version, data)
  select event.position, 2, event.data from public.domain_events as event where event.aggregate_id = v_link;
  insert into private.event_migrations (event_type, from_version, to_version) values (v_run::text, 1, 2);

  v_ids := jsonb_build_object(
    'organization', organization_id, 'owner', owner, 'model', v_version.model_id, 'version', v_version.version_id,
    'free', v_free, 'run', v_run, 'ended', v_ended, 'agent', v_agent, 'idle', v_idle, 'helper', v_helper, 'link', v_link,
    'target', v_target, 'deleted', v_deleted, 'stage', v_stage, 'second', v_second,
    'workflow', v_workflow, 'content', v_content, 'invitation', v_invitation, 'secret', v_secret, 'bare', v_bare,
    'schedule', v_schedule);
  return v_ids;
end
$$;

do $$
declare
  v_own uuid := test.organization(pg_temp.person('founder'), 'Matrix own');
  v_foreign uuid := test.organization(pg_temp.person('stranger'), 'Matrix foreign');
  v_ids jsonb;
  v_other jsonb;
  v_alone jsonb;
  v_seals bigint[];
begin
  perform test.join_organization(v_own, pg_temp.person('admin'), 'admin');
  perform test.join_organization(v_own, pg_temp.person('editor'), 'editor');
  perform test.join_organization(v_own, pg_temp.person('viewer'), 'viewer');
  perform test.join_organization(v_own, pg_temp.person('owner'), 'member');
  perform test.join_organization(v_own, pg_temp.person('removed'), 'editor');
  perform test.command('save_organization_member', pg_temp.person('admin'), jsonb_build_object(
    'organizationId', v_own, 'userId', pg_temp.person('removed'), 'expectedRole', 'editor',
    'events', test.event('OrganizationMemberRemoved')));
  v_ids := pg_temp.furnish(v_own, pg_temp.person('owner'), 'alpha');
  v_other := pg_temp.furnish(v_foreign, pg_temp.person('stranger'), 'omega');
  v_alone := pg_temp.furnish(null, pg_temp.person('owner'), 'solo');
  -- So that somebody else than the one owner is a member there too.
  perform test.join_organization(v_foreign, pg_temp.person('founder'), 'member');

  insert into named select 'own ' || key, value::uuid from jsonb_each_text(v_ids);
  insert into named select 'foreign ' || key, value::uuid from jsonb_each_text(v_other);
  insert into named select 'alone ' || key, value::uuid from jsonb_each_text(v_alone) where value is not null;
  insert into calls
  select call.function, replace(call.body, '{id}', v_ids ->> call.id)::jsonb, replace(call.body, '{id}', v_other ->> call.id)::jsonb
  from (values
    ('read_states(uuid,timestamp with time zone)', 'model', '{"record_id": "{id}", "at": "infinity"}')
  ) as call (function, id, body);
  insert into calls values ('search_function_models(text)', '{"query": "alpha"}', '{"query": "omega"}');

  insert into places (object, key, own, "foreign", alone, fresh)
  select 'public.' || t.name, t.key, v_ids ->> t.id, v_other ->> t.id, v_alone ->> t.id, t.fresh
  from (values
    ('organizations', 'organization_id', 'organization', '{"organization_id": ":new", "created_by": ":actor"}'::jsonb),
    ('organization_members', 'user_id', 'owner', null),
    ('organization_invitations', 'organization_id', 'organization',
      '{"invitation_id": ":new", "token_hash": ":new", "email": ":new@example.org", "invited_by": ":actor"}'),
    ('function_models', 'model_id', 'model',
      '{"model_id": ":new", "name": ":new", "status": "draft", "user_id": ":actor", "permissions": {"owner": ":actor"}}'),
    ('container_nodes', 'node_id', 'stage', '{"node_id": ":new"}'),
    ('node_dependencies', 'node_id', 'second', null),
    ('action_nodes', 'parent_node_id', 'stage', '{"action_id": ":new", "execution_order": 2}'),
    ('function_model_versions', 'version_id', 'free', '{"version_id": ":new", "version_number": "0.0.2", "author_id": ":actor"}'),
    ('audit_logs', 'model_id', 'model', '{"audit_id": ":new"}'),
    ('workflows', 'workflow_id', 'workflow', '{"workflow_id": ":new", "user_id": ":actor"}'),
    ('knowledge_contents', 'content_id', 'content', '{"content_id": ":new", "user_id": ":actor"}'),
    ('domain_events', 'aggregate_id', 'model',
      '{"position": null, "event_id": ":new", "aggregate_id": ":new", "aggregate_version": 1, "actor_id": ":actor"}'),
    ('workflow_executions', 'execution_id', 'run',
      '{"execution_id": ":new", "status": "pending", "revision": 1, "stream_version": 0, "started_by": ":actor"}'),
    ('schedules', 'schedule_id', 'schedule', '{"schedule_id": ":new", "user_id": ":actor", "revision": 1}'),
    ('action_runs', 'execution_id', 'run', '{"step": 90, "output": null}'),
    ('execution_logs', 'execution_id', 'run', '{"log_id": null}'),
    ('execution_events', 'aggregate_id', 'run', '{"position": null, "event_id": ":new", "aggregate_version": 1000}'),
    ('node_links', 'link_id', 'link', '{"link_id": ":new", "link_type": "supports", "created_by": ":actor"}'),
    ('ai_agents', 'agent_id', 'agent', '{"agent_id": ":new", "name": ":new", "created_by": ":actor"}'),
    ('node_metadata', 'entity_id', 'model', '{"metadata_id": ":new", "node_id": ":new", "created_by": ":actor"}'),
    ('agent_coordinations', 'coordination_id', 'agent', '{"coordination_id": ":new", "requested_by": ":actor"}'),
    ('agent_tasks', 'task_id', 'agent', '{"task_id": ":new", "requested_by": ":actor"}'),
    ('node_contexts', 'model_id', 'model', '{"context_id": ":new", "node_id": ":new"}'),
    ('secrets', 'secret_id', 'secret', '{"secret_id": ":new", "name": "n:new", "user_id": ":actor"}')
  ) as t (name, key, id, fresh);
  -- A member of the own organization is the viewer, so that admins and the one concerned can be told apart.
  update places
  set own = pg_temp.person('viewer')::text, "foreign" = pg_temp.person('stranger')::text, alone = null,
      fresh = jsonb_build_object('user_id', pg_temp.person('removed'), 'role', 'editor')
  where object = 'public.organization_members';
  -- A dependency the other way round is new.
  update places
  set fresh = jsonb_build_object('node_id', v_ids ->> 'stage', 'dependency_id', v_ids ->> 'second'),
      fresh_foreign = jsonb_build_object('node_id', v_other ->> 'stage', 'dependency_id', v_other ->> 'second')
  where object = 'public.node_dependencies';
  -- What belongs to nobody's organization is made once, not once per tenant.
  update places set fresh_foreign = '{}' where object in ('public.organizations', 'public.domain_events');

  insert into places (object, key, own, "foreign", fresh)
  select 'private.' || t.name, t.key, v_ids ->> t.id, v_other ->> t.id, t.fresh
  from (values
    ('idempotency_keys', 'user_id', 'owner', '{"key": ":new", "user_id": ":actor"}'::jsonb),
    ('link_batches', 'user_id', 'owner', '{"batch_id": ":new", "user_id": ":actor"}'),
    ('plans', 'version_id', 'version', null),
    ('plan_steps', 'version_id', 'version', '{"step": 90}'),
    ('plan_groups', 'version_id', 'version', '{"group_id": 90}'),
    ('ready', 'execution_id', 'run', '{"ready_id": null}'),
    ('worker_leases', 'lease_token', 'run', '{"lease_token": ":new"}'),
    ('live_executions', 'execution_id', 'run', '{"execution_id": ":new"}'),
    ('group_cursors', 'execution_id', 'run', '{"group_id": 90}'),
    ('secret_values', 'secret_id', 'secret', null),
    ('event_subscriptions', 'name', 'run', '{"name": ":new"}'),
    ('set_aside_events', 'subscription', 'run', '{"position": 90}'),
    ('dead_letter_events', 'subscription', 'run', '{"position": 90}'),
    ('event_migrations', 'event_type', 'run', '{"event_type": ":new"}')
  ) as t (name, key, id, fresh);
  update places set fresh_foreign = '{}' where object in ('private.idempotency_keys', 'private.link_batches', 'private.worker_leases', 'private.live_executions', 'private.event_subscriptions', 'private.event_migrations');
  update places
  set fresh = jsonb_build_object('version_id', v_ids ->> 'free'), fresh_foreign = jsonb_build_object('version_id', v_other ->> 'free')
  where object = 'private.plans';
  update places
  set fresh = jsonb_build_object('secret_id', v_ids ->> 'bare'), fresh_foreign = jsonb_build_object('secret_id', v_other ->> 'bare')
  where object = 'private.secret_values';
  -- What seals are made of belongs to nobody; "own" is here the one and "foreign" another.
  -- The newest seal is left to whoever publishes it meanwhile.
  perform private.seal_audit_logs(5);
  v_seals := array(select seal.seal_number from public.audit_seals as seal order by seal.seal_number desc limit 4);
  insert into private.audit_publications (seal_number) values (v_seals[3]), (v_seals[4]);
  insert into places (object, key, own, "foreign", fresh)
  values
    ('public.audit_seals', 'seal_number', v_seals[3], v_seals[4], '{"seal_number": 1000000000}'),
    ('private.audit_publications', 'seal_number', v_seals[3], v_seals[4], jsonb_build_object('seal_number', v_seals[2])),
    ('private.audit_exports', 'location', 'matrix-' || (v_ids ->> 'secret'), 'matrix-' || (v_other ->> 'secret'),
      '{"export_id": ":new"}'),
    ('private.audit_fields', 'position',
      (select min(entry.position) from public.audit_logs as entry where entry.model_id = (v_ids ->> 'model')::uuid),
      (select min(entry.position) from public.audit_logs as entry where entry.model_id = (v_other ->> 'model')::uuid), null),
    ('private.upcast_events', 'position',
      (select event.position from public.domain_events as event where event.aggregate_id = (v_ids ->> 'link')::uuid),
      (select event.position from public.domain_events as event where event.aggregate_id = (v_other ->> 'link')::uuid),
      '{"position": 1000000000000}');
  update places set fresh_foreign = '{}'
  where object in ('public.audit_seals', 'private.audit_publications', 'private.audit_exports', 'private.upcast_events');
  update places set fresh_foreign = fresh where fresh_foreign is null;
  update places set fresh_foreign = null where fresh_foreign = '{}';
  update places set saved_with_model = true
  where object in ('public.container_nodes', 'public.node_dependencies', 'public.action_nodes', 'private.plan_steps', 'private.plan_groups');
  update places set change = changes.change
  from (values
    ('public.organization_members', 'role = ''member'''),
    ('public.organization_invitations', 'role = ''member'''),
    ('public.node_dependencies', 'position = 7'),
    ('public.function_model_versions', 'is_published = true'),
    ('public.schedules', 'revision = revision + 1, user_id = coalesce(private.actor_id(),user_id)'),
    ('public.action_runs', 'attempt = attempt + 1'),
    ('public.agent_coordinations', 'current_stage = current_stage + 1'),
    ('public.agent_tasks', 'attempts = attempts + 1'),
    ('private.ready', 'step = 2'),
    ('private.worker_leases', 'worker = ''other'''),
    ('private.live_executions', 'deadline = now() + interval ''1 day'''),
    ('private.group_cursors', 'next = next + 1'),
    ('private.secret_values', 'sealed = sealed || 1'),
    ('private.event_subscriptions', 'batch = batch + 1'),
    ('private.set_aside_events', 'attempts = 7'),
    ('private.dead_letter_events', 'attempts = 7'),
    ('private.upcast_events', 'data = ''{"a": 1}'''),
    ('private.event_migrations', 'migrated = 7')
  ) as changes (object, change)
  where changes.object = places.object;
end
$$;

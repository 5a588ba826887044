-- What the migrations make, written by `cargo xtask snapshot`. Nobody runs this.

function private.action_nodes_of(jsonb) returns TABLE("actionId" uuid, "parentNodeId" uuid, "actionType" text, name text, description text, "executionMode" text, "executionOrder" integer, status text, priority smallint, "estimatedDurationMinutes" double precision, "retryPolicy" jsonb, raci jsonb, "actionSpecificData" jsonb, metadata jsonb, "createdAt" timestamp with time zone, "updatedAt" timestamp with time zone, place bigint)
  language sql, stable, set search_path=""
  body 61f426be8fb582ef727dcc9ec0a94072
  execute for fm_writer

function private.actor_id() returns uuid
  language plpgsql, stable, set search_path=""
  body 9ed38bed1a94e3db3fda43ecc8bc817e
  execute for authenticated, fm_engine, fm_writer

function private.acts_on_model(jsonb,uuid) returns text[]
  language plpgsql, stable, security definer, set search_path=""
  body 19802488377511440d5422dd374e6517
  execute for fm_writer

function private.add_model_version(uuid,jsonb,jsonb) returns void
  language plpgsql, volatile, set search_path=""
  body 13d9b7a1e05c2a00038285453b2be9c6
  execute for fm_writer

function private.add_node_link(jsonb) returns uuid
  language plpgsql, volatile, set search_path=""
  body aa261beede37937def68a17c0c814ddb
  execute for fm_writer

function private.agent_in_wire_form(ai_agents) returns jsonb
  language sql, stable, set search_path=""
  body b0c0b421f19f4c10afaabb33aa0e8adf
  execute for fm_engine, fm_writer

function private.agent_removed(uuid) returns jsonb
  language sql, stable, set search_path=""
  body ef076cc36375083eec7a4766c0ab514f
  execute for fm_writer

function private.agent_work_is_due() returns boolean
  language sql, volatile, set role=fm_engine, set search_path=""
  body 29585706404d8745dc4adaefe26d2578

function private.aggregates_behind(text,uuid,integer) returns uuid[]
  language sql, stable, security definer, set search_path=""
  body bffd79bfba9f6f2ad56dbc97d07e9a33

function private.any_left(uuid,jsonb) returns boolean
  language plpgsql, volatile, set search_path=""
  body 6b7f99c36451c291c0cbbada4bcaf0b9
  execute for fm_writer

function private.append_audit_seal(audit_seals) returns audit_seals
  language plpgsql, volatile, set search_path="", set client_encoding=UTF8
  body 6e4399350d3b4adb8ca0df78e44c943f
  execute for fm_engine

function private.append_context_events(uuid,uuid,jsonb,uuid) returns void
  language plpgsql, volatile, set role=fm_engine, set search_path=""
  body af713dfecdcb7a7bbbbe2882c133a0e5
  execute for fm_writer

function private.append_events(text,uuid,uuid,jsonb) returns void
  language plpgsql, volatile, set search_path=""
  body d3a4f68ba07509e419399b66dddebce2
  execute for fm_engine, fm_writer

function private.append_purge_events(function_models) returns void
  language plpgsql, volatile, set search_path=""
  body 9d613bb03715fe2d8fc0c7b9ac951304
  execute for fm_writer

function private.apply_failure(jsonb) returns void
  language plpgsql, volatile, set role=fm_engine, set search_path=""
  body 2d5bf42abf6230e1ae2c5ca7101a2acd
  execute for fm_writer

function private.apply_model_save(jsonb) returns integer
  language plpgsql, volatile, set search_path=""
  body b5941cb5437e9f0d67669c45b5aed4d1
  execute for fm_writer

function private.apply_outcomes(private.turn,private.accepted_outcome[]) returns private.turn
  language plpgsql, volatile, set search_path=""
  body b085d6bda12a9aec8dba94d35de95590
  execute for fm_engine

function private.arrive(private.turn) returns private.turn
  language plpgsql, volatile, set search_path=""
  body 6f6da4121487123414e532b1d969ee90
  execute for fm_engine

table private.audit_exports, row level security
  export_id uuid not null default (private.uuid_v7())
  month text not null
  row_count bigint not null
  digest text not null
  location text not null
  exported_by text not null default (SESSION_USER)
  exported_at timestamp with time zone not null default (now())
  retired_by_seal bigint
  constraint audit_exports_pkey PRIMARY KEY (export_id)
  constraint audit_exports_retired_by_seal_fkey FOREIGN KEY (retired_by_seal) REFERENCES audit_seals(seal_number)
  constraint export_counts_its_rows CHECK ((row_count >= 0))
  constraint export_digest_is_sha256 CHECK ((digest ~ '^[0-9a-f]{64}$'::text))
  constraint export_is_somewhere CHECK (((length(btrim(location)) >= 1) AND (length(btrim(location)) <= 1000)))
  constraint exported_month_is_a_month CHECK ((month ~ '^\d{4}-(0[1-9]|1[0-2])$'::text))
  CREATE INDEX audit_exports_retired_by_seal_idx ON private.audit_exports USING btree (retired_by_seal)

view private.audit_fields with (security_invoker=true)
  position bigint
  month text
  fields text[]
  grant select to fm_engine

function private.audit_partition(text) returns regclass
  language plpgsql, stable, set search_path=""
  body e852a13661f96b4c5be8886db6819293

sequence private.audit_positions
  grant usage to fm_engine

table private.audit_publications, row level security
  seal_number bigint not null
  published_at timestamp with time zone not null default (now())
  constraint audit_publications_pkey PRIMARY KEY (seal_number)
  constraint audit_publications_seal_number_fkey FOREIGN KEY (seal_number) REFERENCES audit_seals(seal_number)
  policy "Who publishes seals keeps the list" for all to fm_engine using (true) with check (true)
  grant insert, select to fm_engine

function private.audit_watermark() returns bigint
  language plpgsql, volatile, set search_path=""
  body cd2a195ec744dccd76c28778b36af0d0
  execute for fm_engine

function private.begin_command(jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set search_path=""
  body d67fa6696286931c84616c68304a401a
  execute for fm_writer

function private.begin_executions(uuid[],jsonb,integer) returns jsonb
  language plpgsql, volatile, set role=fm_engine, set search_path=""
  body d9c64b98b1e25fa64daff748fe5e8e34
  execute for fm_engine, fm_writer

function private.begin_runs(private.turn,uuid[]) returns private.turn
  language plpgsql, volatile, set search_path=""
  body fdcb197192dcc06a4b08c0fac5ed0bd2
  execute for fm_engine

function private.broadcast(jsonb[]) returns void
  language plpgsql, volatile, security definer, set search_path=""
  body df78245ca879303ecdd85324010b58cc
  execute for fm_engine, fm_writer

function private.broken_links_of_model(uuid) returns jsonb
  language plpgsql, stable, set search_path=""
  body ef7f499a65757dee65226375536ab900

function private.call_worker(text) returns boolean
  language plpgsql, volatile, set search_path=""
  body 22289e52e83f0430474c8a689ee7398c

function private.cancel_runs(uuid[],text,uuid) returns void
  language plpgsql, volatile, set role=fm_engine, set search_path=""
  body 0d9bac01f71a701b765cdb089e80fe93
  execute for fm_writer

function private.change_of(private.step_run,text) returns private.step_change
  language plpgsql, immutable, set search_path=""
  body dc776e4d16ce5d91c80e0b694008090d
  execute for fm_engine

function private.change_structure(uuid,jsonb) returns void
  language plpgsql, volatile, set search_path=""
  body 72e6d51a4f82b3e585d4a1d19979bf42
  execute for fm_writer

function private.claim_agent_tasks(uuid,integer) returns jsonb
  language plpgsql, volatile, set search_path=""
  body 0af6c0e9ab963482567fd35eef11276b
  execute for fm_engine

function private.claims_of(private.turn) returns jsonb
  language plpgsql, stable, set search_path=""
  body 3b7349f37e0d9f1184af4ec98033576b
  execute for fm_engine

function private.close_turn(private.turn,boolean) returns private.turn
  language plpgsql, volatile, set search_path=""
  body a9b373692912887912056ecc81c74920
  execute for fm_engine

function private.complete_steps(private.turn,private.accepted_outcome[]) returns private.turn
  language plpgsql, volatile, set search_path=""
  body 375ba6f7404df1b83537b5ca817dc84c
  execute for fm_engine

function private.container_end(uuid,integer,integer) returns text
  language plpgsql, stable, set search_path=""
  body 156dca8792e75be8447efdc1b7e1b5f3
  execute for fm_engine

function private.container_events(text,private.step_run[]) returns private.event_draft[]
  language plpgsql, stable, set search_path=""
  body 8b2875ac5fb866510dd080dac63d8581
  execute for fm_engine

function private.container_nodes_of(jsonb) returns TABLE("nodeId" uuid, "nodeType" text, name text, description text, x double precision, y double precision, "executionType" text, status text, "timeoutMs" integer, metadata jsonb, "visualProperties" jsonb, "typeSpecificData" jsonb, "createdAt" timestamp with time zone, "updatedAt" timestamp with time zone, place bigint)
  language sql, stable, set search_path=""
  body b58445e8a5e1904aa74f3eaaa8f72176
  execute for fm_writer

function private.count_sealed_month(text) returns bigint
  language plpgsql, volatile, set search_path=""
  body 858ea58e0e25851b7c27357a644e9ac6

function private.current_request() returns jsonb
  language plpgsql, stable, set search_path=""
  body 5c837f01780d2e00ecc98eaefdb5ba4d
  execute for fm_engine, fm_writer

table private.dead_letter_events, row level security
  subscription text not null
  position bigint not null
  event_id uuid not null
  aggregate_id uuid not null
  attempts smallint not null
  error text not null
  parked_at timestamp with time zone not null default (now())
  constraint dead_letter_events_pkey PRIMARY KEY (subscription, "position")
  constraint dead_letter_events_subscription_fkey FOREIGN KEY (subscription) REFERENCES private.event_subscriptions(name) ON DELETE CASCADE
  policy "The engine keeps dead letters" for all to fm_engine using (true) with check (true)
  grant delete, insert, select, update to fm_engine

function private.dependents_of_model(uuid) returns jsonb
  language sql, stable, set search_path=""
  body bd7b61cc1d9c2ef119f5ff804dfdf98e

function private.describe_change(uuid,uuid,jsonb) returns void
  language plpgsql, volatile, set search_path=""
  body 7a21fd9e3f764f0aca5e8a4c48ae3ba8
  execute for fm_writer

function private.draft_event(private.turn,uuid,text,jsonb,uuid) returns private.turn
  language plpgsql, volatile, set search_path=""
  body 6508782ba33da4f1a71372e9cccf7a2e
  execute for fm_engine

function private.drop_task_of_step(uuid,integer) returns uuid
  language sql, volatile, security definer, set search_path=""
  body 01f417107e363c8f3bae47412e4fa20a
  execute for fm_writer

function private.end_runs(private.turn) returns private.turn
  language plpgsql, volatile, set search_path=""
  body 73593ee4d2bb67918aa859e2536da505
  execute for fm_engine

function private.end_steps(private.turn,private.step_run[]) returns private.turn
  language plpgsql, volatile, set search_path=""
  body b44ea796de5b3a33918886798fec8fff
  execute for fm_engine

function private.ended_stages(uuid) returns jsonb
  language plpgsql, volatile, set search_path=""
  body 81ef9289044d57443e4188912355da34
  execute for fm_engine

function private.ends_of(private.turn) returns jsonb
  language plpgsql, immutable, set search_path=""
  body 08187f00d3a3050009c157120eed92ab
  execute for fm_engine

function private.enqueue(workflow_executions,integer,interval) returns void
  language plpgsql, volatile, set search_path=""
  body 33eeeec378c2b88f9ff027bfe14d00ce
  execute for fm_engine

table private.event_migrations, row level security
  event_type text not null
  from_version smallint not null
  to_version smallint not null
  position bigint not null default (0)
  migrated bigint not null default (0)
  started_at timestamp with time zone not null default (now())
  updated_at timestamp with time zone not null default (now())
  constraint event_migrations_pkey PRIMARY KEY (event_type, from_version, to_version)
  constraint migrated_type_is_named CHECK (((length(event_type) >= 1) AND (length(event_type) <= 100)))
  constraint migration_leads_to_a_newer_version CHECK (((from_version >= 1) AND (to_version > from_version)))
  constraint migration_position_is_not_negative CHECK (("position" >= 0))
  policy "The engine keeps how far migrations have come" for all to fm_engine using (true) with check (true)
  grant insert, select, update to fm_engine

sequence private.event_positions
  grant usage to fm_engine
  grant usage to fm_writer

table private.event_subscriptions, row level security
  name text not null
  event_types text[]
  aggregate_types text[]
  position bigint not null
  batch bigint not null default (0)
  leased_until timestamp with time zone
  delivered_up_to bigint
  delivered uuid[] not null default ('{}'::uuid[])
  max_attempts smallint not null default (8)
  created_at timestamp with time zone not null default (now())
  updated_at timestamp with time zone not null default (now())
  constraint event_subscriptions_pkey PRIMARY KEY (name)
  constraint events_are_tried_1_to_100_times CHECK (((max_attempts >= 1) AND (max_attempts <= 100)))
  constraint position_is_not_negative CHECK (("position" >= 0))
  constraint subscription_name_is_a_word CHECK ((name ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'::text))
  policy "The engine keeps subscriptions" for all to fm_engine using (true) with check (true)
  grant delete, insert, select, update to fm_engine

function private.event_watermark() returns bigint
  language plpgsql, volatile, set search_path=""
  body 2dc6fba5503d29acc58290c02f2eb56f
  execute for fm_engine

function private.events_between(bigint,bigint,text[],text[],integer,integer) returns TABLE("position" bigint, event_id uuid, aggregate_id uuid, envelope text)
  language sql, stable, set search_path="", set plan_cache_mode=force_custom_plan
  body c315551c60b87f191d5a493818b34af3
  execute for fm_engine

function private.fail_step(private.turn,private.step_run,jsonb) returns private.turn
  language plpgsql, volatile, set search_path=""
  body 7fc661f8b1a39a1d3252bfab0f000b96
  execute for fm_engine

function private.find_words_in_contents(text) returns TABLE(content_id uuid, rank real)
  language sql, stable, security definer, set search_path=""
  body 846796d48b558fd5f0d6749c81d737af
  execute for fm_writer

function private.find_words_in_models(text) returns TABLE(model_id uuid, rank integer)
  language sql, stable, security definer, set search_path=""
  body 1b04a6bb7706ea213d6696e37818da0e
  execute for authenticated

function private.function_model_in_wire_form(uuid,boolean) returns jsonb
  language sql, stable, security definer, set search_path=""
  body 4a9b32001ed7eb9e90147faaccc86679
  execute for fm_writer

function private.give_up_agent_task(agent_tasks,text,text,text) returns void
  language plpgsql, volatile, set search_path=""
  body 13bc12b894081cb542c94394d5eb22fd
  execute for fm_engine

function private.gone_users(uuid) returns jsonb
  language sql, stable, security definer, set search_path=""
  body 4996d6dfe411ecd4f220958ad982284b

table private.group_cursors, row level security
  execution_id uuid not null
  group_id integer not null
  next integer not null
  constraint group_cursors_pkey PRIMARY KEY (execution_id, group_id)
  policy "The engine keeps its cursors" for all to fm_engine using (true) with check (true)
  grant delete, insert, select, update to fm_engine

function private.hand_over(private.turn,private.step_run[]) returns private.turn
  language plpgsql, volatile, set search_path=""
  body ca1bbc301ee0f4928acedb89839c5955
  execute for fm_engine

function private.has_room(ai_agents) returns boolean
  language sql, volatile, security definer, set search_path=""
  body 6caa0fcbfa408d5239ca9b7ed411f3eb
  execute for fm_engine, fm_writer

table private.idempotency_keys, row level security
  user_id uuid not null
  key text not null
  path text not null
  body_hash text not null
  answer jsonb not null
  created_at timestamp with time zone not null default (now())
  constraint idempotency_keys_pkey PRIMARY KEY (user_id, key, path)
  constraint key_has_1_to_200_characters CHECK (((length(key) >= 1) AND (length(key) <= 200)))
  CREATE INDEX idempotency_keys_created_at_idx ON private.idempotency_keys USING btree (created_at)
  policy "Users find their own keys" for select to fm_writer using ((user_id = ( SELECT private.actor_id() AS actor_id)))
  policy "Users take an expired key again" for update to fm_writer using ((user_id = ( SELECT private.actor_id() AS actor_id)))
  policy "Users take keys of their own" for insert to fm_writer with check ((user_id = ( SELECT private.actor_id() AS actor_id)))
  grant insert, select, update to fm_writer

function private.insert_executions(jsonb,workflow_executions,integer) returns uuid[]
  language plpgsql, volatile, set search_path=""
  body 0e6bdab3cf30dbadfab09935b6398046
  execute for fm_writer

function private.insert_function_model(uuid,jsonb) returns void
  language sql, volatile, set search_path=""
  body b947ebfa62bf2b57a7c28b1211c90ccc
  execute for fm_writer

function private.insert_nested_execution(workflow_executions,integer,jsonb) returns void
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body 6de0046a48e77df4833033320e9b9347
  execute for fm_engine

function private.insert_scheduled_execution(uuid,jsonb) returns uuid[]
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body 606260255d2a735b995df848e9dbf5f1
  execute for fm_engine

function private.insert_structure(uuid,jsonb,jsonb) returns void
  language plpgsql, volatile, set search_path="", set plan_cache_mode=force_custom_plan, set enable_nestloop=off, set jit=off
  body 407e385a91f7e9eee9d9888bb18f090b
  execute for fm_writer

function private.invitation_of_actor(text) returns organization_invitations
  language plpgsql, volatile, security definer, set search_path=""
  body 776b0dd71159d7194cb53ca8340268ac
  execute for fm_writer

function private.is_purging() returns boolean
  language sql, stable, set search_path=""
  body 5ea96394e4509d67b822dbfe9d40f0cd

function private.is_rebuilding() returns boolean
  language sql, stable, set search_path=""
  body a0e84fb2513505be6a4136aec24aafcc
  execute for fm_writer

function private.is_service() returns boolean
  language plpgsql, stable, set search_path=""
  body b4b90e73f5d0136b3d0fee657c44b6bf
  execute for authenticated, fm_writer

function private.keyword_text(text[]) returns text
  language sql, immutable, set search_path=""
  body 24385c91702229bf3a584b13e9e7667d
  execute for fm_writer

function private.knowledge_content(knowledge_contents) returns jsonb
  language sql, stable, set search_path=""
  body da2ab7c554915d40fe109153f16cbaff
  execute for fm_writer

function private.lease_lock(uuid) returns bigint
  language plpgsql, immutable, set search_path=""
  body 2cc60aaaed2dc74919a5bf07c01158a4
  execute for fm_engine

table private.link_batches, row level security
  user_id uuid not null
  batch_id text not null
  begun_at timestamp with time zone not null default (now())
  constraint batch_name_has_1_to_200_characters CHECK (((length(batch_id) >= 1) AND (length(batch_id) <= 200)))
  constraint link_batches_pkey PRIMARY KEY (user_id, batch_id)
  policy "Users begin a batch again that was left behind" for update to fm_writer using ((user_id = ( SELECT private.actor_id() AS actor_id)))
  policy "Users begin batches of their own" for insert to fm_writer with check ((user_id = ( SELECT private.actor_id() AS actor_id)))
  policy "Users end their own batches" for delete to fm_writer using ((user_id = ( SELECT private.actor_id() AS actor_id)))
  policy "Users see their own batches" for select to fm_writer using ((user_id = ( SELECT private.actor_id() AS actor_id)))
  grant delete, insert, select, update to fm_writer

function private.link_end(text,uuid,uuid[]) returns jsonb
  language plpgsql, stable, set search_path=""
  body 0cb9c509e031e194daa4a8abe137e995
  execute for fm_writer

function private.link_history(uuid[],timestamp with time zone,integer) returns jsonb
  language sql, stable, security definer, set search_path=""
  body c88a60bb052c1f92e931d18fa4af0630
  execute for fm_writer

function private.link_is_taken(jsonb) returns boolean
  language sql, stable, security definer, set search_path=""
  body 91845f5ccddeccb3aad061cf78ae4b48
  execute for fm_writer

function private.links_ever_at(uuid,integer) returns uuid[]
  language sql, stable, security definer, set search_path=""
  body c793ef0179e0c6728e7d70212b042f80
  execute for fm_writer

function private.list_of(jsonb) returns jsonb
  language sql, immutable, set search_path=""
  body 59e544c2eb96a1700dd984da20cfaa85

table private.live_executions, row level security
  execution_id uuid not null
  deadline timestamp with time zone
  constraint live_executions_pkey PRIMARY KEY (execution_id)
  CREATE INDEX live_executions_deadline_idx ON private.live_executions USING btree (deadline) WHERE (deadline IS NOT NULL)
  policy "The engine keeps its list of live runs" for all to fm_engine using (true) with check (true)
  grant delete, insert, select, update to fm_engine

function private.lock_agents_of_tenant(uuid,boolean) returns boolean
  language plpgsql, volatile, set search_path=""
  body dab96b4583edf1b4f6e5665a41a505fa
  execute for fm_engine, fm_writer

function private.lock_aggregate(text,uuid) returns uuid
  language plpgsql, volatile, security definer, set search_path=""
  body b5572bebb73f903528b61e6a4ec0514d
  execute for fm_writer

function private.lock_context_tree(uuid,uuid) returns void
  language sql, volatile, set search_path=""
  body 15753886df70da8ee5b927de5b96c90c
  execute for fm_writer

function private.lock_deleted_model(uuid) returns function_models
  language sql, volatile, security definer, set search_path=""
  body b2a4e144b96f94e48b81853f84b123de
  execute for fm_writer

function private.lock_execution(uuid,integer) returns workflow_executions
  language plpgsql, volatile, set search_path=""
  body 0a448561bd65231c715978f5f2c0c02a
  execute for fm_writer

function private.lock_function_model(uuid,integer) returns function_models
  language plpgsql, volatile, set search_path=""
  body ebcb7008630e919a59cd9fa3a4962b96
  execute for fm_writer

function private.lock_node_link(uuid,integer) returns node_links
  language plpgsql, volatile, set search_path=""
  body c2a45323c6cd944e58bcb3afe7f3ca32
  execute for fm_writer

function private.lock_organization(uuid) returns integer
  language plpgsql, volatile, security definer, set search_path=""
  body be60214b3922c36dbc08ce11d1641cbf
  execute for fm_writer

function private.lock_runs_of(jsonb) returns uuid[]
  language plpgsql, volatile, set search_path=""
  body 5221b5e1549a41d888385a819fef9b03
  execute for fm_engine

function private.lock_stream_of_agent(uuid) returns void
  language sql, volatile, security definer, set search_path=""
  body 52adbd952c9da2e069ace2d3fbc4564b
  execute for fm_engine, fm_writer

function private.lock_stream_of_model(uuid) returns void
  language sql, volatile, security definer, set search_path=""
  body 79b41a25684f42775bcddc7facbdef28
  execute for fm_writer

function private.lock_subscription(text) returns private.event_subscriptions
  language plpgsql, volatile, set search_path=""
  body 8705f77169979dca8e1929f01fbe9d43
  execute for fm_engine

function private.lock_tree(uuid[]) returns uuid[]
  language plpgsql, volatile, set search_path=""
  body 9eecd7a419614d5e0f50ba536ff15e22
  execute for fm_engine

function private.make_audit_partitions(integer) returns integer
  language plpgsql, volatile, security definer, set search_path=""
  body 70546ace03562cbc9ff4e8dbea0cdad1

function private.make_event_partitions(integer) returns integer
  language plpgsql, volatile, security definer, set search_path=""
  body 8a6ff19150de11b6fcaff86256f88446

function private.may_on_entity(text,uuid,uuid,uuid) returns boolean
  language plpgsql, stable, security definer, set search_path=""
  body 07d009e44ad986dcb8a40e53e20c1d69
  execute for fm_writer

function private.merkle_root(bytea) returns bytea
  language plpgsql, immutable, set search_path=""
  body 9b3d5f17cc3704ee4828a9987bb55ce7
  execute for fm_engine

function private.message_of(workflow_executions,text,jsonb) returns jsonb
  language plpgsql, stable, set search_path=""
  body 9e72ae85df6878a35b220df1ed348740
  execute for fm_engine

function private.milliseconds(interval) returns bigint
  language plpgsql, immutable, set search_path=""
  body 6916eebcd9bfb9ad0b453f2e62c55b2c
  execute for fm_engine

function private.model_being_saved() returns uuid
  language sql, stable, set search_path=""
  body 6016f851ad6f74c0a1dc98382eea5e2f
  execute for fm_writer

function private.model_relations(function_models) returns jsonb
  language sql, stable, security definer, set search_path=""
  body adf67682a0b43775b18596df09531581
  execute for fm_writer

function private.my_organizations(text[]) returns SETOF uuid
  language plpgsql, stable, security definer, set search_path=""
  body 0225756e332b9606fdd96b22708010cb
  execute for authenticated, fm_writer

function private.nest_step(private.turn,private.step_run,jsonb) returns private.turn
  language plpgsql, volatile, set search_path=""
  body e29cfcd0f756da70f65e314df4c486fc
  execute for fm_engine

function private.nested_by_model(uuid) returns jsonb
  language sql, stable, set search_path=""
  body 4e248878ee046a2c0181fc42b76fb9e3

function private.next_due() returns jsonb
  language plpgsql, volatile, set search_path=""
  body 3c42daffc585959a3b2f8dac9c80fb68
  execute for fm_engine

function private.next_of_groups(private.step_run[]) returns private.arrival[]
  language plpgsql, volatile, set search_path=""
  body d75fcc87bb56d2d888ca3806826666b9
  execute for fm_engine

function private.note_restart(private.step_run,interval) returns void
  language plpgsql, volatile, set search_path=""
  body d44db54bf3200be5655805dc34dc549a
  execute for fm_engine

function private.note_use_of_secrets(uuid[]) returns void
  language sql, volatile, security definer, set search_path=""
  body 554840132522abb4a9a704a998b989c6
  execute for fm_writer

function private.open_turn(uuid,integer,uuid[]) returns private.turn
  language plpgsql, stable, set search_path=""
  body 3051c86b9d8acde74c8b88b8b5fa4d86
  execute for fm_engine

function private.opening_step(uuid,integer,integer) returns integer
  language plpgsql, stable, set search_path=""
  body 7f98bb755d2c217881c4f61f5b1c0daa
  execute for fm_engine

function private.organization_of_model(uuid) returns uuid
  language sql, stable, security definer, set search_path=""
  body 2d3b7e44e80f10be215916871a421c48
  execute for fm_writer

function private.pause_after(integer) returns interval
  language sql, immutable, set search_path=""
  body 1ad5403145f0c6cefc3070ecd71b4b57
  execute for fm_engine

table private.plan_groups, row level security
  version_id uuid not null
  group_id integer not null
  members integer[] not null
  concurrency integer not null
  constraint concurrency_is_positive CHECK ((concurrency >= 1))
  constraint plan_groups_pkey PRIMARY KEY (version_id, group_id)
  constraint plan_groups_version_id_fkey FOREIGN KEY (version_id) REFERENCES private.plans(version_id) ON DELETE CASCADE
  policy "Authors of a version store its groups" for insert to fm_writer with check ((version_id IN ( SELECT version.version_id FROM function_model_versions version WHERE ((version.model_id = ( SELECT private.model_being_saved() AS model_being_saved)) AND (version.author_id = ( SELECT private.actor_id() AS actor_id))))))
  policy "The engine reads every group" for select to fm_engine using (true)
  policy "Who sees a version sees its groups" for select to fm_writer using ((EXISTS ( SELECT FROM function_model_versions version WHERE (version.version_id = plan_groups.version_id))))
  grant select to fm_engine
  grant insert, select to fm_writer

table private.plan_steps, row level security
  version_id uuid not null
  step integer not null
  kind text not null
  indegree integer not null
  successors integer[] not null
  group_id integer
  opened_by integer
  node_id uuid
  action_id uuid
  event jsonb not null default ('{}'::jsonb)
  constraint plan_steps_pkey PRIMARY KEY (version_id, step)
  constraint plan_steps_version_id_fkey FOREIGN KEY (version_id) REFERENCES private.plans(version_id) ON DELETE CASCADE
  constraint step_kind_is_known CHECK ((kind = ANY (ARRAY['pass'::text, 'open'::text, 'close'::text, 'join'::text, 'action'::text])))
  policy "Authors of a version store its steps" for insert to fm_writer with check ((version_id IN ( SELECT version.version_id FROM function_model_versions version WHERE ((version.model_id = ( SELECT private.model_being_saved() AS model_being_saved)) AND (version.author_id = ( SELECT private.actor_id() AS actor_id))))))
  policy "The engine reads every step" for select to fm_engine using (true)
  policy "Who sees a version sees its steps" for select to fm_writer using ((EXISTS ( SELECT FROM function_model_versions version WHERE (version.version_id = plan_steps.version_id))))
  grant select to fm_engine
  grant insert, select to fm_writer

table private.plans, row level security
  version_id uuid not null
  plan jsonb not null
  total_steps integer not null
  total_nodes integer not null
  roots integer[] not null
  outputs integer[] not null
  constraint plans_pkey PRIMARY KEY (version_id)
  constraint plans_version_id_fkey FOREIGN KEY (version_id) REFERENCES function_model_versions(version_id) ON DELETE CASCADE
  policy "Authors of a version store its plan" for insert to fm_writer with check ((EXISTS ( SELECT FROM function_model_versions version WHERE ((version.version_id = plans.version_id) AND (version.author_id = ( SELECT private.actor_id() AS actor_id))))))
  policy "The engine reads every plan" for select to fm_engine using (true)
  policy "Who sees a version sees its plan" for select to fm_writer using ((EXISTS ( SELECT FROM function_model_versions version WHERE (version.version_id = plans.version_id))))
  grant select to fm_engine
  grant insert, select to fm_writer

function private.position_before(timestamp with time zone) returns bigint
  language sql, volatile, set search_path=""
  body 9c4c2d11e9c0dd27d35befda5698aaad
  execute for fm_engine

function private.publish_audit_seal() returns boolean
  language plpgsql, volatile, set search_path=""
  body 9629de5a507ca5279bc04a828e9cf71e

function private.purge() returns void
  language plpgsql, volatile, set search_path=""
  body 809891b47d76fec4a6526d05d368a45f

function private.put_action_nodes(uuid,jsonb) returns void
  language plpgsql, volatile, set search_path=""
  body b7a436c5f27681f7044e76e5e85f2a8a
  execute for fm_writer

function private.put_container_nodes(uuid,jsonb) returns void
  language plpgsql, volatile, set search_path=""
  body dfeab7a4b2faf4c042d1bcb4329b80d6
  execute for fm_writer

function private.queue_again(workflow_executions) returns void
  language plpgsql, volatile, set search_path=""
  body 0f03143de8a29fcc22d2ae7770876fe5
  execute for fm_engine

function private.queue_priority(execution_priority) returns smallint
  language plpgsql, immutable, set search_path=""
  body 22695aae339761ea84df15f427415809
  execute for fm_engine

function private.raise_refusal(text) returns void
  language plpgsql, volatile, set search_path=""
  body ae947cbb3dedbc20545d91a4dd6b2c1c
  execute for fm_engine, fm_writer

function private.read_aggregates(jsonb) returns jsonb
  language sql, stable, security definer, set search_path=""
  body e06eec60cae9781d4228a684391f2b61
  execute for fm_writer

function private.read_sealed_rows(bigint,integer) returns jsonb
  language plpgsql, stable, set search_path="", set TimeZone=UTC, set DateStyle=ISO, MDY
  body dae049b635aa87c5a5233e20c39d2a7c
  execute for fm_engine

function private.readers(jsonb) returns uuid[]
  language sql, immutable, set search_path=""
  body a4c89bc802f167e4959ad766011983be
  execute for fm_writer

table private.ready, row level security with (autovacuum_vacuum_threshold=1000, autovacuum_vacuum_scale_factor=0, autovacuum_vacuum_cost_delay=0)
  priority smallint not null
  due_at timestamp with time zone not null
  execution_id uuid not null
  step integer not null
  ready_id bigint not null generated always as identity
  constraint ready_pkey PRIMARY KEY (priority, due_at, ready_id)
  policy "The engine keeps its queue" for all to fm_engine using (true) with check (true)
  grant delete, insert, select, update to fm_engine

sequence private.ready_ready_id_seq

function private.record_audit_export(text,bigint,text,text) returns uuid
  language plpgsql, volatile, set search_path=""
  body 3062701d84ab27ea72ec7e37e9520574

function private.record_execution(uuid,boolean,bigint) returns boolean
  language plpgsql, volatile, set search_path=""
  body 72b34a3989e6df5c2ca028b55fbeabfd
  execute for fm_engine

function private.redact_credentials(jsonb) returns jsonb
  language plpgsql, immutable, set search_path=""
  body 16c1d0ff0c469cf389a08de250f31a86

function private.release_step(private.turn,private.step_run,interval) returns private.turn
  language plpgsql, volatile, set search_path=""
  body b11bb750a8f717844895fb02a8ca7bc8
  execute for fm_engine

function private.remove_function_model(uuid) returns void
  language plpgsql, volatile, security definer, set search_path=""
  body 5fb9fa3615f876b16c11122cba04074e
  execute for fm_writer

function private.remove_node_links(jsonb) returns void
  language plpgsql, volatile, set search_path=""
  body 21414713d97212ba61f93c241dde073f
  execute for fm_writer

function private.renew_lease(jsonb) returns void
  language plpgsql, volatile, set search_path=""
  body cac494e8422b2e9c7a71f6017cc18bb4
  execute for fm_engine

function private.replace_agent(uuid,jsonb) returns void
  language plpgsql, volatile, security definer, set search_path=""
  body a8617dec4d39b65649619d319ebd5a97
  execute for fm_writer

function private.replace_link(uuid,jsonb) returns void
  language plpgsql, volatile, security definer, set search_path=""
  body aec6d1f7331f931473b528c49982cd18
  execute for fm_writer

function private.replace_model(uuid,jsonb,jsonb) returns void
  language plpgsql, volatile, security definer, set search_path=""
  body 8cfe162f6652a16a3a4547cced0f95a4
  execute for fm_writer

function private.replace_organization(uuid,jsonb) returns void
  language plpgsql, volatile, security definer, set search_path=""
  body 22496dc78f613f53157981f693617f92
  execute for fm_writer

function private.report_agent_task(uuid,jsonb) returns boolean
  language plpgsql, volatile, set search_path=""
  body a9139e74ba0819ee734b98ab84ca97bd
  execute for fm_engine

function private.restart_container(private.turn,private.step_run) returns private.turn
  language plpgsql, volatile, set search_path=""
  body 726e72ad0b0bbe6c53741e4e5842a725
  execute for fm_engine

function private.results_before(uuid,uuid,integer) returns jsonb
  language plpgsql, stable, set search_path=""
  body 0d038f9a34a4b9d7611f19846eb86cfb
  execute for fm_engine

function private.results_of(uuid[]) returns TABLE(execution_id uuid, outputs jsonb, errors jsonb)
  language sql, stable, set search_path=""
  body a4c7529bb4251ad7f70a3777794b22dc
  execute for fm_engine

function private.retire_audit_month(text,interval) returns bigint
  language plpgsql, volatile, set search_path="", set TimeZone=UTC
  body ad56cb2878533e14a1d5dd1cd0c82db5

function private.retry_by_hand(uuid,jsonb,uuid) returns void
  language plpgsql, volatile, set role=fm_engine, set search_path=""
  body 66584f5e10c1ab1a7ab4f7943e70c29d
  execute for fm_writer

function private.retry_step(private.turn,private.step_run,jsonb) returns private.turn
  language plpgsql, volatile, set search_path=""
  body ab817fb0fafef6e7e1167fd684f19475
  execute for fm_engine

function private.return_steps(uuid[],jsonb,boolean) returns integer
  language plpgsql, volatile, set search_path=""
  body 9dd45742bd91232afc93203ef7b5cb11
  execute for fm_engine

function private.rows_of_aggregate(text,uuid) returns jsonb
  language sql, stable, security definer, set search_path="", set TimeZone=UTC
  body 4f238113ecf78482838951e43572e74f

function private.rows_of_model(uuid) returns jsonb
  language sql, stable, security definer, set search_path="", set TimeZone=UTC
  body 9f6a4c40fd643b40f40969abc1493957

function private.running_agent_tasks(uuid) returns integer
  language sql, stable, security definer, set search_path=""
  body 241f7b09ae75ba02f295c641d9a7cf66
  execute for fm_engine, fm_writer

function private.same_range(bigint,bigint) returns boolean
  language plpgsql, stable, set search_path=""
  body f20f361439c30e3caeed97999d52bfd8
  execute for fm_engine

function private.schedule_of(jsonb) returns schedules
  language plpgsql, stable, set search_path=""
  body a1887dfc350a84bd7c21e633590fe2a3
  execute for fm_writer

function private.schedules_are_due() returns boolean
  language sql, volatile, set role=fm_engine, set search_path=""
  body 5ab68b2f1c8c66ecb9f0a2accd42e637

function private.seal_audit_logs(integer,integer) returns integer
  language plpgsql, volatile, set role=fm_engine, set search_path="", set client_encoding=UTF8, set TimeZone=UTC, set DateStyle=ISO, MDY
  body 8399589ac658850bf2e0b249fb41e425

function private.seal_is_unpublished() returns boolean
  language sql, volatile, set role=fm_engine, set search_path=""
  body 281c560e304e9f62a4774780795097b0

function private.seal_to_wire(audit_seals) returns jsonb
  language plpgsql, stable, set search_path=""
  body 3f2788e560a3b4948709cc44fb57d637
  execute for fm_engine

function private.secret_in_wire_form(secrets) returns jsonb
  language sql, stable, set search_path=""
  body 7d68cbae52fa2cfef99cc091a116fa83
  execute for fm_writer

table private.secret_values, row level security
  secret_id uuid not null
  sealed text not null
  constraint sealed_value_is_base64url CHECK ((((length(sealed) >= 40) AND (length(sealed) <= 6000)) AND (sealed ~ '^[A-Za-z0-9_-]+$'::text)))
  constraint secret_values_pkey PRIMARY KEY (secret_id)
  constraint secret_values_secret_id_fkey FOREIGN KEY (secret_id) REFERENCES secrets(secret_id) ON DELETE CASCADE
  CREATE TRIGGER _010_refuse_truncate BEFORE TRUNCATE ON private.secret_values FOR EACH STATEMENT EXECUTE FUNCTION private.tg_refuse_change()
  policy "Values are kept with their secrets" for insert to fm_writer with check ((secret_id IN ( SELECT secret.secret_id FROM secrets secret WHERE (((secret.organization_id IS NULL) AND (secret.user_id = ( SELECT private.actor_id() AS actor_id))) OR (secret.organization_id IN ( SELECT private.my_organizations('{owner,admin}'::text[]) AS my_organizations))))))
  policy "Values are read with their secrets" for select to fm_writer using ((secret_id IN ( SELECT secret.secret_id FROM secrets secret)))
  policy "Values change with their secrets" for update to fm_writer using ((secret_id IN ( SELECT secret.secret_id FROM secrets secret WHERE (((secret.organization_id IS NULL) AND (secret.user_id = ( SELECT private.actor_id() AS actor_id))) OR (secret.organization_id IN ( SELECT private.my_organizations('{owner,admin}'::text[]) AS my_organizations)) OR ( SELECT private.is_service() AS is_service))))) with check (true)
  grant insert, select to fm_writer
  grant update (sealed) to fm_writer

function private.sees_agent(uuid) returns boolean
  language plpgsql, stable, set search_path=""
  body 0b484cc2472a1f2061a2d31969570cb1
  execute for authenticated

function private.sees_coordination(uuid) returns boolean
  language plpgsql, stable, set search_path=""
  body 66afca9cef896e772e598966e0e785d4
  execute for authenticated

function private.sees_link(uuid) returns boolean
  language plpgsql, stable, security definer, set search_path=""
  body df25c005b1e79e58e94d83ce21d39922
  execute for authenticated, fm_writer

function private.sees_link_end(text,uuid,uuid,uuid) returns boolean
  language plpgsql, stable, security definer, set search_path=""
  body cfd1ddcd213eddca90ea63f8850b69ba

function private.sees_model(function_models) returns boolean
  language sql, stable, set search_path=""
  body de3bd966cc1f736945b2faf288ce955d

function private.sees_schedule(uuid) returns boolean
  language plpgsql, stable, security definer, set search_path=""
  body ce06489701797e89c38ae95110ee0ec4
  execute for authenticated

function private.set_aside(private.event_subscriptions,jsonb) returns void
  language sql, volatile, set search_path=""
  body 105de55939a1913a2045206b5cd9d961
  execute for fm_engine

table private.set_aside_events, row level security
  subscription text not null
  position bigint not null
  event_id uuid not null
  aggregate_id uuid not null
  attempts smallint not null default (0)
  due_at timestamp with time zone not null default (now())
  delivered_in bigint
  last_error text
  constraint set_aside_events_pkey PRIMARY KEY (subscription, "position")
  constraint set_aside_events_subscription_fkey FOREIGN KEY (subscription) REFERENCES private.event_subscriptions(name) ON DELETE CASCADE
  CREATE INDEX set_aside_events_aggregate_id_idx ON private.set_aside_events USING btree (subscription, aggregate_id, "position")
  policy "The engine keeps what was set aside" for all to fm_engine using (true) with check (true)
  grant delete, insert, select, update to fm_engine

function private.set_off(private.turn,private.step_run[]) returns private.turn
  language plpgsql, volatile, set search_path=""
  body c5a70ae995e2c809490c6b2b5e1f25ed
  execute for fm_engine

function private.settle_retries(private.event_subscriptions,jsonb) returns void
  language plpgsql, volatile, set search_path=""
  body f459ad4be505ecd2692ba72a0e3f119c
  execute for fm_engine

function private.skip_ready(private.turn,uuid,integer[],text) returns private.turn
  language plpgsql, volatile, set search_path=""
  body 4c569b264962d03b6be4a0662dc6be70
  execute for fm_engine

function private.skip_step(private.turn,private.step_run,jsonb) returns private.turn
  language plpgsql, volatile, set search_path=""
  body 823d5000e71268a8cf91313274a1887f
  execute for fm_engine

function private.snapshot_of_creation(jsonb) returns jsonb
  language sql, immutable, set search_path=""
  body 57263fb28111f060c1feaf163d013298
  execute for fm_writer

function private.sort_outcomes(uuid,jsonb) returns record
  language plpgsql, stable, set search_path=""
  body 61010c29a520fb574f43e70039d72086
  execute for fm_engine

function private.step_run_of(action_runs,private.plan_steps) returns private.step_run
  language plpgsql, immutable, set search_path=""
  body 44451e79c83454983ad80804c7b8f3b5
  execute for fm_engine

function private.stop_runs(uuid[],text,text,uuid) returns void
  language plpgsql, volatile, set search_path=""
  body c6994e92045c7cb49bc9670a0a0f61e3
  execute for fm_engine

function private.store_plan(uuid,jsonb) returns void
  language plpgsql, volatile, set search_path="", set enable_nestloop=off, set jit=off
  body 6a2ce10d79fcb905d4c4392416a82996
  execute for fm_writer

function private.stream_of_aggregate(uuid,integer,integer) returns jsonb
  language sql, stable, security definer, set search_path="", set TimeZone=UTC
  body 8fdafaba71d322030fd08f9a4f74fff0
  execute for fm_writer

function private.stream_version(uuid) returns integer
  language plpgsql, volatile, security definer, set search_path=""
  body ed73193b7ebe04b8e64fa346d135f3d0
  execute for fm_engine, fm_writer

function private.subscription_state(text) returns jsonb
  language sql, volatile, set search_path=""
  body f69757939cae58730b2b94d5ec6b0356
  execute for fm_engine

function private.tag_words(text[]) returns tsvector
  language sql, immutable, set search_path=""
  body 651d4d309ea1f680075e4ed2caa51e69
  execute for fm_writer

function private.take_container(jsonb,jsonb,integer) returns jsonb
  language plpgsql, volatile, set role=fm_engine, set search_path=""
  body e0dbdd221220f7c007fadd06fe2666df
  execute for fm_writer

function private.take_due_events(text,bigint,integer,timestamp with time zone) returns TABLE("position" bigint, event_id uuid, attempts smallint)
  language sql, volatile, set search_path=""
  body 390edce9c1c6b432b363c3137a0bff63
  execute for fm_engine

function private.take_from_queue(integer) returns private.arrival[]
  language plpgsql, volatile, set search_path=""
  body ebda393244eb51fbd21f9b8d6b531754
  execute for fm_engine

function private.take_steps(private.turn,private.arrival[]) returns private.turn
  language plpgsql, volatile, set search_path=""
  body 338fb2f04fbbd1ce3d8a80deaf2c3166
  execute for fm_engine

function private.take_up_run(private.turn,workflow_executions,integer,jsonb,uuid) returns private.turn
  language plpgsql, volatile, set search_path=""
  body 757c5720f1afd3f487484a0fdf21f98c
  execute for fm_engine

function private.task_claim(agent_tasks,ai_agents) returns jsonb
  language sql, stable, set search_path=""
  body b5bd22c68b7ee3ccd9061f41978845fb
  execute for fm_engine, fm_writer

function private.task_started(agent_tasks,ai_agents) returns jsonb
  language sql, stable, set search_path=""
  body 8a2bea39b437cd11fe0a47bafdbc4808
  execute for fm_engine, fm_writer

function private.texts(jsonb) returns text[]
  language sql, immutable, set search_path=""
  body 6b42b8d914fdc94f7be63cc10e934de3
  execute for fm_engine, fm_writer

function private.tg_ai_agents__broadcast_change() returns trigger
  language plpgsql, volatile, security definer, set search_path=""
  body 5bca1c9639d968c1f6e1ba03776d6421

function private.tg_audit_logs__announce_position() returns trigger
  language plpgsql, volatile, set search_path=""
  body fb53ea839a5de06d52dd9756f86d3ada

function private.tg_domain_events__record_audit_log() returns trigger
  language plpgsql, volatile, security definer, set search_path=""
  body f8b9801c72f79287ba850036ad3c0977

function private.tg_events__announce_position() returns trigger
  language plpgsql, volatile, set search_path=""
  body c089df2e4a3032a8498fe6f8e22abe78

function private.tg_function_model_versions__record_audit_log() returns trigger
  language plpgsql, volatile, security definer, set search_path=""
  body 5f6b9db0e80804a92de12dce15a52045

function private.tg_function_models__broadcast_change() returns trigger
  language plpgsql, volatile, security definer, set search_path=""
  body 99a92b274ba8ff43e67de62f4e21653e

function private.tg_function_models__judge_acts() returns trigger
  language plpgsql, volatile, set search_path=""
  body 7ffef73af9e11a5c1c55dc6dc3d06ff7

function private.tg_node_contexts__broadcast_change() returns trigger
  language plpgsql, volatile, security definer, set search_path=""
  body efbe291045ccef1873e9f0aea0997798

function private.tg_node_links__broadcast_change() returns trigger
  language plpgsql, volatile, security definer, set search_path=""
  body 04a3ded81a5d307afa2909f20bdd6e4a

function private.tg_nodes__judge_publishers() returns trigger
  language plpgsql, volatile, set search_path="", set enable_nestloop=off, set jit=off
  body 3d885b17c69885c3c67580af67ad6b65

function private.tg_organizations__add_creator_as_owner() returns trigger
  language plpgsql, volatile, security definer, set search_path=""
  body 6d23c50c2022b2d026ea168c05856dd0

function private.tg_record_audit_log() returns trigger
  language plpgsql, volatile, security definer, set search_path="", set enable_nestloop=off, set jit=off
  body 491f82032edd6abc6dffc36b91ce3e64

function private.tg_refuse_change() returns trigger
  language plpgsql, volatile, set search_path=""
  body b98b089f3d45c479c83ba0cb64ba2a3b

function private.token_hash(text) returns text
  language sql, immutable, set search_path=""
  body 14b9b05bf96cdd6ec5f7c9b03331c22c
  execute for fm_writer

function private.topic_id(text) returns uuid
  language sql, immutable, set search_path=""
  body 0d1e7e9e204c6d5a6ee2dff388463c5f
  execute for authenticated

function private.traits_of_agent(jsonb,jsonb) returns text[]
  language sql, immutable, set search_path=""
  body c9abd2c3fe421d3a81fdc0c254e5c4aa
  execute for fm_writer

function private.turn_runs(uuid,execution_status,execution_status,text,text,uuid) returns void
  language plpgsql, volatile, set role=fm_engine, set search_path=""
  body f9c0aaab453d9374e8103f40725bca69
  execute for fm_writer

table private.upcast_events, row level security
  position bigint not null
  event_version smallint not null
  data jsonb not null
  upcast_at timestamp with time zone not null default (now())
  constraint upcast_data_is_an_object CHECK ((jsonb_typeof(data) = 'object'::text))
  constraint upcast_events_pkey PRIMARY KEY ("position")
  constraint upcast_version_follows_another CHECK ((event_version >= 2))
  policy "The engine keeps events in their newer shape" for all to fm_engine using (true) with check (true)
  grant insert, select, update to fm_engine

function private.update_function_model(uuid,jsonb) returns integer
  language sql, volatile, set search_path=""
  body e2254e3e7d8e3cff3746e7f24b77b36c
  execute for fm_writer

function private.use_invitation(text,text) returns organization_invitations
  language plpgsql, volatile, security definer, set search_path=""
  body 13321d440559e517acce729b3bf17d51
  execute for fm_writer

function private.uuid_v7() returns uuid
  language plpgsql, volatile, set search_path=""
  body acc75fc857e7233cdf32137011aecb2d
  execute for fm_engine, fm_writer

function private.waits_for_resume(workflow_executions) returns boolean
  language plpgsql, stable, set search_path=""
  body 8d7ba4826c46206cd901a3292c1f88fe
  execute for fm_engine

function private.wake_worker() returns boolean
  language plpgsql, volatile, set search_path=""
  body 65f4367a9119207a393079e39a867765

function private.wire_time(timestamp with time zone) returns text
  language plpgsql, stable, set search_path=""
  body 3dfaf85f2cc7768acb8a140db018060d
  execute for authenticated, fm_engine, fm_writer

function private.without_nulls(jsonb) returns jsonb
  language sql, immutable, set search_path=""
  body 5550b42add140abd6d1b908148c78017

function private.words(jsonb) returns text[]
  language sql, immutable, set search_path=""
  body 4f92747408b0aacea5a2c81196d45b20
  execute for fm_engine

function private.words_of_node(text,uuid,uuid) returns text[]
  language sql, stable, set search_path=""
  body adc4e556a404df249b66ce4bd18afbc8
  execute for fm_writer

function private.work_is_due() returns boolean
  language sql, volatile, set role=fm_engine, set search_path=""
  body 3b19858682a415d10237521d18212809

table private.worker_leases, row level security with (fillfactor=50)
  lease_token uuid not null
  worker text not null
  expires_at timestamp with time zone not null
  constraint worker_leases_pkey PRIMARY KEY (lease_token)
  policy "The engine keeps its leases" for all to fm_engine using (true) with check (true)
  grant delete, insert, select, update to fm_engine

function private.write_logs(private.accepted_outcome[]) returns void
  language sql, volatile, set search_path=""
  body 6246e8b238aa9dbb26e53bf8929cb1f2
  execute for fm_engine

function private.write_node_link(jsonb) returns integer
  language plpgsql, volatile, set search_path=""
  body 756013fd7df8f6aa07a65e7559c841fc
  execute for fm_writer

function private.write_turn(private.turn,boolean) returns private.turn
  language plpgsql, volatile, set search_path=""
  body 841551147b60ccc82eac151477983910
  execute for fm_engine

function public.accept_invitation(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body 0951d59fe472a5e218a917bd9d6e515a
  execute for service_role

table public.action_nodes, row level security
  model_id uuid not null
  action_id uuid not null
  parent_node_id uuid not null
  action_type text not null
  name text not null
  description text
  execution_mode text not null default ('sequential'::text)
  execution_order integer not null
  status text not null default ('draft'::text)
  priority smallint not null default (5)
  estimated_duration_minutes double precision
  retry_policy jsonb
  raci jsonb not null
  action_specific_data jsonb not null
  metadata jsonb not null default ('{}'::jsonb)
  created_at timestamp with time zone not null default (now())
  updated_at timestamp with time zone not null default (now())
  constraint action_description_has_at_most_1000_characters CHECK ((length(description) <= 1000))
  constraint action_name_has_1_to_200_characters CHECK (((length(name) >= 1) AND (length(name) <= 200)))
  constraint action_nodes_model_id_fkey FOREIGN KEY (model_id) REFERENCES function_models(model_id) ON DELETE CASCADE
  constraint action_nodes_parent_node_id_fkey FOREIGN KEY (model_id, parent_node_id) REFERENCES container_nodes(model_id, node_id) ON DELETE CASCADE
  constraint action_nodes_pkey PRIMARY KEY (model_id, action_id)
  constraint action_settings_are_objects CHECK (((jsonb_typeof(metadata) = 'object'::text) AND (jsonb_typeof(raci) = 'object'::text) AND ((retry_policy IS NULL) OR (jsonb_typeof(retry_policy) = 'object'::text)) AND (jsonb_typeof(action_specific_data) = 'object'::text)))
  constraint action_type_is_known CHECK ((action_type = ANY (ARRAY['tetherNode'::text, 'kbNode'::text, 'functionModelContainer'::text])))
  constraint definition_status_is_known CHECK ((status = ANY (ARRAY['draft'::text, 'configured'::text, 'active'::text, 'inactive'::text, 'archived'::text, 'error'::text])))
  constraint estimate_is_positive CHECK ((estimated_duration_minutes > (0)::double precision))
  constraint execution_mode_is_known CHECK ((execution_mode = ANY (ARRAY['sequential'::text, 'parallel'::text, 'conditional'::text])))
  constraint execution_order_counts_from_one CHECK ((execution_order >= 1))
  constraint execution_order_is_free_in_container UNIQUE (model_id, parent_node_id, execution_order) DEFERRABLE
  constraint priority_is_1_to_10 CHECK (((priority >= 1) AND (priority <= 10)))
  CREATE INDEX action_nodes_nested_model_idx ON public.action_nodes USING btree (((action_specific_data ->> 'nestedModelId'::text))) WHERE (action_type = 'functionModelContainer'::text)
  CREATE TRIGGER _010_refuse_truncate BEFORE TRUNCATE ON public.action_nodes FOR EACH STATEMENT EXECUTE FUNCTION private.tg_refuse_change()
  CREATE TRIGGER _050_judge_publishers AFTER UPDATE ON public.action_nodes REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT WHEN ((CURRENT_USER = 'fm_writer'::name)) EXECUTE FUNCTION private.tg_nodes__judge_publishers('action_id')
  CREATE TRIGGER _800_record_audit_log_of_delete AFTER DELETE ON public.action_nodes REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('model_id', 'action_id')
  CREATE TRIGGER _800_record_audit_log_of_insert AFTER INSERT ON public.action_nodes REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('model_id', 'action_id')
  CREATE TRIGGER _800_record_audit_log_of_update AFTER UPDATE ON public.action_nodes REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('model_id', 'action_id')
  policy "Editors add actions" for insert to fm_writer with check ((model_id = ( SELECT model.model_id FROM function_models model WHERE ((model.model_id = ( SELECT private.model_being_saved() AS model_being_saved)) AND ((model.user_id = ( SELECT private.actor_id() AS actor_id)) OR ((model.permissions -> 'editors'::text) ? (( SELECT private.actor_id() AS actor_id))::text) OR (model.organization_id IN ( SELECT private.my_organizations('{editor}'::text[]) AS my_organizations)))))))
  policy "Editors change actions, publishers activate them" for update to fm_writer using ((model_id = ( SELECT model.model_id FROM function_models model WHERE ((model.model_id = ( SELECT private.model_being_saved() AS model_being_saved)) AND ((model.user_id = ( SELECT private.actor_id() AS actor_id)) OR ((model.permissions -> 'editors'::text) ? (( SELECT private.actor_id() AS actor_id))::text) OR ((model.permissions -> 'publishers'::text) ? (( SELECT private.actor_id() AS actor_id))::text) OR (model.organization_id IN ( SELECT private.my_organizations('{editor}'::text[]) AS my_organizations)))))))
  policy "Editors remove actions" for delete to fm_writer using ((model_id = ( SELECT model.model_id FROM function_models model WHERE ((model.model_id = ( SELECT private.model_being_saved() AS model_being_saved)) AND ((model.user_id = ( SELECT private.actor_id() AS actor_id)) OR ((model.permissions -> 'editors'::text) ? (( SELECT private.actor_id() AS actor_id))::text) OR (model.organization_id IN ( SELECT private.my_organizations('{editor}'::text[]) AS my_organizations)))))))
  policy "Who sees a model sees its actions" for select to authenticated, fm_writer using ((EXISTS ( SELECT FROM function_models model WHERE (model.model_id = action_nodes.model_id))))
  grant select to authenticated
  grant delete, insert, select to fm_writer
  grant update (action_specific_data, description, estimated_duration_minutes, execution_mode, execution_order, metadata, name, parent_node_id, priority, raci, retry_policy, status, updated_at) to fm_writer

function public.action_nodes(function_models) returns json
  language sql, stable, set search_path=""
  body 50df06b081fa82235f9ca8ae0dfe7297
  execute for authenticated

table public.action_runs, row level security with (fillfactor=40)
  execution_id uuid not null
  step integer not null
  status step_status not null
  attempt integer not null default (0)
  failures integer not null default (0)
  waiting integer not null default (0)
  lets_others_go_on boolean not null default (false)
  lease_token uuid
  child_execution_id uuid
  skip_reason text
  due_at timestamp with time zone
  options jsonb
  started_at timestamp with time zone
  finished_at timestamp with time zone
  output jsonb
  error jsonb
  constraint action_runs_execution_id_fkey FOREIGN KEY (execution_id) REFERENCES workflow_executions(execution_id) ON DELETE CASCADE
  constraint action_runs_pkey PRIMARY KEY (execution_id, step)
  policy "The engine forgets steps of failed runs that are done again" for delete to fm_engine using ((output IS NULL))
  policy "The engine makes steps" for insert to fm_engine with check ((step >= 0))
  policy "The engine moves steps" for update to fm_engine using ((status <> 'cancelled'::step_status)) with check ((step >= 0))
  policy "The engine sees every step" for select to fm_engine using (true)
  policy "Who sees a run sees its steps" for select to authenticated using ((EXISTS ( SELECT FROM workflow_executions execution WHERE (execution.execution_id = action_runs.execution_id))))
  grant select to authenticated
  grant delete, insert, select, update to fm_engine

function public.advance_agent_coordination(jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_engine, set search_path=""
  body 815e97d33c2a2e3d380baf16544039af
  execute for service_role

table public.agent_coordinations, row level security
  coordination_id uuid not null
  mode text not null
  synchronization_points jsonb not null default ('[]'::jsonb)
  continue_on_failure boolean not null default (false)
  timeout_ms integer not null
  task_count integer not null
  status text not null default ('running'::text)
  current_stage integer not null
  stages jsonb not null default ('[]'::jsonb)
  synchronized jsonb not null default ('[]'::jsonb)
  requested_by uuid not null
  organization_id uuid
  lease_token uuid
  lease_expires_at timestamp with time zone
  created_at timestamp with time zone not null default (now())
  deadline timestamp with time zone not null
  completed_at timestamp with time zone
  constraint agent_coordinations_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organizations(organization_id) ON DELETE CASCADE
  constraint agent_coordinations_pkey PRIMARY KEY (coordination_id)
  constraint an_end_has_its_time CHECK (((status = 'running'::text) = (completed_at IS NULL)))
  constraint coordination_status_is_known CHECK ((status = ANY (ARRAY['running'::text, 'completed'::text, 'failed'::text, 'partial'::text])))
  constraint mode_is_known CHECK ((mode = ANY (ARRAY['sequential'::text, 'parallel'::text])))
  CREATE INDEX agent_coordinations_organization_id_idx ON public.agent_coordinations USING btree (organization_id)
  CREATE INDEX agent_coordinations_requested_by_idx ON public.agent_coordinations USING btree (requested_by)
  CREATE INDEX agent_coordinations_running_idx ON public.agent_coordinations USING btree (deadline) WHERE (status = 'running'::text)
  policy "Commands see the coordinations of their user" for select to fm_writer using (((requested_by = ( SELECT private.actor_id() AS actor_id)) OR ( SELECT private.is_service() AS is_service)))
  policy "People coordinate agents in their own name" for insert to fm_writer with check (((requested_by = ( SELECT private.actor_id() AS actor_id)) AND ((organization_id IS NULL) OR (organization_id IN ( SELECT private.my_organizations() AS my_organizations)) OR ( SELECT private.is_service() AS is_service))))
  policy "People see the coordinations they asked for" for select to authenticated using ((requested_by = ( SELECT private.actor_id() AS actor_id)))
  policy "The engine moves coordinations until they have ended" for update to fm_engine using ((completed_at IS NULL)) with check ((current_stage >= 1))
  policy "The engine sees every coordination" for select to fm_engine using (true)
  grant select to authenticated
  grant select to fm_engine
  grant select to fm_writer
  grant update (completed_at, current_stage, lease_expires_at, lease_token, stages, status, synchronized) to fm_engine
  grant insert (continue_on_failure, coordination_id, current_stage, deadline, mode, organization_id, requested_by, synchronization_points, task_count, timeout_ms) to fm_writer

table public.agent_tasks, row level security
  task_id uuid not null
  agent_id uuid not null
  tenant_id uuid not null
  organization_id uuid
  requested_by uuid not null
  by_service boolean not null default (false)
  request_id text
  task_type text not null
  task text not null
  parameters jsonb not null default ('{}'::jsonb)
  priority smallint not null default (5)
  timeout_ms integer not null
  max_retries smallint not null default (0)
  status text not null
  is_ready boolean not null default (true)
  attempts integer not null default (0)
  losses integer not null default (0)
  output jsonb
  error jsonb
  tools_used text[] not null default ('{}'::text[])
  duration_ms integer
  execution_id uuid
  step integer
  coordination_id uuid
  part text
  place integer
  stage integer
  lease_token uuid
  lease_expires_at timestamp with time zone
  created_at timestamp with time zone not null default (now())
  started_at timestamp with time zone
  completed_at timestamp with time zone
  constraint a_running_task_has_a_worker CHECK (((status <> 'running'::text) OR (lease_token IS NOT NULL)))
  constraint agent_tasks_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES ai_agents(agent_id) ON DELETE CASCADE
  constraint agent_tasks_coordination_id_fkey FOREIGN KEY (coordination_id) REFERENCES agent_coordinations(coordination_id) ON DELETE CASCADE
  constraint agent_tasks_pkey PRIMARY KEY (task_id)
  constraint an_end_has_its_time CHECK (((status = ANY (ARRAY['completed'::text, 'failed'::text])) = (completed_at IS NOT NULL)))
  constraint parameters_are_an_object CHECK ((jsonb_typeof(parameters) = 'object'::text))
  constraint part_is_done_once UNIQUE (coordination_id, part)
  constraint priority_is_0_to_10 CHECK (((priority >= 0) AND (priority <= 10)))
  constraint task_status_is_known CHECK ((status = ANY (ARRAY['queued'::text, 'running'::text, 'completed'::text, 'failed'::text])))
  constraint task_type_is_known CHECK ((task_type = ANY (ARRAY['data-processing'::text, 'analysis'::text, 'report-generation'::text, 'orchestration'::text, 'execution'::text, 'capability-verification'::text])))
  CREATE INDEX agent_tasks_agent_id_idx ON public.agent_tasks USING btree (agent_id, created_at DESC)
  CREATE INDEX agent_tasks_queue_of_agent_idx ON public.agent_tasks USING btree (agent_id) WHERE (status = 'queued'::text)
  CREATE INDEX agent_tasks_queued_idx ON public.agent_tasks USING btree (priority DESC, created_at) WHERE (status = 'queued'::text)
  CREATE INDEX agent_tasks_running_idx ON public.agent_tasks USING btree (tenant_id, agent_id) WHERE (status = 'running'::text)
  CREATE UNIQUE INDEX step_of_a_run_is_one_task ON public.agent_tasks USING btree (execution_id, step) WHERE ((execution_id IS NOT NULL) AND (status = 'running'::text))
  policy "The engine moves tasks until they have ended" for update to fm_engine using ((completed_at IS NULL)) with check ((attempts >= 0))
  policy "The engine sees every task" for select to fm_engine using (true)
  policy "Who executes the entity has its agents work" for insert to fm_writer with check (((requested_by = ( SELECT private.actor_id() AS actor_id)) AND (by_service = ( SELECT private.is_service() AS is_service)) AND (EXISTS ( SELECT FROM ai_agents agent WHERE ((agent.agent_id = agent_tasks.agent_id) AND private.may_on_entity('execute'::text, agent.model_id, agent.organization_id, agent.created_by))))))
  policy "Who sees an agent sees its tasks" for select to authenticated, fm_writer using ((EXISTS ( SELECT FROM ai_agents agent WHERE (agent.agent_id = agent_tasks.agent_id))))
  grant select to authenticated
  grant select to fm_engine
  grant insert, select to fm_writer
  grant update (attempts, completed_at, duration_ms, error, is_ready, lease_expires_at, lease_token, losses, output, started_at, status, tools_used) to fm_engine

function public.aggregate_type(execution_events) returns text
  language sql, immutable, set search_path=""
  body e636f757f34269f7b2b35e28a6fef3eb
  execute for authenticated, fm_engine

table public.ai_agents, row level security
  agent_id uuid not null
  feature_type text not null
  entity_id uuid not null
  node_id uuid
  name text not null
  description text
  instructions text not null
  tools jsonb not null default ('{}'::jsonb)
  capabilities jsonb not null default ('{}'::jsonb)
  is_enabled boolean not null default (true)
  last_executed_at timestamp with time zone
  performance_metrics jsonb not null default ('{"failureCount": 0, "successCount": 0, "executionCount": 0, "averageExecutionTimeMs": 0}'::jsonb)
  organization_id uuid
  created_by uuid not null
  revision integer not null default (1)
  created_at timestamp with time zone not null default (now())
  updated_at timestamp with time zone not null default (now())
  model_id uuid generated always as (
CASE
    WHEN (feature_type = 'function-model'::text) THEN entity_id
    ELSE NULL::uuid
END)
  traits text[] not null generated always as (private.traits_of_agent(tools, capabilities))
  most_tasks integer generated always as (((capabilities ->> 'maxConcurrentTasks'::text))::integer)
  success_rate double precision not null generated always as (COALESCE((((performance_metrics ->> 'successCount'::text))::double precision / NULLIF(((performance_metrics ->> 'executionCount'::text))::double precision, (0)::double precision)), (0)::double precision))
  constraint agent_description_has_at_most_1000_characters CHECK ((length(description) <= 1000))
  constraint agent_does_1_to_100_tasks_at_once CHECK (((most_tasks >= 1) AND (most_tasks <= 100)))
  constraint agent_name_has_1_to_100_characters CHECK (((length(btrim(name)) >= 1) AND (length(btrim(name)) <= 100)))
  constraint ai_agents_model_id_fkey FOREIGN KEY (model_id) REFERENCES function_models(model_id) ON DELETE CASCADE
  constraint ai_agents_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organizations(organization_id) ON DELETE CASCADE
  constraint ai_agents_pkey PRIMARY KEY (agent_id)
  constraint capabilities_are_an_object CHECK ((jsonb_typeof(capabilities) = 'object'::text))
  constraint feature_is_known CHECK ((feature_type = ANY (ARRAY['function-model'::text, 'knowledge-base'::text, 'spindle'::text, 'event-storm'::text])))
  constraint instructions_have_1_to_10000_characters CHECK (((length(btrim(instructions)) >= 1) AND (length(btrim(instructions)) <= 10000)))
  constraint metrics_are_an_object CHECK ((jsonb_typeof(performance_metrics) = 'object'::text))
  constraint revision_counts_from_one CHECK ((revision >= 1))
  constraint tools_are_an_object CHECK ((jsonb_typeof(tools) = 'object'::text))
  CREATE UNIQUE INDEX agent_name_is_free_in_entity ON public.ai_agents USING btree (feature_type, entity_id, name) WHERE is_enabled
  CREATE INDEX ai_agents_created_at_idx ON public.ai_agents USING btree (created_at DESC, agent_id DESC)
  CREATE INDEX ai_agents_entity_id_idx ON public.ai_agents USING btree (entity_id)
  CREATE INDEX ai_agents_model_id_idx ON public.ai_agents USING btree (model_id)
  CREATE INDEX ai_agents_organization_id_idx ON public.ai_agents USING btree (organization_id)
  CREATE INDEX ai_agents_traits_idx ON public.ai_agents USING gin (traits)
  CREATE INDEX idx_ai_agents_feature_type ON public.ai_agents USING btree (feature_type, created_at DESC)
  CREATE TRIGGER _010_refuse_truncate BEFORE TRUNCATE ON public.ai_agents FOR EACH STATEMENT EXECUTE FUNCTION private.tg_refuse_change()
  CREATE TRIGGER _800_record_audit_log_of_delete AFTER DELETE ON public.ai_agents REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('agent_id', 'agent_id', 'performance_metrics,last_executed_at,traits,most_tasks,success_rate')
  CREATE TRIGGER _800_record_audit_log_of_insert AFTER INSERT ON public.ai_agents REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('agent_id', 'agent_id', 'performance_metrics,last_executed_at,traits,most_tasks,success_rate')
  CREATE TRIGGER _800_record_audit_log_of_update AFTER UPDATE ON public.ai_agents REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('agent_id', 'agent_id', 'performance_metrics,last_executed_at,traits,most_tasks,success_rate')
  CREATE TRIGGER _900_broadcast_change_of_delete AFTER DELETE ON public.ai_agents REFERENCING OLD TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_ai_agents__broadcast_change()
  CREATE TRIGGER _900_broadcast_change_of_insert AFTER INSERT ON public.ai_agents REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_ai_agents__broadcast_change()
  CREATE TRIGGER _900_broadcast_change_of_update AFTER UPDATE ON public.ai_agents REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_ai_agents__broadcast_change()
  policy "Commands see the agents of their user's entities" for select to fm_writer using ((( SELECT private.is_service() AS is_service) OR (EXISTS ( SELECT FROM function_models model WHERE (model.model_id = ai_agents.model_id))) OR ((model_id IS NULL) AND (organization_id IS NULL) AND (created_by = ( SELECT private.actor_id() AS actor_id))) OR ((model_id IS NULL) AND (organization_id IN ( SELECT private.my_organizations() AS my_organizations)))))
  policy "The engine counts what agents do, and isolates them" for update to fm_engine using (is_enabled) with check ((revision >= 1))
  policy "The engine sees every agent" for select to fm_engine using (true)
  policy "Who edits the entity changes its agents" for update to fm_writer using (private.may_on_entity('edit'::text, model_id, organization_id, created_by)) with check ((revision > 1))
  policy "Who edits the entity registers agents" for insert to fm_writer with check (((created_by = ( SELECT private.actor_id() AS actor_id)) AND private.may_on_entity('edit'::text, CASE WHEN (feature_type = 'function-model'::text) THEN entity_id ELSE NULL::uuid END, organization_id, created_by) AND ((organization_id IS NULL) OR (feature_type = 'function-model'::text) OR (organization_id IN ( SELECT private.my_organizations() AS my_organizations)) OR ( SELECT private.is_service() AS is_service))))
  policy "Who edits the entity removes its agents" for delete to fm_writer using (private.may_on_entity('edit'::text, model_id, organization_id, created_by))
  policy "Who sees the entity sees its agents" for select to authenticated using (((EXISTS ( SELECT FROM function_models model WHERE (model.model_id = ai_agents.model_id))) OR ((model_id IS NULL) AND (organization_id IS NULL) AND (created_by = ( SELECT private.actor_id() AS actor_id))) OR ((model_id IS NULL) AND (organization_id IN ( SELECT private.my_organizations() AS my_organizations)))))
  grant select to authenticated
  grant select to fm_engine
  grant delete, select to fm_writer
  grant update (is_enabled, last_executed_at, performance_metrics, revision, updated_at) to fm_engine
  grant insert (agent_id, capabilities, created_by, description, entity_id, feature_type, instructions, is_enabled, name, node_id, organization_id, tools) to fm_writer
  grant update (capabilities, description, instructions, is_enabled, name, node_id, revision, tools, updated_at) to fm_writer

partitioned table public.audit_logs, row level security
  position bigint not null default (nextval('private.audit_positions'::regclass))
  audit_id uuid not null default (private.uuid_v7())
  table_name text not null
  operation text not null
  record_id uuid not null
  row_id uuid
  model_id uuid
  organization_id uuid
  execution_id uuid
  old_data jsonb
  new_data jsonb
  changed_by uuid
  changed_at timestamp with time zone not null default (now())
  event_id uuid
  event_type text
  request_id text
  traceparent text
  constraint audit_logs_pkey PRIMARY KEY (record_id, changed_at, audit_id)
  constraint sides_suit_the_operation CHECK (
CASE operation
    WHEN 'create'::text THEN ((new_data IS NOT NULL) AND (old_data IS NULL))
    WHEN 'delete'::text THEN ((old_data IS NOT NULL) AND (new_data IS NULL))
    WHEN 'update'::text THEN ((old_data IS NOT NULL) OR (new_data IS NOT NULL))
    ELSE false
END)
  constraint table_name_is_short CHECK (((length(btrim(table_name)) >= 1) AND (length(btrim(table_name)) <= 100)))
  CREATE INDEX audit_logs_position_idx ON ONLY public.audit_logs USING brin ("position") WITH (pages_per_range='32', autosummarize='on')
  CREATE TRIGGER _010_announce_position BEFORE INSERT ON public.audit_logs FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit_logs__announce_position()
  CREATE TRIGGER _010_refuse_change BEFORE DELETE OR UPDATE ON public.audit_logs FOR EACH ROW EXECUTE FUNCTION private.tg_refuse_change()
  CREATE TRIGGER _010_refuse_truncate BEFORE TRUNCATE ON public.audit_logs FOR EACH STATEMENT EXECUTE FUNCTION private.tg_refuse_change()
  policy "Readers of a model and admins of an organization read its audit" for select to authenticated using (((organization_id IN ( SELECT private.my_organizations('{owner,admin}'::text[]) AS my_organizations)) OR (EXISTS ( SELECT FROM function_models model WHERE (model.model_id = audit_logs.model_id))) OR ((model_id IS NULL) AND (organization_id IS NULL) AND (changed_by = ( SELECT private.actor_id() AS actor_id)))))
  policy "What seals and verifies rows reads them all" for select to fm_engine using (true)
  grant select to authenticated
  grant select to fm_engine

table public.audit_seals, row level security
  seal_number bigint not null
  kind text not null default ('rows'::text)
  month text not null
  after_position bigint not null
  last_position bigint not null
  row_count integer not null
  merkle_root text not null
  details text
  sealed_at timestamp with time zone not null default (date_trunc('milliseconds'::text, clock_timestamp()))
  previous_hash text not null
  seal_hash text not null
  constraint audit_seals_pkey PRIMARY KEY (seal_number)
  constraint hashes_are_sha256 CHECK (((merkle_root ~ '^[0-9a-f]{64}$'::text) AND (previous_hash ~ '^[0-9a-f]{64}$'::text) AND (seal_hash ~ '^[0-9a-f]{64}$'::text)))
  constraint month_is_a_month CHECK ((month ~ '^\d{4}-(0[1-9]|1[0-2])$'::text))
  constraint seal_covers_a_range CHECK (
CASE kind
    WHEN 'rows'::text THEN ((last_position > after_position) AND (row_count >= 1) AND (details IS NULL))
    ELSE ((last_position = after_position) AND (row_count = 0) AND (details IS NOT NULL))
END)
  constraint seal_kind_is_known CHECK ((kind = ANY (ARRAY['rows'::text, 'retirement'::text])))
  constraint seals_count_from_one CHECK ((seal_number >= 1))
  CREATE TRIGGER _010_refuse_change BEFORE DELETE OR UPDATE ON public.audit_seals FOR EACH ROW EXECUTE FUNCTION private.tg_refuse_change()
  CREATE TRIGGER _010_refuse_truncate BEFORE TRUNCATE ON public.audit_seals FOR EACH STATEMENT EXECUTE FUNCTION private.tg_refuse_change()
  policy "Everybody who is signed in may keep a seal as a witness" for select to authenticated using (true)
  policy "What seals rows adds to the chain" for insert to fm_engine with check (true)
  policy "What seals rows reads the chain" for select to fm_engine using (true)
  grant select to authenticated
  grant insert, select to fm_engine

function public.begin_link_batch(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body 3ec72df295d31f599fdef1586351738c
  execute for service_role

function public.cancel_execution(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body a500789aeb3b747e297de3bed69db0ca
  execute for service_role

function public.claim_schedules(integer) returns jsonb
  language plpgsql, volatile, set role=fm_engine, set search_path=""
  body 439cced7b53e033794685d68158b37af
  execute for service_role

table public.container_nodes, row level security
  model_id uuid not null
  node_id uuid not null
  node_type text not null
  name text not null
  description text
  position_x double precision not null
  position_y double precision not null
  execution_type text not null default ('sequential'::text)
  status text not null default ('draft'::text)
  timeout_ms integer
  metadata jsonb not null default ('{}'::jsonb)
  visual_properties jsonb not null default ('{}'::jsonb)
  type_specific_data jsonb not null default ('{}'::jsonb)
  created_at timestamp with time zone not null default (now())
  updated_at timestamp with time zone not null default (now())
  constraint container_nodes_model_id_fkey FOREIGN KEY (model_id) REFERENCES function_models(model_id) ON DELETE CASCADE
  constraint container_nodes_pkey PRIMARY KEY (model_id, node_id)
  constraint execution_type_is_known CHECK ((execution_type = ANY (ARRAY['sequential'::text, 'parallel'::text, 'conditional'::text])))
  constraint node_description_has_at_most_1000_characters CHECK ((length(description) <= 1000))
  constraint node_name_has_1_to_200_characters CHECK (((length(name) >= 1) AND (length(name) <= 200)))
  constraint node_settings_are_objects CHECK (((jsonb_typeof(metadata) = 'object'::text) AND (jsonb_typeof(visual_properties) = 'object'::text) AND (jsonb_typeof(type_specific_data) = 'object'::text)))
  constraint node_stands_on_the_canvas CHECK ((((position_x >= (0)::double precision) AND (position_x <= (10000)::double precision)) AND ((position_y >= (0)::double precision) AND (position_y <= (10000)::double precision))))
  constraint node_status_is_known CHECK ((status = ANY (ARRAY['draft'::text, 'configured'::text, 'active'::text, 'inactive'::text, 'archived'::text, 'error'::text])))
  constraint node_type_is_known CHECK ((node_type = ANY (ARRAY['ioNode'::text, 'stageNode'::text])))
  constraint timeout_is_at_most_a_day CHECK (((timeout_ms >= 0) AND (timeout_ms <= 86400000)))
  CREATE TRIGGER _010_refuse_truncate BEFORE TRUNCATE ON public.container_nodes FOR EACH STATEMENT EXECUTE FUNCTION private.tg_refuse_change()
  CREATE TRIGGER _050_judge_publishers AFTER UPDATE ON public.container_nodes REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT WHEN ((CURRENT_USER = 'fm_writer'::name)) EXECUTE FUNCTION private.tg_nodes__judge_publishers('node_id')
  CREATE TRIGGER _800_record_audit_log_of_delete AFTER DELETE ON public.container_nodes REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('model_id', 'node_id')
  CREATE TRIGGER _800_record_audit_log_of_insert AFTER INSERT ON public.container_nodes REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('model_id', 'node_id')
  CREATE TRIGGER _800_record_audit_log_of_update AFTER UPDATE ON public.container_nodes REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('model_id', 'node_id')
  policy "Editors add containers" for insert to fm_writer with check ((model_id = ( SELECT model.model_id FROM function_models model WHERE ((model.model_id = ( SELECT private.model_being_saved() AS model_being_saved)) AND ((model.user_id = ( SELECT private.actor_id() AS actor_id)) OR ((model.permissions -> 'editors'::text) ? (( SELECT private.actor_id() AS actor_id))::text) OR (model.organization_id IN ( SELECT private.my_organizations('{editor}'::text[]) AS my_organizations)))))))
  policy "Editors change containers, publishers activate them" for update to fm_writer using ((model_id = ( SELECT model.model_id FROM function_models model WHERE ((model.model_id = ( SELECT private.model_being_saved() AS model_being_saved)) AND ((model.user_id = ( SELECT private.actor_id() AS actor_id)) OR ((model.permissions -> 'editors'::text) ? (( SELECT private.actor_id() AS actor_id))::text) OR ((model.permissions -> 'publishers'::text) ? (( SELECT private.actor_id() AS actor_id))::text) OR (model.organization_id IN ( SELECT private.my_organizations('{editor}'::text[]) AS my_organizations)))))))
  policy "Editors remove containers" for delete to fm_writer using ((model_id = ( SELECT model.model_id FROM function_models model WHERE ((model.model_id = ( SELECT private.model_being_saved() AS model_being_saved)) AND ((model.user_id = ( SELECT private.actor_id() AS actor_id)) OR ((model.permissions -> 'editors'::text) ? (( SELECT private.actor_id() AS actor_id))::text) OR (model.organization_id IN ( SELECT private.my_organizations('{editor}'::text[]) AS my_organizations)))))))
  policy "Who sees a model sees its containers" for select to authenticated, fm_writer using ((EXISTS ( SELECT FROM function_models model WHERE (model.model_id = container_nodes.model_id))))
  grant select to authenticated
  grant delete, insert, select to fm_writer
  grant update (description, execution_type, metadata, name, position_x, position_y, status, timeout_ms, type_specific_data, updated_at, visual_properties) to fm_writer

function public.create_organization(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body 6f8de8ab3b774756b68afa71119e0baf
  execute for service_role

function public.data(execution_events) returns jsonb
  language plpgsql, stable, set search_path=""
  body 27b00f8aa5ca213a5c8bc0808f58d3a9
  execute for authenticated, fm_engine

table public.domain_events, row level security
  position bigint not null default (nextval('private.event_positions'::regclass))
  event_id uuid not null default (private.uuid_v7())
  aggregate_type text not null
  aggregate_id uuid not null
  aggregate_version integer not null
  event_type text not null
  event_version smallint not null default (1)
  occurred_at timestamp with time zone not null default (now())
  actor_id uuid
  organization_id uuid
  correlation_id text
  causation_id uuid
  traceparent text
  data jsonb not null
  constraint aggregate_type_is_known CHECK ((aggregate_type = ANY (ARRAY['function-model'::text, 'node-link'::text, 'ai-agent'::text, 'organization'::text, 'execution'::text, 'schedule'::text])))
  constraint domain_events_pkey PRIMARY KEY ("position")
  constraint event_data_is_an_object CHECK ((jsonb_typeof(data) = 'object'::text))
  constraint event_type_is_named CHECK (((length(event_type) >= 1) AND (length(event_type) <= 100)))
  constraint place_in_stream_is_unique UNIQUE (aggregate_id, aggregate_version)
  constraint stream_counts_from_one CHECK ((aggregate_version >= 1))
  CREATE INDEX domain_events_event_type_idx ON public.domain_events USING btree (event_type, "position")
  CREATE INDEX domain_events_link_source_idx ON public.domain_events USING btree (((data ->> 'sourceEntityId'::text))) WHERE (event_type = 'NodeLinkCreated'::text)
  CREATE INDEX domain_events_link_target_idx ON public.domain_events USING btree (((data ->> 'targetEntityId'::text))) WHERE (event_type = 'NodeLinkCreated'::text)
  CREATE INDEX domain_events_occurred_at_idx ON public.domain_events USING brin (occurred_at)
  CREATE TRIGGER _010_announce_position BEFORE INSERT ON public.domain_events FOR EACH STATEMENT EXECUTE FUNCTION private.tg_events__announce_position()
  CREATE TRIGGER _010_refuse_change BEFORE DELETE OR UPDATE ON public.domain_events FOR EACH ROW EXECUTE FUNCTION private.tg_refuse_change()
  CREATE TRIGGER _010_refuse_truncate BEFORE TRUNCATE ON public.domain_events FOR EACH STATEMENT EXECUTE FUNCTION private.tg_refuse_change()
  CREATE TRIGGER _800_record_audit_log AFTER INSERT ON public.domain_events REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_domain_events__record_audit_log()
  policy "Commands append events of their own user" for insert to fm_writer with check ((actor_id = ( SELECT private.actor_id() AS actor_id)))
  policy "The engine appends what agents and schedules do by themselves" for insert to fm_engine with check (((aggregate_type = ANY (ARRAY['ai-agent'::text, 'execution'::text, 'schedule'::text])) AND (actor_id IS NULL)))
  policy "The log's reader serves subscribers, who judge for themselves" for select to fm_engine using (true)
  policy "Who sees an aggregate reads its events" for select to authenticated using ( CASE aggregate_type WHEN 'function-model'::text THEN (EXISTS ( SELECT FROM function_models model WHERE (model.model_id = domain_events.aggregate_id))) WHEN 'organization'::text THEN (aggregate_id IN ( SELECT private.my_organizations() AS my_organizations)) WHEN 'node-link'::text THEN private.sees_link(aggregate_id) WHEN 'ai-agent'::text THEN private.sees_agent(aggregate_id) WHEN 'execution'::text THEN private.sees_coordination(aggregate_id) WHEN 'schedule'::text THEN private.sees_schedule(aggregate_id) ELSE false END)
  grant select to authenticated
  grant insert, select to fm_engine
  grant insert to fm_writer

function public.end_link_batch(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body d64108e58ad89c9da1a65a677859ff8d
  execute for service_role

function public.event_data(audit_logs) returns jsonb
  language sql, stable, set search_path=""
  body 791ce5b32d3a16680ae5a11ebdec5144
  execute for authenticated

function public.exchange(jsonb,jsonb,integer) returns jsonb
  language plpgsql, volatile, set role=fm_engine, set search_path="", set plan_cache_mode=force_generic_plan, set enable_seqscan=off, set enable_hashjoin=off, set enable_mergejoin=off, set jit=off
  body e9d309f2fece7b8a29d1f3f68725e245
  execute for service_role

function public.exchange_agent_tasks(jsonb,jsonb,integer) returns jsonb
  language plpgsql, volatile, set role=fm_engine, set search_path=""
  body 8986e2c2a6aa80ffc226a19e1294585c
  execute for service_role

type public.execution_environment as enum ('development', 'staging', 'production', 'test')

partitioned table public.execution_events, row level security
  position bigint not null default (nextval('private.event_positions'::regclass))
  occurred_at timestamp with time zone not null default (now())
  event_id uuid not null default (private.uuid_v7())
  aggregate_id uuid not null
  actor_id uuid
  organization_id uuid
  causation_id uuid
  aggregate_version integer not null
  event_version smallint not null default (1)
  event_type text not null
  correlation_id text
  traceparent text
  facts jsonb not null
  constraint execution_events_pkey PRIMARY KEY ("position")
  CREATE TRIGGER _010_announce_position BEFORE INSERT ON public.execution_events FOR EACH STATEMENT EXECUTE FUNCTION private.tg_events__announce_position()
  CREATE TRIGGER _010_refuse_change BEFORE DELETE OR UPDATE ON public.execution_events FOR EACH ROW EXECUTE FUNCTION private.tg_refuse_change()
  CREATE TRIGGER _010_refuse_truncate BEFORE TRUNCATE ON public.execution_events FOR EACH STATEMENT EXECUTE FUNCTION private.tg_refuse_change()
  policy "The engine appends events of runs" for insert to fm_engine with check ((aggregate_version >= 1))
  policy "The engine reads events of runs" for select to fm_engine using (true)
  policy "Who sees a run reads its events" for select to authenticated using ((EXISTS ( SELECT FROM workflow_executions execution WHERE (execution.execution_id = execution_events.aggregate_id))))
  grant select to authenticated
  grant insert, select to fm_engine

table public.execution_logs, row level security
  log_id bigint not null generated always as identity
  execution_id uuid not null
  at timestamp with time zone not null default (now())
  level text not null
  node_id uuid
  action_id uuid
  message text not null
  constraint execution_logs_execution_id_fkey FOREIGN KEY (execution_id) REFERENCES workflow_executions(execution_id) ON DELETE CASCADE
  constraint execution_logs_pkey PRIMARY KEY (execution_id, log_id)
  constraint level_is_known CHECK ((level = ANY (ARRAY['debug'::text, 'info'::text, 'warn'::text, 'error'::text])))
  constraint message_has_at_most_10000_characters CHECK ((length(message) <= 10000))
  CREATE TRIGGER _010_refuse_change BEFORE UPDATE ON public.execution_logs FOR EACH ROW EXECUTE FUNCTION private.tg_refuse_change()
  policy "The engine writes the log" for insert to fm_engine with check ((length(message) > 0))
  policy "Who sees a run sees its log" for select to authenticated using ((EXISTS ( SELECT FROM workflow_executions execution WHERE (execution.execution_id = execution_logs.execution_id))))
  grant select to authenticated
  grant insert to fm_engine

sequence public.execution_logs_log_id_seq

type public.execution_mode as enum ('sync', 'async')

type public.execution_priority as enum ('low', 'normal', 'high')

type public.execution_status as enum ('pending', 'running', 'paused', 'completed', 'failed', 'cancelled')

function public.fetch_events(jsonb) returns json
  language plpgsql, volatile, set role=fm_engine, set search_path=""
  body 4a18b2e4cfd073773f34207625a4663c
  execute for service_role

function public.find_function_model_for_service(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, stable, set role=fm_writer, set search_path=""
  body 280fd52ee4b055aadaf4c881fef676f0
  execute for service_role

function public.find_idempotent_answer(jsonb,text,text,text) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body d696ad8e7c7f96d1d723db29e29ead2f
  execute for service_role

function public.find_invitation(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body c34f4464275bcbbaff214c5a2f4fb00c
  execute for service_role

function public.find_published_version(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body 2aa52786362f62b69c3c43ec9a2c4d25
  execute for service_role

function public.find_stale_secrets(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body d2fca4a799baef5d379e27ed64520a8d
  execute for service_role

table public.function_model_versions, row level security
  version_id uuid not null
  model_id uuid not null
  version_number text not null
  version_data jsonb not null
  author_id uuid not null
  is_published boolean not null default (false)
  notes text
  previous_version text
  created_at timestamp with time zone not null default (now())
  constraint function_model_versions_model_id_fkey FOREIGN KEY (model_id) REFERENCES function_models(model_id)
  constraint function_model_versions_pkey PRIMARY KEY (version_id)
  constraint version_data_is_an_object CHECK ((jsonb_typeof(version_data) = 'object'::text))
  constraint version_notes_have_at_most_2000_characters CHECK ((length(notes) <= 2000))
  constraint version_number_is_free_in_model UNIQUE (model_id, version_number)
  constraint version_number_is_plain CHECK ((version_number ~ '^\d+\.\d+\.\d+$'::text))
  CREATE INDEX function_model_versions_nested_models_idx ON public.function_model_versions USING gin (jsonb_path_query_array(version_data, '$."actionNodes".*."actionSpecificData"."nestedModelId"'::jsonpath)) WHERE is_published
  CREATE UNIQUE INDEX one_version_of_a_model_is_published ON public.function_model_versions USING btree (model_id) WHERE is_published
  CREATE TRIGGER _010_refuse_removal BEFORE DELETE ON public.function_model_versions FOR EACH ROW WHEN ((NOT private.is_purging())) EXECUTE FUNCTION private.tg_refuse_change()
  CREATE TRIGGER _010_refuse_truncate BEFORE TRUNCATE ON public.function_model_versions FOR EACH STATEMENT EXECUTE FUNCTION private.tg_refuse_change()
  CREATE TRIGGER _020_refuse_change BEFORE UPDATE ON public.function_model_versions FOR EACH ROW WHEN (((((((((((old.version_id IS DISTINCT FROM new.version_id) OR (old.model_id IS DISTINCT FROM new.model_id)) OR (old.version_number IS DISTINCT FROM new.version_number)) OR (old.version_data IS DISTINCT FROM new.version_data)) OR (old.author_id IS DISTINCT FROM new.author_id)) OR (old.notes IS DISTINCT FROM new.notes)) OR (old.previous_version IS DISTINCT FROM new.previous_version)) OR (old.created_at IS DISTINCT FROM new.created_at)) AND (NOT private.is_rebuilding())) OR ((old.is_published = new.is_published) AND (NOT private.is_rebuilding())))) EXECUTE FUNCTION private.tg_refuse_change()
  CREATE TRIGGER _800_record_audit_log_of_insert AFTER INSERT ON public.function_model_versions REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_function_model_versions__record_audit_log()
  CREATE TRIGGER _800_record_audit_log_of_update AFTER UPDATE ON public.function_model_versions REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_function_model_versions__record_audit_log()
  policy "Editors and publishers add versions" for insert to fm_writer with check (((author_id = ( SELECT private.actor_id() AS actor_id)) AND (EXISTS ( SELECT FROM function_models model WHERE ((model.model_id = function_model_versions.model_id) AND ((model.user_id = ( SELECT private.actor_id() AS actor_id)) OR ((model.permissions -> 'editors'::text) ? (( SELECT private.actor_id() AS actor_id))::text) OR ((model.permissions -> 'publishers'::text) ? (( SELECT private.actor_id() AS actor_id))::text) OR (model.organization_id IN ( SELECT private.my_organizations('{editor}'::text[]) AS my_organizations))))))))
  policy "Editors and publishers choose the published version" for update to fm_writer using ((EXISTS ( SELECT FROM function_models model WHERE ((model.model_id = function_model_versions.model_id) AND ((model.user_id = ( SELECT private.actor_id() AS actor_id)) OR ((model.permissions -> 'editors'::text) ? (( SELECT private.actor_id() AS actor_id))::text) OR ((model.permissions -> 'publishers'::text) ? (( SELECT private.actor_id() AS actor_id))::text) OR (model.organization_id IN ( SELECT private.my_organizations('{editor}'::text[]) AS my_organizations)))))))
  policy "Who sees a model sees its versions" for select to authenticated, fm_writer using ((EXISTS ( SELECT FROM function_models model WHERE (model.model_id = function_model_versions.model_id))))
  grant select to authenticated
  grant insert, select to fm_writer
  grant update (is_published) to fm_writer

table public.function_models, row level security
  model_id uuid not null
  name text not null
  description text
  version text not null default ('1.0.0'::text)
  status text not null default ('draft'::text)
  current_version text not null default ('1.0.0'::text)
  version_count integer not null default (1)
  ai_agent_config jsonb
  metadata jsonb not null default ('{}'::jsonb)
  permissions jsonb not null
  created_at timestamp with time zone not null default (now())
  updated_at timestamp with time zone not null default (now())
  last_saved_at timestamp with time zone not null default (now())
  deleted_at timestamp with time zone
  deleted_by text
  retain_until timestamp with time zone
  user_id uuid not null
  organization_id uuid
  revision integer not null default (1)
  readers uuid[] not null generated always as (private.readers(permissions))
  search tsvector not null generated always as (((setweight(to_tsvector('simple'::regconfig, name), 'A'::"char") || setweight(to_tsvector('simple'::regconfig, COALESCE(description, ''::text)), 'B'::"char")) || setweight(jsonb_to_tsvector('simple'::regconfig, COALESCE((metadata -> 'tags'::text), '[]'::jsonb), '["string"]'::jsonb), 'B'::"char")))
  constraint agent_settings_are_an_object CHECK ((jsonb_typeof(ai_agent_config) = 'object'::text))
  constraint archived_models_are_never_deleted CHECK (((deleted_at IS NULL) OR (status <> 'archived'::text)))
  constraint deletion_names_time_and_person CHECK (((deleted_at IS NULL) = (deleted_by IS NULL)))
  constraint function_models_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organizations(organization_id)
  constraint function_models_pkey PRIMARY KEY (model_id)
  constraint function_models_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
  constraint metadata_is_an_object CHECK ((jsonb_typeof(metadata) = 'object'::text))
  constraint model_description_has_at_most_5000_characters CHECK ((length(description) <= 5000))
  constraint model_name_has_3_to_100_characters CHECK (((length(name) >= 3) AND (length(name) <= 100)))
  constraint model_status_is_known CHECK ((status = ANY (ARRAY['draft'::text, 'published'::text, 'archived'::text])))
  constraint model_versions_are_plain CHECK (((version ~ '^\d+\.\d+\.\d+$'::text) AND (current_version ~ '^\d+\.\d+\.\d+$'::text)))
  constraint only_what_is_deleted_is_retained CHECK (((retain_until IS NULL) OR (deleted_at IS NOT NULL)))
  constraint revision_counts_from_one CHECK ((revision >= 1))
  constraint the_owner_is_the_user CHECK (((permissions ->> 'owner'::text) = (user_id)::text))
  constraint versions_are_counted_from_one CHECK ((version_count >= 1))
  constraint who_deletes_is_named CHECK ((btrim(deleted_by) <> ''::text))
  CREATE INDEX function_models_created_at_idx ON public.function_models USING btree (organization_id, created_at DESC)
  CREATE INDEX function_models_deleted_at_idx ON public.function_models USING btree (deleted_at) WHERE (deleted_at IS NOT NULL)
  CREATE INDEX function_models_organization_id_idx ON public.function_models USING btree (organization_id, updated_at DESC)
  CREATE INDEX function_models_readers_idx ON public.function_models USING gin (readers)
  CREATE INDEX function_models_search_idx ON public.function_models USING gin (search)
  CREATE INDEX function_models_user_id_idx ON public.function_models USING btree (user_id, updated_at DESC)
  CREATE UNIQUE INDEX model_name_is_free_for_owner ON public.function_models USING btree (user_id, name) WHERE ((deleted_at IS NULL) AND (organization_id IS NULL))
  CREATE UNIQUE INDEX model_name_is_free_in_organization ON public.function_models USING btree (organization_id, name) WHERE ((deleted_at IS NULL) AND (organization_id IS NOT NULL))
  CREATE TRIGGER _010_refuse_truncate BEFORE TRUNCATE ON public.function_models FOR EACH STATEMENT EXECUTE FUNCTION private.tg_refuse_change()
  CREATE TRIGGER _050_judge_acts BEFORE UPDATE ON public.function_models FOR EACH ROW WHEN ((CURRENT_USER = 'fm_writer'::name)) EXECUTE FUNCTION private.tg_function_models__judge_acts()
  CREATE TRIGGER _800_record_audit_log_of_delete AFTER DELETE ON public.function_models REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('model_id', 'model_id', 'readers,search')
  CREATE TRIGGER _800_record_audit_log_of_insert AFTER INSERT ON public.function_models REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('model_id', 'model_id', 'readers,search')
  CREATE TRIGGER _800_record_audit_log_of_update AFTER UPDATE ON public.function_models REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('model_id', 'model_id', 'readers,search')
  CREATE TRIGGER _900_broadcast_change_of_insert AFTER INSERT ON public.function_models REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_function_models__broadcast_change()
  CREATE TRIGGER _900_broadcast_change_of_update AFTER UPDATE ON public.function_models REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_function_models__broadcast_change()
  policy "Commands see the models of their user, deleted or not" for select to fm_writer using (((readers @> ARRAY[( SELECT private.actor_id() AS actor_id)]) OR (organization_id IN ( SELECT private.my_organizations('{owner,admin,editor,viewer}'::text[]) AS my_organizations)) OR (model_id = ( SELECT private.model_being_saved() AS model_being_saved))))
  policy "People create models of their own, in their organizations" for insert to fm_writer with check (((user_id = ( SELECT private.actor_id() AS actor_id)) AND ((organization_id IS NULL) OR (organization_id IN ( SELECT private.my_organizations() AS my_organizations)))))
  policy "People with any act that changes a model save it" for update to fm_writer using (((user_id = ( SELECT private.actor_id() AS actor_id)) OR ((permissions -> 'editors'::text) ? (( SELECT private.actor_id() AS actor_id))::text) OR ((permissions -> 'publishers'::text) ? (( SELECT private.actor_id() AS actor_id))::text) OR ((permissions -> 'archivers'::text) ? (( SELECT private.actor_id() AS actor_id))::text) OR ((permissions -> 'administrators'::text) ? (( SELECT private.actor_id() AS actor_id))::text) OR (organization_id IN ( SELECT private.my_organizations('{owner,admin,editor}'::text[]) AS my_organizations)))) with check ((revision > 1))
  policy "Readers see models, and deleted ones whoever may restore them" for select to authenticated using ((((deleted_at IS NULL) AND ((readers @> ARRAY[( SELECT private.actor_id() AS actor_id)]) OR (organization_id IN ( SELECT private.my_organizations('{owner,admin,editor,viewer}'::text[]) AS my_organizations)))) OR ((deleted_at IS NOT NULL) AND ((organization_id IN ( SELECT private.my_organizations('{owner,admin}'::text[]) AS my_organizations)) OR ((organization_id IS NULL) AND (user_id = ( SELECT private.actor_id() AS actor_id)))))))
  grant select to authenticated
  grant insert, select to fm_writer
  grant update (ai_agent_config, current_version, deleted_at, deleted_by, description, last_saved_at, metadata, name, permissions, retain_until, revision, status, updated_at, user_id, version, version_count) to fm_writer

table public.knowledge_contents, row level security
  content_id uuid not null
  organization_id uuid
  user_id uuid not null
  title text not null
  body text not null
  tags text[] not null default ('{}'::text[])
  revision integer not null default (1)
  created_at timestamp with time zone not null default (now())
  updated_at timestamp with time zone not null default (now())
  search tsvector not null generated always as (((setweight(to_tsvector('simple'::regconfig, title), 'A'::"char") || setweight(private.tag_words(tags), 'A'::"char")) || setweight(to_tsvector('simple'::regconfig, body), 'B'::"char")))
  constraint content_body_has_1_to_100000_characters CHECK (((length(body) >= 1) AND (length(body) <= 100000)))
  constraint content_has_at_most_20_tags CHECK ((cardinality(tags) <= 20))
  constraint content_title_has_1_to_200_characters CHECK (((length(btrim(title)) >= 1) AND (length(btrim(title)) <= 200)))
  constraint knowledge_contents_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organizations(organization_id) ON DELETE CASCADE
  constraint knowledge_contents_pkey PRIMARY KEY (content_id)
  constraint knowledge_contents_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
  constraint revision_counts_from_one CHECK ((revision >= 1))
  CREATE INDEX knowledge_contents_organization_id_idx ON public.knowledge_contents USING btree (organization_id)
  CREATE INDEX knowledge_contents_search_idx ON public.knowledge_contents USING gin (search)
  CREATE INDEX knowledge_contents_user_id_idx ON public.knowledge_contents USING btree (user_id)
  CREATE TRIGGER _010_refuse_truncate BEFORE TRUNCATE ON public.knowledge_contents FOR EACH STATEMENT EXECUTE FUNCTION private.tg_refuse_change()
  CREATE TRIGGER _800_record_audit_log_of_delete AFTER DELETE ON public.knowledge_contents REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('content_id', 'content_id', 'search')
  CREATE TRIGGER _800_record_audit_log_of_insert AFTER INSERT ON public.knowledge_contents REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('content_id', 'content_id', 'search')
  CREATE TRIGGER _800_record_audit_log_of_update AFTER UPDATE ON public.knowledge_contents REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('content_id', 'content_id', 'search')
  policy "Owners and editors of the organization change contents" for update to fm_writer using ((((organization_id IS NULL) AND (user_id = ( SELECT private.actor_id() AS actor_id))) OR (organization_id IN ( SELECT private.my_organizations('{owner,admin,editor}'::text[]) AS my_organizations)))) with check ((revision > 1))
  policy "Owners and editors of the organization remove contents" for delete to fm_writer using ((((organization_id IS NULL) AND (user_id = ( SELECT private.actor_id() AS actor_id))) OR (organization_id IN ( SELECT private.my_organizations('{owner,admin,editor}'::text[]) AS my_organizations))))
  policy "Owners and members of the organization see contents" for select to authenticated, fm_writer using (((user_id = ( SELECT private.actor_id() AS actor_id)) OR (organization_id IN ( SELECT private.my_organizations() AS my_organizations))))
  policy "People write contents, in organizations they edit" for insert to fm_writer with check (((user_id = ( SELECT private.actor_id() AS actor_id)) AND ((organization_id IS NULL) OR (organization_id IN ( SELECT private.my_organizations('{owner,admin,editor}'::text[]) AS my_organizations)))))
  grant select to authenticated
  grant delete, insert, select to fm_writer
  grant update (body, revision, tags, title, updated_at) to fm_writer

table public.node_contexts, row level security
  context_id uuid not null
  model_id uuid not null
  execution_id uuid
  node_id uuid not null
  node_type text not null
  parent_node_id uuid
  level smallint not null
  scope text not null
  data jsonb not null
  inherited_data jsonb not null default ('{}'::jsonb)
  inheritance jsonb not null default ('[]'::jsonb)
  last_emergency jsonb
  created_at timestamp with time zone not null default (now())
  updated_at timestamp with time zone not null default (now())
  revision integer not null default (1)
  constraint context_data_is_an_object CHECK (((jsonb_typeof(data) = 'object'::text) AND (jsonb_typeof(inherited_data) = 'object'::text)))
  constraint level_is_derived_from_the_parent CHECK ((((level >= 0) AND (level <= 10)) AND ((level = 0) = (parent_node_id IS NULL))))
  constraint node_contexts_execution_id_fkey FOREIGN KEY (execution_id) REFERENCES workflow_executions(execution_id) ON DELETE CASCADE
  constraint node_contexts_model_id_fkey FOREIGN KEY (model_id) REFERENCES function_models(model_id) ON DELETE CASCADE
  constraint node_contexts_pkey PRIMARY KEY (context_id)
  constraint node_has_one_context UNIQUE NULLS NOT DISTINCT (model_id, execution_id, node_id)
  constraint node_is_not_its_own_parent CHECK ((parent_node_id <> node_id))
  constraint scope_is_known CHECK ((scope = ANY (ARRAY['execution'::text, 'session'::text, 'global'::text, 'isolated'::text])))
  CREATE INDEX node_contexts_execution_id_idx ON public.node_contexts USING btree (execution_id) WHERE (execution_id IS NOT NULL)
  CREATE TRIGGER _010_refuse_truncate BEFORE TRUNCATE ON public.node_contexts FOR EACH STATEMENT EXECUTE FUNCTION private.tg_refuse_change()
  CREATE TRIGGER _800_record_audit_log_of_delete AFTER DELETE ON public.node_contexts REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('model_id', 'context_id')
  CREATE TRIGGER _800_record_audit_log_of_insert AFTER INSERT ON public.node_contexts REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('model_id', 'context_id')
  CREATE TRIGGER _800_record_audit_log_of_update AFTER UPDATE ON public.node_contexts REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('model_id', 'context_id')
  CREATE TRIGGER _900_broadcast_change_of_insert AFTER INSERT ON public.node_contexts REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_node_contexts__broadcast_change()
  CREATE TRIGGER _900_broadcast_change_of_update AFTER UPDATE ON public.node_contexts REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_node_contexts__broadcast_change()
  policy "Executors add contexts to a model" for insert to fm_writer with check ((( SELECT private.is_service() AS is_service) OR (EXISTS ( SELECT FROM function_models model WHERE ((model.model_id = node_contexts.model_id) AND (model.deleted_at IS NULL) AND ((model.user_id = ( SELECT private.actor_id() AS actor_id)) OR ((model.permissions -> 'editors'::text) ? (( SELECT private.actor_id() AS actor_id))::text) OR ((model.permissions -> 'executors'::text) ? (( SELECT private.actor_id() AS actor_id))::text) OR (model.organization_id IN ( SELECT private.my_organizations('{editor}'::text[]) AS my_organizations))))))))
  policy "Executors change the contexts of a model" for update to fm_writer using ((( SELECT private.is_service() AS is_service) OR (EXISTS ( SELECT FROM function_models model WHERE ((model.model_id = node_contexts.model_id) AND ((model.user_id = ( SELECT private.actor_id() AS actor_id)) OR ((model.permissions -> 'editors'::text) ? (( SELECT private.actor_id() AS actor_id))::text) OR ((model.permissions -> 'executors'::text) ? (( SELECT private.actor_id() AS actor_id))::text) OR (model.organization_id IN ( SELECT private.my_organizations('{editor}'::text[]) AS my_organizations)))))))) with check ((( SELECT private.is_service() AS is_service) OR (EXISTS ( SELECT FROM function_models model WHERE ((model.model_id = node_contexts.model_id) AND (model.deleted_at IS NULL) AND ((model.user_id = ( SELECT private.actor_id() AS actor_id)) OR ((model.permissions -> 'editors'::text) ? (( SELECT private.actor_id() AS actor_id))::text) OR ((model.permissions -> 'executors'::text) ? (( SELECT private.actor_id() AS actor_id))::text) OR (model.organization_id IN ( SELECT private.my_organizations('{editor}'::text[]) AS my_organizations))))))))
  policy "Executors remove the contexts of a model" for delete to fm_writer using ((( SELECT private.is_service() AS is_service) OR (EXISTS ( SELECT FROM function_models model WHERE ((model.model_id = node_contexts.model_id) AND ((model.user_id = ( SELECT private.actor_id() AS actor_id)) OR ((model.permissions -> 'editors'::text) ? (( SELECT private.actor_id() AS actor_id))::text) OR ((model.permissions -> 'executors'::text) ? (( SELECT private.actor_id() AS actor_id))::text) OR (model.organization_id IN ( SELECT private.my_organizations('{editor}'::text[]) AS my_organizations))))))))
  policy "Executors see the contexts of a model" for select to authenticated, fm_writer using ((( SELECT private.is_service() AS is_service) OR (EXISTS ( SELECT FROM function_models model WHERE ((model.model_id = node_contexts.model_id) AND ((model.user_id = ( SELECT private.actor_id() AS actor_id)) OR ((model.permissions -> 'editors'::text) ? (( SELECT private.actor_id() AS actor_id))::text) OR ((model.permissions -> 'executors'::text) ? (( SELECT private.actor_id() AS actor_id))::text) OR (model.organization_id IN ( SELECT private.my_organizations('{editor}'::text[]) AS my_organizations))))))))
  grant select to authenticated
  grant delete, insert, select, update to fm_writer

table public.node_dependencies, row level security
  model_id uuid not null
  node_id uuid not null
  dependency_id uuid not null
  position integer not null
  constraint node_dependencies_dependency_id_fkey FOREIGN KEY (model_id, dependency_id) REFERENCES container_nodes(model_id, node_id)
  constraint node_dependencies_node_id_fkey FOREIGN KEY (model_id, node_id) REFERENCES container_nodes(model_id, node_id) ON DELETE CASCADE
  constraint node_dependencies_pkey PRIMARY KEY (model_id, node_id, dependency_id)
  constraint node_never_waits_for_itself CHECK ((node_id <> dependency_id))
  CREATE INDEX node_dependencies_dependency_id_idx ON public.node_dependencies USING btree (dependency_id, model_id)
  CREATE TRIGGER _010_refuse_truncate BEFORE TRUNCATE ON public.node_dependencies FOR EACH STATEMENT EXECUTE FUNCTION private.tg_refuse_change()
  CREATE TRIGGER _800_record_audit_log_of_delete AFTER DELETE ON public.node_dependencies REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('model_id', 'node_id')
  CREATE TRIGGER _800_record_audit_log_of_insert AFTER INSERT ON public.node_dependencies REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('model_id', 'node_id')
  policy "Editors add dependencies" for insert to fm_writer with check ((model_id = ( SELECT model.model_id FROM function_models model WHERE ((model.model_id = ( SELECT private.model_being_saved() AS model_being_saved)) AND ((model.user_id = ( SELECT private.actor_id() AS actor_id)) OR ((model.permissions -> 'editors'::text) ? (( SELECT private.actor_id() AS actor_id))::text) OR (model.organization_id IN ( SELECT private.my_organizations('{editor}'::text[]) AS my_organizations)))))))
  policy "Editors remove dependencies" for delete to fm_writer using ((model_id = ( SELECT model.model_id FROM function_models model WHERE ((model.model_id = ( SELECT private.model_being_saved() AS model_being_saved)) AND ((model.user_id = ( SELECT private.actor_id() AS actor_id)) OR ((model.permissions -> 'editors'::text) ? (( SELECT private.actor_id() AS actor_id))::text) OR (model.organization_id IN ( SELECT private.my_organizations('{editor}'::text[]) AS my_organizations)))))))
  policy "Who sees a model sees its dependencies" for select to authenticated, fm_writer using ((EXISTS ( SELECT FROM function_models model WHERE (model.model_id = node_dependencies.model_id))))
  grant select to authenticated
  grant delete, insert, select to fm_writer

table public.node_links, row level security
  link_id uuid not null
  source_feature text not null
  target_feature text not null
  source_entity_id uuid not null
  target_entity_id uuid not null
  source_node_id uuid
  target_node_id uuid
  link_type text not null
  link_strength numeric(3,2) not null default (0.5)
  link_context jsonb not null default ('{}'::jsonb)
  organization_id uuid
  created_by uuid not null
  created_at timestamp with time zone not null default (now())
  updated_at timestamp with time zone not null default (now())
  revision integer not null default (1)
  constraint link_context_is_an_object CHECK ((jsonb_typeof(link_context) = 'object'::text))
  constraint link_is_unique UNIQUE NULLS NOT DISTINCT (source_entity_id, target_entity_id, link_type, source_feature, target_feature, source_node_id, target_node_id)
  constraint link_joins_two_things CHECK (
CASE
    WHEN (source_node_id IS NULL) THEN (source_entity_id <> target_entity_id)
    ELSE ((source_feature <> target_feature) OR (source_entity_id <> target_entity_id) OR (source_node_id <> target_node_id))
END)
  constraint link_strength_is_a_fraction CHECK (((link_strength >= (0)::numeric) AND (link_strength <= (1)::numeric)))
  constraint link_type_is_known CHECK ((link_type = ANY (ARRAY['documents'::text, 'implements'::text, 'references'::text, 'supports'::text, 'nested'::text, 'triggers'::text, 'consumes'::text, 'produces'::text])))
  constraint link_type_suits_its_features CHECK (((source_feature = target_feature) OR (link_type = ANY ((
CASE ((LEAST(source_feature, target_feature) || ' '::text) || GREATEST(source_feature, target_feature))
    WHEN 'function-model knowledge-base'::text THEN '{documents,references,supports}'::text
    WHEN 'function-model spindle'::text THEN '{implements,triggers,consumes,produces}'::text
    WHEN 'event-storm function-model'::text THEN '{triggers,consumes,produces}'::text
    WHEN 'knowledge-base spindle'::text THEN '{documents,supports}'::text
    WHEN 'event-storm knowledge-base'::text THEN '{documents,references}'::text
    WHEN 'event-storm spindle'::text THEN '{triggers,consumes,produces}'::text
    ELSE NULL::text
END)::text[]))))
  constraint node_links_created_by_fkey FOREIGN KEY (created_by) REFERENCES users(id)
  constraint node_links_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organizations(organization_id) ON DELETE SET NULL
  constraint node_links_pkey PRIMARY KEY (link_id)
  constraint nodes_are_both_named_or_neither CHECK (((source_node_id IS NULL) = (target_node_id IS NULL)))
  constraint revision_counts_from_one CHECK ((revision >= 1))
  constraint source_feature_is_known CHECK ((source_feature = ANY (ARRAY['function-model'::text, 'knowledge-base'::text, 'spindle'::text, 'event-storm'::text])))
  constraint target_feature_is_known CHECK ((target_feature = ANY (ARRAY['function-model'::text, 'knowledge-base'::text, 'spindle'::text, 'event-storm'::text])))
  CREATE INDEX node_links_created_at_idx ON public.node_links USING btree (created_at DESC, link_id DESC)
  CREATE INDEX node_links_created_by_idx ON public.node_links USING btree (created_by)
  CREATE INDEX node_links_organization_id_idx ON public.node_links USING btree (organization_id)
  CREATE INDEX node_links_target_entity_id_idx ON public.node_links USING btree (target_entity_id)
  CREATE TRIGGER _010_refuse_truncate BEFORE TRUNCATE ON public.node_links FOR EACH STATEMENT EXECUTE FUNCTION private.tg_refuse_change()
  CREATE TRIGGER _800_record_audit_log_of_delete AFTER DELETE ON public.node_links REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('link_id', 'link_id')
  CREATE TRIGGER _800_record_audit_log_of_insert AFTER INSERT ON public.node_links REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('link_id', 'link_id')
  CREATE TRIGGER _800_record_audit_log_of_update AFTER UPDATE ON public.node_links REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('link_id', 'link_id')
  CREATE TRIGGER _900_broadcast_change_of_delete AFTER DELETE ON public.node_links REFERENCING OLD TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_node_links__broadcast_change()
  CREATE TRIGGER _900_broadcast_change_of_insert AFTER INSERT ON public.node_links REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_node_links__broadcast_change()
  CREATE TRIGGER _900_broadcast_change_of_update AFTER UPDATE ON public.node_links REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_node_links__broadcast_change()
  policy "Editors link their models to what they view" for insert to fm_writer with check (((created_by = ( SELECT private.actor_id() AS actor_id)) AND ((source_feature <> 'function-model'::text) OR (EXISTS ( SELECT FROM function_models model WHERE ((model.model_id = node_links.source_entity_id) AND (model.deleted_at IS NULL) AND ((model.user_id = ( SELECT private.actor_id() AS actor_id)) OR ((model.permissions -> 'editors'::text) ? (( SELECT private.actor_id() AS actor_id))::text) OR (model.organization_id IN ( SELECT private.my_organizations('{editor}'::text[]) AS my_organizations))))))) AND ((target_feature <> 'function-model'::text) OR (EXISTS ( SELECT FROM function_models model WHERE ((model.model_id = node_links.target_entity_id) AND (model.deleted_at IS NULL))))) AND ((organization_id IS NULL) OR (EXISTS ( SELECT FROM function_models model WHERE ((model.model_id = ANY (ARRAY[node_links.source_entity_id, node_links.target_entity_id])) AND (model.organization_id = node_links.organization_id)))))))
  policy "Editors of the source change links" for update to fm_writer using ((( SELECT private.is_service() AS is_service) OR (EXISTS ( SELECT FROM function_models model WHERE ((model.model_id = CASE WHEN (node_links.source_feature = 'function-model'::text) THEN node_links.source_entity_id WHEN (node_links.target_feature = 'function-model'::text) THEN node_links.target_entity_id ELSE NULL::uuid END) AND ((model.user_id = ( SELECT private.actor_id() AS actor_id)) OR ((model.permissions -> 'editors'::text) ? (( SELECT private.actor_id() AS actor_id))::text) OR (model.organization_id IN ( SELECT private.my_organizations('{editor}'::text[]) AS my_organizations)))))) OR ((source_feature <> 'function-model'::text) AND (created_by = ( SELECT private.actor_id() AS actor_id))))) with check ((revision > 1))
  policy "Editors of the source remove links" for delete to fm_writer using ((( SELECT private.is_service() AS is_service) OR (EXISTS ( SELECT FROM function_models model WHERE ((model.model_id = CASE WHEN (node_links.source_feature = 'function-model'::text) THEN node_links.source_entity_id WHEN (node_links.target_feature = 'function-model'::text) THEN node_links.target_entity_id ELSE NULL::uuid END) AND ((model.user_id = ( SELECT private.actor_id() AS actor_id)) OR ((model.permissions -> 'editors'::text) ? (( SELECT private.actor_id() AS actor_id))::text) OR (model.organization_id IN ( SELECT private.my_organizations('{editor}'::text[]) AS my_organizations)))))) OR ((source_feature <> 'function-model'::text) AND (created_by = ( SELECT private.actor_id() AS actor_id))) OR ((source_feature = 'function-model'::text) AND (source_entity_id = ( SELECT private.model_being_saved() AS model_being_saved))) OR ((target_feature = 'function-model'::text) AND (target_entity_id = ( SELECT private.model_being_saved() AS model_being_saved)))))
  policy "Who views an end of a link sees it" for select to authenticated, fm_writer using ((( SELECT private.is_service() AS is_service) OR ((source_feature = 'function-model'::text) AND (EXISTS ( SELECT FROM function_models model WHERE (model.model_id = node_links.source_entity_id)))) OR ((target_feature = 'function-model'::text) AND (EXISTS ( SELECT FROM function_models model WHERE (model.model_id = node_links.target_entity_id)))) OR ((source_feature <> 'function-model'::text) AND (target_feature <> 'function-model'::text) AND (created_by = ( SELECT private.actor_id() AS actor_id))) OR ((('knowledge-base'::text = source_feature) OR ('knowledge-base'::text = target_feature)) AND (EXISTS ( SELECT FROM knowledge_contents content WHERE ((((node_links.source_feature = 'knowledge-base'::text) AND (content.content_id = node_links.source_entity_id)) OR ((node_links.target_feature = 'knowledge-base'::text) AND (content.content_id = node_links.target_entity_id))) AND ((content.organization_id = node_links.organization_id) OR ((content.organization_id IS NULL) AND (content.user_id = node_links.created_by))))))) OR ((('spindle'::text = source_feature) OR ('spindle'::text = target_feature)) AND (EXISTS ( SELECT FROM workflows workflow WHERE ((((node_links.source_feature = 'spindle'::text) AND (workflow.workflow_id = node_links.source_entity_id)) OR ((node_links.target_feature = 'spindle'::text) AND (workflow.workflow_id = node_links.target_entity_id))) AND ((workflow.organization_id = node_links.organization_id) OR ((workflow.organization_id IS NULL) AND (workflow.user_id = node_links.created_by)))))))))
  grant select to authenticated
  grant delete, insert, select to fm_writer
  grant update (link_context, link_strength, link_type, revision, updated_at) to fm_writer

table public.node_metadata, row level security
  metadata_id uuid not null default (private.uuid_v7())
  feature_type text not null
  entity_id uuid not null
  node_id uuid not null
  node_type text not null
  position jsonb not null default ('{"x": 0, "y": 0}'::jsonb)
  vector_embedding double precision[]
  search_keywords text[] not null default ('{}'::text[])
  semantic_tags text[] not null default ('{}'::text[])
  ai_agent_config jsonb not null default ('{}'::jsonb)
  visual_properties jsonb not null default ('{}'::jsonb)
  organization_id uuid
  created_by uuid not null
  revision integer not null default (1)
  created_at timestamp with time zone not null default (now())
  updated_at timestamp with time zone not null default (now())
  model_id uuid generated always as (
CASE
    WHEN (feature_type = 'function-model'::text) THEN entity_id
    ELSE NULL::uuid
END)
  keyword_text text not null generated always as (private.keyword_text(search_keywords))
  constraint embedding_has_1_to_4096_numbers CHECK (((cardinality(vector_embedding) >= 1) AND (cardinality(vector_embedding) <= 4096)))
  constraint feature_is_known CHECK ((feature_type = ANY (ARRAY['function-model'::text, 'knowledge-base'::text, 'spindle'::text, 'event-storm'::text])))
  constraint keywords_are_at_most_50 CHECK ((cardinality(search_keywords) <= 50))
  constraint node_is_described_once UNIQUE (feature_type, entity_id, node_id)
  constraint node_metadata_model_id_fkey FOREIGN KEY (model_id) REFERENCES function_models(model_id) ON DELETE CASCADE
  constraint node_metadata_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organizations(organization_id) ON DELETE CASCADE
  constraint node_metadata_pkey PRIMARY KEY (metadata_id)
  constraint node_settings_are_objects CHECK (((jsonb_typeof("position") = 'object'::text) AND (jsonb_typeof(ai_agent_config) = 'object'::text) AND (jsonb_typeof(visual_properties) = 'object'::text)))
  constraint node_type_is_not_blank CHECK (((length(btrim(node_type)) >= 1) AND (length(btrim(node_type)) <= 200)))
  constraint revision_counts_from_one CHECK ((revision >= 1))
  constraint tags_are_at_most_20 CHECK ((cardinality(semantic_tags) <= 20))
  CREATE INDEX node_metadata_created_at_idx ON public.node_metadata USING btree (created_at DESC, metadata_id DESC)
  CREATE INDEX node_metadata_model_id_idx ON public.node_metadata USING btree (model_id)
  CREATE INDEX node_metadata_node_id_idx ON public.node_metadata USING btree (node_id)
  CREATE INDEX node_metadata_organization_id_idx ON public.node_metadata USING btree (organization_id)
  CREATE INDEX node_metadata_semantic_tags_idx ON public.node_metadata USING gin (semantic_tags)
  CREATE TRIGGER _010_refuse_truncate BEFORE TRUNCATE ON public.node_metadata FOR EACH STATEMENT EXECUTE FUNCTION private.tg_refuse_change()
  CREATE TRIGGER _800_record_audit_log_of_insert AFTER INSERT ON public.node_metadata REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('metadata_id', 'metadata_id', 'vector_embedding,keyword_text')
  CREATE TRIGGER _800_record_audit_log_of_update AFTER UPDATE ON public.node_metadata REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('metadata_id', 'metadata_id', 'vector_embedding,keyword_text')
  policy "Commands see the words of their user's nodes" for select to fm_writer using ((( SELECT private.is_service() AS is_service) OR (EXISTS ( SELECT FROM function_models model WHERE (model.model_id = node_metadata.model_id))) OR ((model_id IS NULL) AND (organization_id IS NULL) AND (created_by = ( SELECT private.actor_id() AS actor_id))) OR ((model_id IS NULL) AND (organization_id IN ( SELECT private.my_organizations() AS my_organizations)))))
  policy "Who edits the entity describes its nodes" for insert to fm_writer with check (((created_by = ( SELECT private.actor_id() AS actor_id)) AND private.may_on_entity('edit'::text, CASE WHEN (feature_type = 'function-model'::text) THEN entity_id ELSE NULL::uuid END, organization_id, created_by)))
  policy "Who edits the entity describes its nodes anew" for update to fm_writer using (private.may_on_entity('edit'::text, model_id, organization_id, created_by)) with check ((revision > 1))
  policy "Who sees the entity sees the words of its nodes" for select to authenticated using (((EXISTS ( SELECT FROM function_models model WHERE (model.model_id = node_metadata.model_id))) OR ((model_id IS NULL) AND (organization_id IS NULL) AND (created_by = ( SELECT private.actor_id() AS actor_id))) OR ((model_id IS NULL) AND (organization_id IN ( SELECT private.my_organizations() AS my_organizations)))))
  grant select to authenticated
  grant select to fm_writer
  grant insert (ai_agent_config, created_by, entity_id, feature_type, node_id, node_type, organization_id, position, search_keywords, semantic_tags, vector_embedding, visual_properties) to fm_writer
  grant update (ai_agent_config, node_type, position, revision, search_keywords, semantic_tags, updated_at, vector_embedding, visual_properties) to fm_writer

function public.nodes(function_models) returns json
  language sql, stable, set search_path=""
  body ffc0a87b0847977edf73b614bea42a3f
  execute for authenticated

function public.orchestrate_container(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body e8c9532d7a7c03966810f9db34f699d5
  execute for service_role

table public.organization_invitations, row level security
  invitation_id uuid not null
  organization_id uuid not null
  email text not null
  role text not null
  token_hash text not null
  invited_by uuid not null
  created_at timestamp with time zone not null default (now())
  expires_at timestamp with time zone not null
  accepted_at timestamp with time zone
  accepted_by uuid
  constraint email_is_in_small_letters CHECK (((email = lower(email)) AND ((length(email) >= 3) AND (length(email) <= 254))))
  constraint invitation_lasts_7_days CHECK ((expires_at = (created_at + '7 days'::interval)))
  constraint invited_role_is_known CHECK ((role = ANY (ARRAY['owner'::text, 'admin'::text, 'editor'::text, 'viewer'::text, 'member'::text])))
  constraint organization_invitations_accepted_by_fkey FOREIGN KEY (accepted_by) REFERENCES users(id) ON DELETE SET NULL
  constraint organization_invitations_invited_by_fkey FOREIGN KEY (invited_by) REFERENCES users(id) ON DELETE CASCADE
  constraint organization_invitations_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organizations(organization_id) ON DELETE CASCADE
  constraint organization_invitations_pkey PRIMARY KEY (invitation_id)
  constraint token_is_unique UNIQUE (token_hash)
  CREATE INDEX organization_invitations_accepted_by_idx ON public.organization_invitations USING btree (accepted_by)
  CREATE INDEX organization_invitations_invited_by_idx ON public.organization_invitations USING btree (invited_by)
  CREATE INDEX organization_invitations_organization_id_idx ON public.organization_invitations USING btree (organization_id, created_at DESC)
  CREATE TRIGGER _010_refuse_truncate BEFORE TRUNCATE ON public.organization_invitations FOR EACH STATEMENT EXECUTE FUNCTION private.tg_refuse_change()
  CREATE TRIGGER _800_record_audit_log_of_delete AFTER DELETE ON public.organization_invitations REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('organization_id', 'invitation_id', 'token_hash')
  CREATE TRIGGER _800_record_audit_log_of_insert AFTER INSERT ON public.organization_invitations REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('organization_id', 'invitation_id', 'token_hash')
  CREATE TRIGGER _800_record_audit_log_of_update AFTER UPDATE ON public.organization_invitations REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('organization_id', 'invitation_id', 'token_hash')
  policy "Admins invite to roles not above their own" for insert to fm_writer with check (((invited_by = ( SELECT private.actor_id() AS actor_id)) AND ((organization_id IN ( SELECT private.my_organizations('{owner}'::text[]) AS my_organizations)) OR ((role <> 'owner'::text) AND (organization_id IN ( SELECT private.my_organizations('{admin}'::text[]) AS my_organizations))))))
  policy "Admins revoke invitations" for delete to fm_writer using ((organization_id IN ( SELECT private.my_organizations('{owner,admin}'::text[]) AS my_organizations)))
  policy "Admins see open invitations" for select to authenticated, fm_writer using (((accepted_at IS NULL) AND (expires_at > now()) AND (organization_id IN ( SELECT private.my_organizations('{owner,admin}'::text[]) AS my_organizations))))
  grant select to authenticated
  grant delete, insert, select to fm_writer

table public.organization_members, row level security
  organization_id uuid not null
  user_id uuid not null
  role text not null
  created_at timestamp with time zone not null default (now())
  constraint member_role_is_known CHECK ((role = ANY (ARRAY['owner'::text, 'admin'::text, 'editor'::text, 'viewer'::text, 'member'::text])))
  constraint organization_members_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organizations(organization_id) ON DELETE CASCADE
  constraint organization_members_pkey PRIMARY KEY (user_id, organization_id)
  constraint organization_members_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
  CREATE INDEX organization_members_organization_id_idx ON public.organization_members USING btree (organization_id)
  CREATE TRIGGER _010_refuse_truncate BEFORE TRUNCATE ON public.organization_members FOR EACH STATEMENT EXECUTE FUNCTION private.tg_refuse_change()
  CREATE TRIGGER _800_record_audit_log_of_delete AFTER DELETE ON public.organization_members REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('organization_id', 'user_id')
  CREATE TRIGGER _800_record_audit_log_of_insert AFTER INSERT ON public.organization_members REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('organization_id', 'user_id')
  CREATE TRIGGER _800_record_audit_log_of_update AFTER UPDATE ON public.organization_members REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('organization_id', 'user_id')
  policy "Admins change members, only owners make and unmake owners" for update to fm_writer using (((organization_id IN ( SELECT private.my_organizations('{owner}'::text[]) AS my_organizations)) OR ((role <> 'owner'::text) AND (organization_id IN ( SELECT private.my_organizations('{admin}'::text[]) AS my_organizations))))) with check (((organization_id IN ( SELECT private.my_organizations('{owner}'::text[]) AS my_organizations)) OR ((role <> 'owner'::text) AND (organization_id IN ( SELECT private.my_organizations('{admin}'::text[]) AS my_organizations))) OR (user_id = ( SELECT private.actor_id() AS actor_id))))
  policy "Admins remove members, only owners remove owners, everybody may" for delete to fm_writer using (((user_id = ( SELECT private.actor_id() AS actor_id)) OR (organization_id IN ( SELECT private.my_organizations('{owner}'::text[]) AS my_organizations)) OR ((role <> 'owner'::text) AND (organization_id IN ( SELECT private.my_organizations('{admin}'::text[]) AS my_organizations)))))
  policy "Members see who else is in their organizations" for select to authenticated, fm_writer using ((organization_id IN ( SELECT private.my_organizations() AS my_organizations)))
  grant select to authenticated
  grant delete, select to fm_writer
  grant update (role) to fm_writer

table public.organizations, row level security
  organization_id uuid not null
  name text not null
  created_by uuid
  created_at timestamp with time zone not null default (now())
  updated_at timestamp with time zone not null default (now())
  revision integer not null default (1)
  constraint organization_name_has_1_to_100_characters CHECK (((length(btrim(name)) >= 1) AND (length(btrim(name)) <= 100)))
  constraint organizations_created_by_fkey FOREIGN KEY (created_by) REFERENCES users(id) ON DELETE SET NULL
  constraint organizations_pkey PRIMARY KEY (organization_id)
  constraint revision_counts_from_one CHECK ((revision >= 1))
  CREATE INDEX organizations_created_by_idx ON public.organizations USING btree (created_by)
  CREATE TRIGGER _010_refuse_truncate BEFORE TRUNCATE ON public.organizations FOR EACH STATEMENT EXECUTE FUNCTION private.tg_refuse_change()
  CREATE TRIGGER _200_add_creator_as_owner AFTER INSERT ON public.organizations REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_organizations__add_creator_as_owner()
  CREATE TRIGGER _800_record_audit_log_of_delete AFTER DELETE ON public.organizations REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('organization_id', 'organization_id')
  CREATE TRIGGER _800_record_audit_log_of_insert AFTER INSERT ON public.organizations REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('organization_id', 'organization_id')
  CREATE TRIGGER _800_record_audit_log_of_update AFTER UPDATE ON public.organizations REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('organization_id', 'organization_id')
  policy "Anybody founds an organization in their own name" for insert to fm_writer with check ((created_by = ( SELECT private.actor_id() AS actor_id)))
  policy "Members see their organizations" for select to authenticated, fm_writer using ((organization_id IN ( SELECT private.my_organizations() AS my_organizations)))
  policy "Owners and admins change their organization" for update to fm_writer using ((organization_id IN ( SELECT private.my_organizations('{owner,admin}'::text[]) AS my_organizations)))
  policy "Owners remove their organization" for delete to fm_writer using ((organization_id IN ( SELECT private.my_organizations('{owner}'::text[]) AS my_organizations)))
  grant select to authenticated
  grant delete, insert, select to fm_writer
  grant update (name, revision, updated_at) to fm_writer

function public.pause_execution(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body f89ce0b70f1b66e43e0ff715ab26ba04
  execute for service_role

function public.progress(workflow_executions) returns jsonb
  language plpgsql, stable, set search_path=""
  body 236a6dfc35998e83bc22791a2a08a25d
  execute for authenticated, fm_engine

function public.purge_function_model(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body 9a404c4e5bf6895982318d644110c647
  execute for service_role

function public.read_agent_coordination(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body 09d3de60490f7f85d5b2d30d100630dc
  execute for service_role

function public.read_agent_impact(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body a70fd1b472cc33c2d6ade2d84c7470fd
  execute for service_role

function public.read_agent_task(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body 733c303879af850e562703ec87f24e64
  execute for service_role

function public.read_aggregates(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, stable, set role=fm_writer, set search_path=""
  body 5389df2917e6d3656ceb119897a2b2dc
  execute for service_role

function public.read_ai_agents(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body 707a41a2e82e778d4d53d7f87bbaa166
  execute for service_role

function public.read_dead_letters(jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_engine, set search_path=""
  body 48ba27f0ea01237fd0d4502cef18fca0
  execute for service_role

function public.read_event_subscriptions(jsonb) returns jsonb
  language sql, volatile, set role=fm_engine, set search_path=""
  body eacb8a8b2da0a9743515b780da9071ba
  execute for service_role

function public.read_events(bigint,integer) returns json
  language plpgsql, volatile, set role=fm_engine, set search_path=""
  body 5688326bfad3567b247b4737a5b5947e
  execute for service_role

function public.read_knowledge_content(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body b76e441175f097ea26fd197bd059d59f
  execute for service_role

function public.read_link_ends(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body b1a198a811196cec2f4469507e607df4
  execute for service_role

function public.read_link_history(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body 141bb0811f41c450cb3f4a92df5130c9
  execute for service_role

function public.read_model_relations(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body 16bb725bce3acf4f8e4b81a38cbc25ef
  execute for service_role

function public.read_nested_runs(uuid[]) returns jsonb
  language plpgsql, stable, set role=fm_engine, set search_path=""
  body 7ce532638776e6a8053867b6bd52a6f7
  execute for service_role

function public.read_node_contexts(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body ceace1b4a4c41ec449087ba9519f299c
  execute for service_role

function public.read_node_links_for_service(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body 11113bb6e843f637ab22ae294aaebd80
  execute for service_role

function public.read_node_metadata(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body 9dd61579b4753efa860a76c4cc5946fa
  execute for service_role

function public.read_old_events(jsonb) returns json
  language plpgsql, volatile, set role=fm_engine, set search_path=""
  body 4e247e62b172eba21e1d66abbae36a15
  execute for service_role

function public.read_plan(uuid) returns jsonb
  language sql, stable, set role=fm_engine, set search_path=""
  body 009da52f8c24a3f56b565fbb82aa6ba9
  execute for fm_engine, service_role

function public.read_run(uuid) returns jsonb
  language plpgsql, stable, set role=fm_engine, set search_path=""
  body 1ab8059e02e9813bcb5b4251e0918cc2
  execute for fm_engine, service_role

function public.read_sealed_rows(bigint,integer) returns jsonb
  language sql, volatile, set role=fm_engine, set search_path=""
  body a48689cf55ccbb2774fd88f7012c802d
  execute for service_role

function public.read_states(uuid,timestamp with time zone) returns TABLE(table_name text, row_id uuid, state jsonb, complete boolean, changed_at timestamp with time zone, changed_by uuid)
  language sql, stable, set search_path=""
  body 697e38ae293286efe523aea741a82afe
  execute for authenticated

function public.read_stream(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, stable, set role=fm_writer, set search_path=""
  body 9463ddc2b7c5eaa33b9f95e9afba1d3c
  execute for service_role

function public.read_watermark() returns bigint
  language sql, volatile, set role=fm_engine, set search_path=""
  body e4a28b38a0eb1d90afcca4496e4f2e6e
  execute for service_role

function public.read_workflow(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body 1588f4dbedb115585c72d5293385e80d
  execute for service_role

function public.rebuild_aggregate(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body a62ba27ebe451ba8d25241c0d37d9651
  execute for service_role

function public.record_action_failure(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body fe56661ecc0b030d54aed51eead919e0
  execute for service_role

function public.record_events(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body bf931bf90ecc7064fe2cf92c970ca41d
  execute for service_role

function public.reseal_secret(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body eb107e6e9f8d5ec683aa4ee56a5aa1e7
  execute for service_role

function public.resume_execution(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body c7645c8666e2d2ff3d86c730f69b0eea
  execute for service_role

function public.retry_action(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body bb6f7ec1c4157866f8c39fabc8848f18
  execute for service_role

function public.save_ai_agent(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body e9d7170b6f94a55a39a91362f6892c80
  execute for service_role

function public.save_event_subscription(jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_engine, set search_path=""
  body 63146eab936b3fd7b999dc3d2687086a
  execute for service_role

function public.save_function_model(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path="", set statement_timeout=30s
  body f3f193d2cbe77451bfeb964433ce5b1b
  execute for service_role

function public.save_function_models(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body 2c9e56ad9fa34a3cef5130c7b5b34ca2
  execute for service_role

function public.save_invitation(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body 8dd20e83b4beadee00f9d00cc2ba4f95
  execute for service_role

function public.save_knowledge_content(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body 1b54496a5eb7d7467f52b51900a5bfaa
  execute for service_role

function public.save_node_contexts(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body 1861e61221ab672a9b7d3b0405e85ec8
  execute for service_role

function public.save_node_links(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body 17a4a34ae809a24e14c8f16c53a763e9
  execute for service_role

function public.save_node_metadata(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body e60fe4b4896cff6f750b8fc56e1c4788
  execute for service_role

function public.save_organization(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body f777a1c6ffcb81ad005708282ab34a06
  execute for service_role

function public.save_organization_member(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body 3ac113b27846ff3044e89f1ac3ec1cb9
  execute for service_role

function public.save_schedule(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body 68526843d0062085b8c371005c4ea779
  execute for service_role

function public.save_secret(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body 4730464b1189dc7ef2299edf69ea52f5
  execute for service_role

function public.save_upcast_events(jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_engine, set search_path=""
  body bbcabd7c8788bc4e716a219541061e11
  execute for service_role

function public.save_workflow(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body 47941c65849ee69c9862643921ed56f8
  execute for service_role

type public.schedule_overlap_policy as enum ('skip', 'allowAll', 'cancelOther')

type public.schedule_status as enum ('active', 'paused')

table public.schedules, row level security
  schedule_id uuid not null
  model_id uuid not null
  organization_id uuid
  user_id uuid not null
  version text not null
  version_id uuid
  parameters jsonb not null default ('{}'::jsonb)
  environment execution_environment not null default ('production'::execution_environment)
  priority execution_priority not null default ('normal'::execution_priority)
  timeout_seconds integer
  cron_expression text not null
  time_zone text not null
  starts_at timestamp with time zone
  ends_at timestamp with time zone
  overlap_policy schedule_overlap_policy not null default ('skip'::schedule_overlap_policy)
  catchup_window_seconds integer not null default (60)
  status schedule_status not null default ('active'::schedule_status)
  next_fire_at timestamp with time zone
  claimed_until timestamp with time zone
  last_fire jsonb
  unfinished uuid[] not null default ('{}'::uuid[])
  revision integer not null default (1)
  created_at timestamp with time zone not null default (now())
  updated_at timestamp with time zone not null default (now())
  constraint a_number_names_a_version CHECK (((version = 'published'::text) = (version_id IS NULL)))
  constraint bounds_are_in_order CHECK ((starts_at < ends_at))
  constraint catchup_window_has_10_seconds_to_a_year CHECK (((catchup_window_seconds >= 10) AND (catchup_window_seconds <= 31536000)))
  constraint cron_expression_has_9_to_100_characters CHECK (((length(cron_expression) >= 9) AND (length(cron_expression) <= 100)))
  constraint paused_schedules_have_no_next_time CHECK (((status = 'active'::schedule_status) OR (next_fire_at IS NULL)))
  constraint revision_counts_from_one CHECK ((revision >= 1))
  constraint run_has_1_second_to_30_days CHECK (((timeout_seconds >= 1) AND (timeout_seconds <= 2592000)))
  constraint schedule_parameters_are_an_object CHECK ((jsonb_typeof(parameters) = 'object'::text))
  constraint schedules_model_id_fkey FOREIGN KEY (model_id) REFERENCES function_models(model_id) ON DELETE CASCADE
  constraint schedules_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organizations(organization_id) ON DELETE CASCADE
  constraint schedules_pkey PRIMARY KEY (schedule_id)
  constraint schedules_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
  constraint time_zone_has_1_to_64_characters CHECK (((length(time_zone) >= 1) AND (length(time_zone) <= 64)))
  CREATE INDEX schedules_created_at_idx ON public.schedules USING btree (created_at DESC, schedule_id DESC)
  CREATE INDEX schedules_model_id_idx ON public.schedules USING btree (model_id, created_at DESC, schedule_id DESC)
  CREATE INDEX schedules_next_fire_at_idx ON public.schedules USING btree (next_fire_at) WHERE (next_fire_at IS NOT NULL)
  CREATE INDEX schedules_organization_id_idx ON public.schedules USING btree (organization_id)
  CREATE INDEX schedules_user_id_idx ON public.schedules USING btree (user_id)
  CREATE TRIGGER _010_refuse_truncate BEFORE TRUNCATE ON public.schedules FOR EACH STATEMENT EXECUTE FUNCTION private.tg_refuse_change()
  CREATE TRIGGER _800_record_audit_log_of_delete AFTER DELETE ON public.schedules REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('schedule_id', 'schedule_id', 'next_fire_at,claimed_until,last_fire,unfinished')
  CREATE TRIGGER _800_record_audit_log_of_insert AFTER INSERT ON public.schedules REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('schedule_id', 'schedule_id', 'next_fire_at,claimed_until,last_fire,unfinished')
  CREATE TRIGGER _800_record_audit_log_of_update AFTER UPDATE ON public.schedules REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('schedule_id', 'schedule_id', 'next_fire_at,claimed_until,last_fire,unfinished')
  policy "Executors change schedules, which are theirs from then on" for update to fm_writer using ((EXISTS ( SELECT FROM function_models model WHERE ((model.model_id = schedules.model_id) AND ((model.user_id = ( SELECT private.actor_id() AS actor_id)) OR ((model.permissions -> 'editors'::text) ? (( SELECT private.actor_id() AS actor_id))::text) OR ((model.permissions -> 'executors'::text) ? (( SELECT private.actor_id() AS actor_id))::text) OR (model.organization_id IN ( SELECT private.my_organizations('{editor}'::text[]) AS my_organizations))))))) with check (((user_id = ( SELECT private.actor_id() AS actor_id)) AND (revision > 1)))
  policy "Executors make schedules in their own name" for insert to fm_writer with check (((user_id = ( SELECT private.actor_id() AS actor_id)) AND (revision = 1) AND (EXISTS ( SELECT FROM function_models model WHERE ((model.model_id = schedules.model_id) AND (NOT (model.organization_id IS DISTINCT FROM schedules.organization_id)) AND ((model.user_id = ( SELECT private.actor_id() AS actor_id)) OR ((model.permissions -> 'editors'::text) ? (( SELECT private.actor_id() AS actor_id))::text) OR ((model.permissions -> 'executors'::text) ? (( SELECT private.actor_id() AS actor_id))::text) OR (model.organization_id IN ( SELECT private.my_organizations('{editor}'::text[]) AS my_organizations))))))))
  policy "Executors remove schedules" for delete to fm_writer using ((EXISTS ( SELECT FROM function_models model WHERE ((model.model_id = schedules.model_id) AND ((model.user_id = ( SELECT private.actor_id() AS actor_id)) OR ((model.permissions -> 'editors'::text) ? (( SELECT private.actor_id() AS actor_id))::text) OR ((model.permissions -> 'executors'::text) ? (( SELECT private.actor_id() AS actor_id))::text) OR (model.organization_id IN ( SELECT private.my_organizations('{editor}'::text[]) AS my_organizations)))))))
  policy "The engine moves schedules on" for update to fm_engine using (true)
  policy "The engine sees every schedule" for select to fm_engine using (true)
  policy "Who sees a model sees its schedules" for select to authenticated, fm_writer using ((EXISTS ( SELECT FROM function_models model WHERE (model.model_id = schedules.model_id))))
  grant select to authenticated
  grant select to fm_engine
  grant delete, insert, select to fm_writer
  grant update (claimed_until, last_fire, next_fire_at, unfinished) to fm_engine
  grant update (catchup_window_seconds, claimed_until, cron_expression, ends_at, environment, next_fire_at, overlap_policy, parameters, priority, revision, starts_at, status, time_zone, timeout_seconds, updated_at, user_id, version, version_id) to fm_writer

function public.search_function_models(text) returns TABLE(model_id uuid, name text, description text, version text, current_version text, version_count integer, status text, ai_agent_config jsonb, metadata jsonb, permissions jsonb, user_id uuid, organization_id uuid, created_at timestamp with time zone, updated_at timestamp with time zone, last_saved_at timestamp with time zone, revision integer, rank integer)
  language sql, stable, set search_path=""
  body f84abc80d7058ed58f3e93eddb377be8
  execute for authenticated

function public.search_knowledge_contents(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body 15ec38960131e67fa27bd8389f6744fc
  execute for service_role

table public.secrets, row level security
  secret_id uuid not null
  organization_id uuid
  user_id uuid not null
  name text not null
  hosts text[] not null
  key_id text not null
  last_used_at timestamp with time zone
  rotated_at timestamp with time zone not null default (now())
  revision integer not null default (1)
  created_at timestamp with time zone not null default (now())
  constraint key_id_has_1_to_40_characters CHECK (((length(key_id) >= 1) AND (length(key_id) <= 40)))
  constraint revision_counts_from_one CHECK ((revision >= 1))
  constraint secret_has_1_to_20_hosts CHECK ((((cardinality(hosts) >= 1) AND (cardinality(hosts) <= 20)) AND (array_position(hosts, NULL::text) IS NULL)))
  constraint secret_name_is_a_word CHECK (((name ~ '^[A-Za-z][A-Za-z0-9_-]*$'::text) AND (length(name) <= 64)))
  constraint secrets_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organizations(organization_id) ON DELETE CASCADE
  constraint secrets_pkey PRIMARY KEY (secret_id)
  constraint secrets_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
  CREATE UNIQUE INDEX secret_name_is_free_for_owner ON public.secrets USING btree (user_id, name) WHERE (organization_id IS NULL)
  CREATE UNIQUE INDEX secret_name_is_free_in_organization ON public.secrets USING btree (organization_id, name) WHERE (organization_id IS NOT NULL)
  CREATE INDEX secrets_key_id_idx ON public.secrets USING btree (key_id, secret_id)
  CREATE INDEX secrets_user_id_idx ON public.secrets USING btree (user_id)
  CREATE TRIGGER _010_refuse_truncate BEFORE TRUNCATE ON public.secrets FOR EACH STATEMENT EXECUTE FUNCTION private.tg_refuse_change()
  CREATE TRIGGER _800_record_audit_log_of_delete AFTER DELETE ON public.secrets REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('secret_id', 'secret_id', 'last_used_at')
  CREATE TRIGGER _800_record_audit_log_of_insert AFTER INSERT ON public.secrets REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('secret_id', 'secret_id', 'last_used_at')
  CREATE TRIGGER _800_record_audit_log_of_update AFTER UPDATE ON public.secrets REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('secret_id', 'secret_id', 'last_used_at')
  policy "Owners and admins of the organization remove secrets" for delete to fm_writer using ((((organization_id IS NULL) AND (user_id = ( SELECT private.actor_id() AS actor_id))) OR (organization_id IN ( SELECT private.my_organizations('{owner,admin}'::text[]) AS my_organizations))))
  policy "Owners and admins of the organization rotate secrets" for update to fm_writer using ((((organization_id IS NULL) AND (user_id = ( SELECT private.actor_id() AS actor_id))) OR (organization_id IN ( SELECT private.my_organizations('{owner,admin}'::text[]) AS my_organizations)) OR ( SELECT private.is_service() AS is_service))) with check ((revision > 1))
  policy "Owners, members and the service see secrets" for select to authenticated, fm_writer using ((((organization_id IS NULL) AND (user_id = ( SELECT private.actor_id() AS actor_id))) OR (organization_id IN ( SELECT private.my_organizations() AS my_organizations)) OR ( SELECT private.is_service() AS is_service)))
  policy "People keep secrets, admins those of their organization" for insert to fm_writer with check (((user_id = ( SELECT private.actor_id() AS actor_id)) AND ((organization_id IS NULL) OR (organization_id IN ( SELECT private.my_organizations('{owner,admin}'::text[]) AS my_organizations)))))
  grant select to authenticated
  grant delete, insert, select to fm_writer
  grant update (hosts, key_id, revision, rotated_at) to fm_writer

function public.settle_dead_letter(jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_engine, set search_path=""
  body 4035efebd2ceb45ea4819af4b6495c61
  execute for service_role

function public.settle_events(jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_engine, set search_path=""
  body cd102013e7a3cd533e7d57ecb7cc1dca
  execute for service_role

function public.settle_schedule(jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_engine, set search_path=""
  body a265d91c7302ecb6e05fbcf4e543f63a
  execute for service_role

function public.size(function_models) returns integer
  language sql, stable, set search_path=""
  body a395560162a8f71af133847d5207dfd7
  execute for authenticated

function public.start_agent_coordination(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body c5dea254c5a9401aa0e7ae3acc9925ac
  execute for service_role

function public.start_agent_task(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body 47daf7ff4589c40b8a8f294c00396664
  execute for service_role

function public.start_executions(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path="", set plan_cache_mode=force_generic_plan, set enable_seqscan=off, set enable_hashjoin=off, set enable_mergejoin=off, set jit=off
  body 81d01affceeb34db5b846c006a9beaaa
  execute for service_role

type public.step_status as enum ('pending', 'ready', 'executing', 'waiting', 'completed', 'failed', 'skipped', 'cancelled')

function public.sweep() returns jsonb
  language plpgsql, volatile, set role=fm_engine, set search_path=""
  body b528a1a5a7c4b72638140d9c90ea009a
  execute for service_role

function public.take_seal_to_publish() returns jsonb
  language plpgsql, volatile, set role=fm_engine, set search_path=""
  body b1d555d5428e1ee9f9c8fdb3e60e0b1c
  execute for service_role

function public.use_secrets(jsonb,jsonb,jsonb) returns jsonb
  language plpgsql, volatile, set role=fm_writer, set search_path=""
  body 91cf3ee9eb442702239787506f3b3cde
  execute for service_role

table public.workflow_executions, row level security with (fillfactor=30)
  execution_id uuid not null
  model_id uuid not null
  version_id uuid not null
  version_number text not null
  organization_id uuid
  environment execution_environment not null default ('production'::execution_environment)
  parameters jsonb not null default ('{}'::jsonb)
  session_id text not null
  mode execution_mode not null default ('async'::execution_mode)
  priority execution_priority not null default ('normal'::execution_priority)
  max_depth smallint not null default (10)
  approved_actions uuid[] not null default ('{}'::uuid[])
  start_at timestamp with time zone
  deadline timestamp with time zone
  parent_execution_id uuid
  parent_step integer
  schedule_id uuid
  scheduled_for timestamp with time zone
  depth smallint not null default (0)
  started_by uuid not null
  traceparent text
  recovery jsonb
  created_at timestamp with time zone not null default (now())
  total_steps integer not null
  total_nodes integer not null
  status execution_status not null default ('pending'::execution_status)
  remaining_steps integer not null
  completed_nodes integer not null default (0)
  failed_nodes integer not null default (0)
  skipped_nodes integer not null default (0)
  stream_version integer not null default (0)
  revision integer not null default (1)
  started_at timestamp with time zone
  completed_at timestamp with time zone
  outputs jsonb
  errors jsonb
  constraint workflow_executions_model_id_fkey FOREIGN KEY (model_id) REFERENCES function_models(model_id)
  constraint workflow_executions_parent_fkey FOREIGN KEY (parent_execution_id) REFERENCES workflow_executions(execution_id)
  constraint workflow_executions_pkey PRIMARY KEY (execution_id)
  CREATE UNIQUE INDEX a_time_of_a_schedule_starts_one_run ON public.workflow_executions USING btree (schedule_id, scheduled_for) WHERE (schedule_id IS NOT NULL)
  CREATE INDEX workflow_executions_model_id_idx ON public.workflow_executions USING btree (model_id, created_at DESC)
  CREATE INDEX workflow_executions_parent_idx ON public.workflow_executions USING btree (parent_execution_id) WHERE (parent_execution_id IS NOT NULL)
  CREATE INDEX workflow_executions_started_by_idx ON public.workflow_executions USING btree (started_by, created_at DESC)
  policy "Executors and whoever started a run control it" for update to fm_writer using ((( SELECT private.is_service() AS is_service) OR (EXISTS ( SELECT FROM function_models model WHERE ((model.model_id = workflow_executions.model_id) AND ((workflow_executions.started_by = ( SELECT private.actor_id() AS actor_id)) OR (model.user_id = ( SELECT private.actor_id() AS actor_id)) OR ((model.permissions -> 'editors'::text) ? (( SELECT private.actor_id() AS actor_id))::text) OR ((model.permissions -> 'executors'::text) ? (( SELECT private.actor_id() AS actor_id))::text) OR (model.organization_id IN ( SELECT private.my_organizations('{editor}'::text[]) AS my_organizations))))))))
  policy "Executors start runs in their own name" for insert to fm_writer with check (((started_by = ( SELECT private.actor_id() AS actor_id)) AND (status = 'pending'::execution_status) AND (revision = 1) AND (stream_version = 0) AND ((depth >= 0) AND (depth <= 10)) AND ((max_depth >= 1) AND (max_depth <= 10)) AND ((length(session_id) >= 1) AND (length(session_id) <= 200)) AND ((parent_execution_id IS NULL) = (parent_step IS NULL)) AND (jsonb_typeof(parameters) = 'object'::text) AND ((start_at IS NULL) OR (start_at <= (now() + '367 days'::interval))) AND (EXISTS ( SELECT FROM function_models model WHERE ((model.model_id = workflow_executions.model_id) AND (model.deleted_at IS NULL) AND (model.status <> 'archived'::text) AND ((model.user_id = ( SELECT private.actor_id() AS actor_id)) OR ((model.permissions -> 'editors'::text) ? (( SELECT private.actor_id() AS actor_id))::text) OR ((model.permissions -> 'executors'::text) ? (( SELECT private.actor_id() AS actor_id))::text) OR (model.organization_id IN ( SELECT private.my_organizations('{editor}'::text[]) AS my_organizations))))))))
  policy "The engine moves runs until they have ended, and takes up faile" for update to fm_engine using (((completed_at IS NULL) OR (status = 'failed'::execution_status))) with check (((revision > 1) AND ((status = ANY (ARRAY['completed'::execution_status, 'failed'::execution_status, 'cancelled'::execution_status])) = (completed_at IS NOT NULL))))
  policy "The engine sees every run" for select to fm_engine using (true)
  policy "Who sees a model sees its runs" for select to authenticated, fm_writer using ((( SELECT private.is_service() AS is_service) OR (EXISTS ( SELECT FROM function_models model WHERE (model.model_id = workflow_executions.model_id)))))
  grant select to authenticated
  grant select, update to fm_engine
  grant insert, select to fm_writer
  grant update (status) to fm_writer

table public.workflows, row level security
  workflow_id uuid not null
  organization_id uuid
  user_id uuid not null
  name text not null
  definition jsonb not null
  revision integer not null default (1)
  created_at timestamp with time zone not null default (now())
  updated_at timestamp with time zone not null default (now())
  constraint definition_is_an_object CHECK ((jsonb_typeof(definition) = 'object'::text))
  constraint revision_counts_from_one CHECK ((revision >= 1))
  constraint workflow_name_has_1_to_200_characters CHECK (((length(btrim(name)) >= 1) AND (length(btrim(name)) <= 200)))
  constraint workflows_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organizations(organization_id) ON DELETE CASCADE
  constraint workflows_pkey PRIMARY KEY (workflow_id)
  constraint workflows_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
  CREATE INDEX workflows_organization_id_idx ON public.workflows USING btree (organization_id)
  CREATE INDEX workflows_user_id_idx ON public.workflows USING btree (user_id)
  CREATE TRIGGER _010_refuse_truncate BEFORE TRUNCATE ON public.workflows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_refuse_change()
  CREATE TRIGGER _800_record_audit_log_of_delete AFTER DELETE ON public.workflows REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('workflow_id', 'workflow_id', '', 'redact')
  CREATE TRIGGER _800_record_audit_log_of_insert AFTER INSERT ON public.workflows REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('workflow_id', 'workflow_id', '', 'redact')
  CREATE TRIGGER _800_record_audit_log_of_update AFTER UPDATE ON public.workflows REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_record_audit_log('workflow_id', 'workflow_id', '', 'redact')
  policy "Owners and editors of the organization change workflows" for update to fm_writer using ((((organization_id IS NULL) AND (user_id = ( SELECT private.actor_id() AS actor_id))) OR (organization_id IN ( SELECT private.my_organizations('{owner,admin,editor}'::text[]) AS my_organizations)))) with check ((revision > 1))
  policy "Owners and editors of the organization remove workflows" for delete to fm_writer using ((((organization_id IS NULL) AND (user_id = ( SELECT private.actor_id() AS actor_id))) OR (organization_id IN ( SELECT private.my_organizations('{owner,admin,editor}'::text[]) AS my_organizations))))
  policy "Owners and members of the organization see workflows" for select to authenticated, fm_writer using (((user_id = ( SELECT private.actor_id() AS actor_id)) OR (organization_id IN ( SELECT private.my_organizations() AS my_organizations))))
  policy "People register workflows, in organizations they edit" for insert to fm_writer with check (((user_id = ( SELECT private.actor_id() AS actor_id)) AND ((organization_id IS NULL) OR (organization_id IN ( SELECT private.my_organizations('{owner,admin,editor}'::text[]) AS my_organizations)))))
  grant select to authenticated
  grant delete, insert, select to fm_writer
  grant update (definition, name, revision, updated_at) to fm_writer

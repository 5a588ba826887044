-- Search data about one node of any feature, with the permissions of the
-- entity's agents.

create function private.keyword_text(keywords text[]) returns text
language sql immutable set search_path = ''
as $$
  select coalesce(string_agg(keyword, e'\n'), '') from unnest(keywords) as keyword
$$;

comment on function private.keyword_text(text[]) is 'Keywords one under the other, to be searched for a part of one.';

revoke all on function private.keyword_text(text[]) from public;
grant execute on function private.keyword_text(text[]) to fm_writer;

create table public.node_metadata (
  metadata_id uuid not null default private.uuid_v7(),
  feature_type text not null,
  entity_id uuid not null,
  node_id uuid not null,
  node_type text not null,
  position jsonb not null default '{"x": 0, "y": 0}',
  vector_embedding double precision[],
  search_keywords text[] not null default '{}',
  semantic_tags text[] not null default '{}',
  ai_agent_config jsonb not null default '{}',
  visual_properties jsonb not null default '{}',
  organization_id uuid,
  created_by uuid not null,
  revision integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  model_id uuid generated always as (case when feature_type = 'function-model' then entity_id end) stored,
  keyword_text text not null generated always as (private.keyword_text(search_keywords)) stored,
  constraint node_metadata_pkey primary key (metadata_id),
  constraint node_is_described_once unique (feature_type, entity_id, node_id),
  constraint node_metadata_model_id_fkey foreign key (model_id)
    references public.function_models (model_id) on delete cascade,
  constraint node_metadata_organization_id_fkey foreign key (organization_id)
    references public.organizations (organization_id) on delete cascade,
  constraint feature_is_known
    check (feature_type in ('function-model', 'knowledge-base', 'spindle', 'event-storm')),
  constraint node_type_is_not_blank check (length(btrim(node_type)) between 1 and 200),
  constraint embedding_has_1_to_4096_numbers check (cardinality(vector_embedding) between 1 and 4096),
  constraint node_settings_are_objects check (
    jsonb_typeof(position) = 'object' and jsonb_typeof(ai_agent_config) = 'object'
    and jsonb_typeof(visual_properties) = 'object'),
  constraint keywords_are_at_most_50 check (cardinality(search_keywords) <= 50),
  constraint tags_are_at_most_20 check (cardinality(semantic_tags) <= 20),
  constraint revision_counts_from_one check (revision >= 1)
);

create index node_metadata_model_id_idx on public.node_metadata (model_id);
create index node_metadata_organization_id_idx on public.node_metadata (organization_id);
create index node_metadata_node_id_idx on public.node_metadata (node_id);
create index node_metadata_semantic_tags_idx on public.node_metadata using gin (semantic_tags);
create index node_metadata_created_at_idx on public.node_metadata (created_at desc, metadata_id desc);

comment on table public.node_metadata is 'What a node of any feature is found by: words, tags, a vector.';
comment on column public.node_metadata.keyword_text is 'The keywords one under the other; derived, for filters.';
comment on column public.node_metadata.model_id is 'The model the node belongs to, if it is one; derived.';

create trigger _010_refuse_truncate before truncate on public.node_metadata
  for each statement execute function private.tg_refuse_change();
create trigger _800_record_audit_log_of_insert after insert on public.node_metadata
  referencing new table as new_rows for each statement
  execute function private.tg_record_audit_log('metadata_id', 'metadata_id', 'vector_embedding,keyword_text');
create trigger _800_record_audit_log_of_update after update on public.node_metadata
  referencing old table as old_rows new table as new_rows for each statement
  execute function private.tg_record_audit_log('metadata_id', 'metadata_id', 'vector_embedding,keyword_text');

alter table public.node_metadata enable row level security;
revoke all on public.node_metadata from public, anon, authenticated, service_role;
grant select on public.node_metadata to authenticated;
grant select on public.node_metadata to fm_writer;
grant insert (
  feature_type, entity_id, node_id, node_type, position, vector_embedding, search_keywords, semantic_tags,
  ai_agent_config, visual_properties, organization_id, created_by
) on public.node_metadata to fm_writer;
grant update (
  node_type, position, vector_embedding, search_keywords, semantic_tags, ai_agent_config, visual_properties,
  revision, updated_at
) on public.node_metadata to fm_writer;

create policy "Who sees the entity sees the words of its nodes" on public.node_metadata
  for select to authenticated
  using (
    exists (select from public.function_models as model where model.model_id = node_metadata.model_id)
    or (model_id is null and organization_id is null and created_by = (select private.actor_id()))
    or (model_id is null and organization_id in (select private.my_organizations()))
  );

create policy "Commands see the words of their user's nodes" on public.node_metadata
  for select to fm_writer
  using (
    (select private.is_service())
    or exists (select from public.function_models as model where model.model_id = node_metadata.model_id)
    or (model_id is null and organization_id is null and created_by = (select private.actor_id()))
    or (model_id is null and organization_id in (select private.my_organizations()))
  );

create policy "Who edits the entity describes its nodes" on public.node_metadata
  for insert to fm_writer
  with check (
    created_by = (select private.actor_id())
    and private.may_on_entity('edit',
      case when feature_type = 'function-model' then entity_id end, organization_id, created_by)
  );

create policy "Who edits the entity describes its nodes anew" on public.node_metadata
  for update to fm_writer
  using (private.may_on_entity('edit', model_id, organization_id, created_by))
  with check (revision > 1);

create function private.words_of_node(feature_type text, entity_id uuid, node_id uuid) returns text[]
language sql stable set search_path = ''
as $$
  select coalesce((
    select described.search_keywords || described.semantic_tags
    from public.node_metadata as described
    where described.feature_type = words_of_node.feature_type
      and described.entity_id = words_of_node.entity_id
      and described.node_id = words_of_node.node_id), '{}')
$$;

comment on function private.words_of_node(text, uuid, uuid) is
  'The keywords and tags of a node, as far as the actor may see them.';

revoke all on function private.words_of_node(text, uuid, uuid) from public;
grant execute on function private.words_of_node(text, uuid, uuid) to fm_writer;

-- Links join things across features and inside one. An entity of another feature
-- is known here only if it is built in (contents, workflows); other ids are taken
-- as they are, and a link between two of them is its maker's alone.

create table public.node_links (
  link_id uuid not null,
  source_feature text not null,
  target_feature text not null,
  source_entity_id uuid not null,
  target_entity_id uuid not null,
  source_node_id uuid,
  target_node_id uuid,
  link_type text not null,
  link_strength numeric(3, 2) not null default 0.5,
  link_context jsonb not null default '{}',
  organization_id uuid,
  created_by uuid not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  revision integer not null default 1,
  constraint node_links_pkey primary key (link_id),
  constraint link_is_unique unique nulls not distinct (
    source_entity_id, target_entity_id, link_type, source_feature, target_feature, source_node_id, target_node_id),
  constraint node_links_organization_id_fkey foreign key (organization_id)
    references public.organizations (organization_id) on delete set null,
  constraint node_links_created_by_fkey foreign key (created_by) references auth.users (id),
  constraint source_feature_is_known
    check (source_feature in ('function-model', 'knowledge-base', 'spindle', 'event-storm')),
  constraint target_feature_is_known
    check (target_feature in ('function-model', 'knowledge-base', 'spindle', 'event-storm')),
  constraint link_type_is_known check (link_type in (
    'documents', 'implements', 'references', 'supports', 'nested', 'triggers', 'consumes', 'produces')),
  constraint nodes_are_both_named_or_neither check ((source_node_id is null) = (target_node_id is null)),
  constraint link_joins_two_things check (
    case
      when source_node_id is null then source_entity_id <> target_entity_id
      else (source_feature, source_entity_id, source_node_id) <> (target_feature, target_entity_id, target_node_id)
    end),
  constraint link_type_suits_its_features check (
    source_feature = target_feature
    or link_type = any (
      case least(source_feature, target_feature) || ' ' || greatest(source_feature, target_feature)
        when 'function-model knowledge-base' then '{documents,references,supports}'
        when 'function-model spindle' then '{implements,triggers,consumes,produces}'
        when 'event-storm function-model' then '{triggers,consumes,produces}'
        when 'knowledge-base spindle' then '{documents,supports}'
        when 'event-storm knowledge-base' then '{documents,references}'
        when 'event-storm spindle' then '{triggers,consumes,produces}'
      end::text[])),
  constraint link_strength_is_a_fraction check (link_strength between 0 and 1),
  constraint link_context_is_an_object check (jsonb_typeof(link_context) = 'object'),
  constraint revision_counts_from_one check (revision >= 1)
);

create index node_links_target_entity_id_idx on public.node_links (target_entity_id);
create index node_links_created_at_idx on public.node_links (created_at desc, link_id desc);
create index node_links_organization_id_idx on public.node_links (organization_id);
create index node_links_created_by_idx on public.node_links (created_by);

comment on table public.node_links is 'Links between things of all features, and between nodes of such things.';
comment on column public.node_links.organization_id is 'The organization of the linked models, the source''s first; null when none has one.';
comment on column public.node_links.link_context is 'Free notes, among them metrics {interactionFrequency, semanticSimilarity, contextRelevance}.';
comment on column public.node_links.revision is 'Rises by one with each save; a save names the one it read.';

create trigger _010_refuse_truncate before truncate on public.node_links
  for each statement execute function private.tg_refuse_change();
create trigger _800_record_audit_log_of_insert after insert on public.node_links
  referencing new table as new_rows for each statement
  execute function private.tg_record_audit_log('link_id', 'link_id');
create trigger _800_record_audit_log_of_update after update on public.node_links
  referencing old table as old_rows new table as new_rows for each statement
  execute function private.tg_record_audit_log('link_id', 'link_id');
create trigger _800_record_audit_log_of_delete after delete on public.node_links
  referencing old table as old_rows for each statement
  execute function private.tg_record_audit_log('link_id', 'link_id');

alter table public.node_links enable row level security;
revoke all on public.node_links from public, anon, authenticated, service_role;
grant select on public.node_links to authenticated;
grant select, insert, delete on public.node_links to fm_writer;
grant update (link_type, link_strength, link_context, updated_at, revision) on public.node_links to fm_writer;

create policy "Who views an end of a link sees it" on public.node_links
  for select to authenticated, fm_writer
  using (
    (select private.is_service())
    or (source_feature = 'function-model' and exists (
      select from public.function_models as model where model.model_id = node_links.source_entity_id))
    or (target_feature = 'function-model' and exists (
      select from public.function_models as model where model.model_id = node_links.target_entity_id))
    or (source_feature <> 'function-model' and target_feature <> 'function-model'
      and created_by = (select private.actor_id()))
    or ('knowledge-base' in (source_feature, target_feature) and exists (
      select from public.knowledge_contents as content
      where ((node_links.source_feature = 'knowledge-base' and content.content_id = node_links.source_entity_id)
          or (node_links.target_feature = 'knowledge-base' and content.content_id = node_links.target_entity_id))
        and (content.organization_id = node_links.organization_id
          or (content.organization_id is null and content.user_id = node_links.created_by))))
    or ('spindle' in (source_feature, target_feature) and exists (
      select from public.workflows as workflow
      where ((node_links.source_feature = 'spindle' and workflow.workflow_id = node_links.source_entity_id)
          or (node_links.target_feature = 'spindle' and workflow.workflow_id = node_links.target_entity_id))
        and (workflow.organization_id = node_links.organization_id
          or (workflow.organization_id is null and workflow.user_id = node_links.created_by))))
  );

comment on policy "Who views an end of a link sees it" on public.node_links is
  'A document or task counts as an end only within its own organization, or for its owner''s own links, so that strangers cannot put links into what others see.';

create policy "Editors link their models to what they view" on public.node_links
  for insert to fm_writer
  with check (
    created_by = (select private.actor_id())
    and (source_feature <> 'function-model' or exists (
      select from public.function_models as model
      where model.model_id = node_links.source_entity_id and model.deleted_at is null
        and (model.user_id = (select private.actor_id())
          or model.permissions -> 'editors' ? (select private.actor_id())::text
          or model.organization_id in (select private.my_organizations('{editor}')))))
    and (target_feature <> 'function-model' or exists (
      select from public.function_models as model
      where model.model_id = node_links.target_entity_id and model.deleted_at is null))
    and (organization_id is null or exists (
      select from public.function_models as model
      where model.model_id in (node_links.source_entity_id, node_links.target_entity_id)
        and model.organization_id = node_links.organization_id))
  );

create policy "Editors of the source change links" on public.node_links
  for update to fm_writer
  using (
    (select private.is_service())
    or exists (
      select from public.function_models as model
      where model.model_id = case
          when node_links.source_feature = 'function-model' then node_links.source_entity_id
          when node_links.target_feature = 'function-model' then node_links.target_entity_id end
        and (model.user_id = (select private.actor_id())
          or model.permissions -> 'editors' ? (select private.actor_id())::text
          or model.organization_id in (select private.my_organizations('{editor}'))))
    or (source_feature <> 'function-model' and created_by = (select private.actor_id()))
  )
  with check (revision > 1);

comment on policy "Editors of the source change links" on public.node_links is
  'Where the source is no model: who made the link, and who edits the model at its end.';

create policy "Editors of the source remove links" on public.node_links
  for delete to fm_writer
  using (
    (select private.is_service())
    or exists (
      select from public.function_models as model
      where model.model_id = case
          when node_links.source_feature = 'function-model' then node_links.source_entity_id
          when node_links.target_feature = 'function-model' then node_links.target_entity_id end
        and (model.user_id = (select private.actor_id())
          or model.permissions -> 'editors' ? (select private.actor_id())::text
          or model.organization_id in (select private.my_organizations('{editor}'))))
    or (source_feature <> 'function-model' and created_by = (select private.actor_id()))
    or (source_feature = 'function-model' and source_entity_id = (select private.model_being_saved()))
    or (target_feature = 'function-model' and target_entity_id = (select private.model_being_saved()))
  );

comment on policy "Editors of the source remove links" on public.node_links is
  'Whoever may save a model may let its links go with it, whatever act that is.';

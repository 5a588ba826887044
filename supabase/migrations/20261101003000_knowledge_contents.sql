-- The built-in knowledge base: documents that actions of type kbNode read, and
-- that people find by words of their title, tags and body.

create function private.tag_words(tags text[]) returns tsvector
language sql immutable set search_path = ''
as $$
  select to_tsvector('pg_catalog.simple', array_to_string(tags, ' '))
$$;

comment on function private.tag_words(text[]) is 'The words of tags, for full-text search.';

revoke all on function private.tag_words(text[]) from public;
grant execute on function private.tag_words(text[]) to fm_writer;

create table public.knowledge_contents (
  content_id uuid not null,
  organization_id uuid,
  user_id uuid not null,
  title text not null,
  body text not null,
  tags text[] not null default '{}',
  revision integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  search tsvector not null generated always as (
    setweight(to_tsvector('simple', title), 'A')
    || setweight(private.tag_words(tags), 'A')
    || setweight(to_tsvector('simple', body), 'B')) stored,
  constraint knowledge_contents_pkey primary key (content_id),
  constraint knowledge_contents_organization_id_fkey foreign key (organization_id)
    references public.organizations (organization_id) on delete cascade,
  constraint knowledge_contents_user_id_fkey foreign key (user_id) references auth.users (id),
  constraint content_title_has_1_to_200_characters check (length(btrim(title)) between 1 and 200),
  constraint content_body_has_1_to_100000_characters check (length(body) between 1 and 100000),
  constraint content_has_at_most_20_tags check (cardinality(tags) <= 20),
  constraint revision_counts_from_one check (revision >= 1)
);

create index knowledge_contents_organization_id_idx on public.knowledge_contents (organization_id);
create index knowledge_contents_user_id_idx on public.knowledge_contents (user_id);
create index knowledge_contents_search_idx on public.knowledge_contents using gin (search);

comment on table public.knowledge_contents is 'Documents of the built-in knowledge base.';

create trigger _010_refuse_truncate before truncate on public.knowledge_contents
  for each statement execute function private.tg_refuse_change();
create trigger _800_record_audit_log_of_insert after insert on public.knowledge_contents
  referencing new table as new_rows for each statement
  execute function private.tg_record_audit_log('content_id', 'content_id', 'search');
create trigger _800_record_audit_log_of_update after update on public.knowledge_contents
  referencing old table as old_rows new table as new_rows for each statement
  execute function private.tg_record_audit_log('content_id', 'content_id', 'search');
create trigger _800_record_audit_log_of_delete after delete on public.knowledge_contents
  referencing old table as old_rows for each statement
  execute function private.tg_record_audit_log('content_id', 'content_id', 'search');

alter table public.knowledge_contents enable row level security;
revoke all on public.knowledge_contents from public, anon, authenticated, service_role;
grant select on public.knowledge_contents to authenticated;
grant select, insert, delete on public.knowledge_contents to fm_writer;
grant update (title, body, tags, revision, updated_at) on public.knowledge_contents to fm_writer;

create policy "Owners and members of the organization see contents" on public.knowledge_contents
  for select to authenticated, fm_writer
  using (
    user_id = (select private.actor_id())
    or organization_id in (select private.my_organizations())
  );

create policy "People write contents, in organizations they edit" on public.knowledge_contents
  for insert to fm_writer
  with check (
    user_id = (select private.actor_id())
    and (organization_id is null
      or organization_id in (select private.my_organizations('{owner,admin,editor}')))
  );

create policy "Owners and editors of the organization change contents" on public.knowledge_contents
  for update to fm_writer
  using (
    (organization_id is null and user_id = (select private.actor_id()))
    or organization_id in (select private.my_organizations('{owner,admin,editor}'))
  )
  with check (revision > 1);

create policy "Owners and editors of the organization remove contents" on public.knowledge_contents
  for delete to fm_writer
  using (
    (organization_id is null and user_id = (select private.actor_id()))
    or organization_id in (select private.my_organizations('{owner,admin,editor}'))
  );

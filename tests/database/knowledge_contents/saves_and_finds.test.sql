-- Documents are found by the words of their title, tags and body, best first, by those who may read them.
do $$
declare
  v_author uuid := test.user('author@example.org');
  v_stranger uuid := test.user('stranger@example.org');
  v_guide uuid := gen_random_uuid();
  v_notes uuid := gen_random_uuid();
begin
  perform test.command('save_knowledge_content', v_author, jsonb_build_object(
    'contentId', v_guide, 'expectedRevision', 0, 'title', 'Setup Guide', 'body', 'How to begin', 'tags', '["Install"]'::jsonb));
  perform test.command('save_knowledge_content', v_author, jsonb_build_object(
    'contentId', v_notes, 'expectedRevision', 0, 'title', 'Notes', 'body', 'after setup of the machine', 'tags', '[]'::jsonb));
  perform test.equal(
    (select jsonb_agg(hit -> 'title' order by place) from jsonb_array_elements(
       test.command('search_knowledge_contents', v_author, '{"query": "setup", "limit": 5}')) with ordinality as list (hit, place)),
    '["Setup Guide", "Notes"]', 'a word of the title weighs more than one of the body');
  perform test.equal(
    jsonb_array_length(test.command('search_knowledge_contents', v_author, '{"query": "install"}')), 1, 'by tag, whatever its case');
  perform test.equal(
    test.command('search_knowledge_contents', v_stranger, '{"query": "setup"}'), '[]', 'a stranger finds nothing');
  perform test.equal(
    test.command('read_knowledge_content', v_author, jsonb_build_object('contentId', v_guide)) -> 'tags', '["Install"]', 'whole');
  perform test.command('save_knowledge_content', v_author, jsonb_build_object(
    'contentId', v_guide, 'expectedRevision', 1, 'body', 'Rewritten'));
  perform test.equal(
    (select array[title, body, revision::text] from public.knowledge_contents where content_id = v_guide),
    '{"Setup Guide",Rewritten,2}', 'a change names what changes');
end
$$;

-- Every table and function says what it is for.
select test.equal(
  array(
    select class.oid::regclass::text
    from pg_class as class
    where class.relnamespace in ('public'::regnamespace, 'private'::regnamespace) and class.relkind in ('r', 'p')
      and not class.relispartition and obj_description(class.oid, 'pg_class') is null
    order by 1),
  '{}', 'tables without a comment');

select test.equal(
  array(
    select function.oid::regprocedure::text
    from pg_proc as function
    where function.pronamespace in ('public'::regnamespace, 'private'::regnamespace)
      and obj_description(function.oid, 'pg_proc') is null
    order by 1),
  '{}', 'functions without a comment');

-- A year of monthly partitions lies ahead, and making them again makes none.
select test.equal(private.make_audit_partitions(), 0, 'nothing is missing after the migrations');
select test.equal(private.make_audit_partitions(14), 2, 'further months are made');
select test.holds(
  (select max(pg_get_expr(relpartbound, oid)) from pg_class where relname like 'audit_logs_2%')
    like '%' || to_char((date_trunc('month', now() at time zone 'UTC') + interval '15 months'), 'YYYY-MM') || '%',
  'the last partition ends fifteen months from this one');

//! Keeps the daily partitions of `realtime.messages`; without one for today every message is lost.

use std::time::Duration;

use super::database::Database;

/// How often to look; partitions reach three days ahead, so missing one look is harmless.
const INTERVAL: Duration = Duration::from_secs(3600);

/// Makes the publication and the missing partitions for yesterday up to three days ahead, and drops those, and the
/// rows of a default partition, that are more than three days old.
/// A day whose rows already lie in a default partition keeps using that one.
const MAINTAIN: &str = "
do $$
declare
  v_day date;
  v_old text;
begin
  perform pg_advisory_xact_lock(hashtext('realtime.messages'));
  if not exists (
    select from pg_publication where pubname = 'supabase_realtime_messages_publication'
  ) then
    create publication supabase_realtime_messages_publication for table realtime.messages
      with (publish = 'insert', publish_via_partition_root = true);
  end if;
  for v_day in select generate_series(current_date - 1, current_date + 3, interval '1 day') loop
    if to_regclass('realtime.messages_' || to_char(v_day, 'YYYY_MM_DD')) is null then
      begin
        execute format(
          'create table realtime.%I partition of realtime.messages for values from (%L) to (%L)',
          'messages_' || to_char(v_day, 'YYYY_MM_DD'), v_day, v_day + 1);
        execute format('alter table realtime.%I enable row level security',
          'messages_' || to_char(v_day, 'YYYY_MM_DD'));
      exception when check_violation then null;
      end;
    end if;
  end loop;
  for v_old in
    select relname from pg_class join pg_inherits on inhrelid = pg_class.oid
    where inhparent = 'realtime.messages'::regclass and relname ~ '^messages_\\d{4}_\\d\\d_\\d\\d$'
      and to_date(substr(relname, 10), 'YYYY_MM_DD') < current_date - 3
  loop
    execute format('drop table realtime.%I', v_old);
  end loop;
  delete from realtime.messages where inserted_at < current_date - 3;
end $$;";

/// What delivery reads from; its name is the platform's.
pub(super) const PUBLICATION: &str = "supabase_realtime_messages_publication";

/// Prepares the database for sending and following messages.
pub(super) async fn prepare(database: &Database) -> anyhow::Result<()> {
    let loan = database.lend().await?;
    loan.client.batch_execute(MAINTAIN).await?;
    database.give_back(loan);
    Ok(())
}

/// Repeats the preparation for as long as the stack runs.
pub(super) async fn keep(database: &Database) {
    loop {
        tokio::time::sleep(INTERVAL).await;
        if let Err(error) = prepare(database).await {
            eprintln!("realtime: the partitions could not be made: {error:#}");
        }
    }
}

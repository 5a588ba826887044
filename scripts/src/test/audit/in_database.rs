//! The same in the database: the superuser switches the guards off, changes rows, and is found.

use anyhow::{Context, ensure};
use domain::audit::{SealedRow, Witness};
use tokio_postgres::Client;

use super::in_memory::{judge, seal_of};
use crate::audit::{Page, page};
use crate::dice::Dice;

/// Statements about one row, by its position, and about the row to trade with.
const TRICKS: [&str; 9] = [
    "update public.audit_logs set table_name = table_name || '.' where position = {one}",
    "update public.audit_logs set changed_by = gen_random_uuid() where position = {one}",
    "update public.audit_logs set changed_at = changed_at + interval '1 microsecond' where position = {one}",
    "update public.audit_logs set new_data = new_data || '{\"forged\": true}' where position = {one} and new_data is not null;
     update public.audit_logs set old_data = '{}' where position = {one} and new_data is null",
    "delete from public.audit_logs where position = {one}",
    "insert into public.audit_logs (position, table_name, operation, record_id, new_data, changed_at)
     select position, 'forged', 'create', record_id, '{}', changed_at from public.audit_logs where position = {one}",
    "update public.audit_logs set position = case position when {one} then {other} else {one} end
     where position in ({one}, {other})",
    "delete from public.audit_logs where position >= {one}",
    "delete from private.audit_publications where true;
     delete from public.audit_logs where position >= {one};
     delete from public.audit_seals where seal_number >= {seal}",
];

/// Plays every trick as often as the others, each in a transaction that is undone.
pub(super) async fn all_are_found(
    client: &Client,
    sample: &Page,
    times: usize,
) -> anyhow::Result<()> {
    let mut dice = Dice::new(17);
    let newest = sample.seals.last().context("no seals")?;
    let witness = Witness {
        seal_number: newest.seal_number,
        seal_hash: newest.seal_hash.clone(),
    };
    for time in 0..times {
        let trick = TRICKS[time % TRICKS.len()];
        let (one, other) = dice.pair(sample.rows.len());
        let (one, other) = (&sample.rows[one], &sample.rows[other]);
        let seal = seal_of(sample, one);
        let place = |row: &SealedRow| row.position().unwrap_or_default().to_string();
        let statement = trick
            .replace("{one}", &place(one))
            .replace("{other}", &place(other))
            .replace("{seal}", &seal.to_string());
        let found = tamper(client, &statement, sample).await?;
        let found = judge(&found, &witness);
        let named = found.is_some_and(|broken| broken.seal_number == seal);
        ensure!(named, "{statement}\nseal {seal}, found {found:?}");
    }
    Ok(())
}

/// What a verifier reads after a statement that no guard stops.
async fn tamper(client: &Client, statement: &str, sample: &Page) -> anyhow::Result<Page> {
    client
        .batch_execute("begin; set local session_replication_role = replica")
        .await?;
    let outcome = async {
        client.batch_execute(statement).await?;
        let seals = i32::try_from(sample.last_seal - sample.first_seal + 1)?;
        page(client, sample.first_seal - 1, seals).await
    };
    let outcome = outcome.await.context(statement.to_owned());
    client.batch_execute("rollback").await?;
    outcome
}

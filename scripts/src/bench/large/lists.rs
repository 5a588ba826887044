//! Pages of an organization's models under row-level security against the same without it.

use std::time::Instant;

use hyper::Method;
use local_stack::Details;
use serde_json::json;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use super::super::account::{Account, text};
use super::super::load::{client, json as ask, median, ratio};
use super::super::report::Row;

/// How often a page is asked for in a round.
const PAGES: usize = 50;
/// The share of the speed that row-level security may leave.
const LEFT: f64 = 0.8;

/// Pages of 20 and of 50.
///
/// # Errors
/// When the database refuses something.
pub(super) async fn measure(
    details: &Details,
    admin: &Client,
    account: &Account,
    rounds: usize,
) -> anyhow::Result<Vec<Row>> {
    let organization = fill(admin, account).await?;
    let (member, connection) = tokio_postgres::connect(&details.db_url, NoTls).await?;
    tokio::spawn(connection);
    let claims = json!({"sub": account.user_id, "role": "authenticated"}).to_string();
    let statement = "select set_config('request.jwt.claims', $1, false)";
    member.execute(statement, &[&claims]).await?;
    member.batch_execute("set role authenticated").await?;
    let mut rows = Vec::new();
    for size in [20_i64, 50] {
        let (mut under, mut without) = (Vec::new(), Vec::new());
        for _ in 0..=rounds {
            under.push(pages(&member, organization, size).await?);
            without.push(pages(admin, organization, size).await?);
        }
        // The first round warms both up.
        let (under, without) = (under.split_off(1), without.split_off(1));
        let figure = median(under.iter().copied());
        let other = median(without.iter().copied());
        let ratio = ratio(under, without);
        let row = Row::new(
            format!("list with policies, page of {size}"),
            format!("{figure:.0} /s"),
        )
        .against(format!("{other:.0} /s, without policies"), ratio)
        .at_least(ratio, LEFT, " ×");
        rows.push(row);
    }
    Ok(rows)
}

/// Makes the models: every other one is the organization's.
async fn fill(admin: &Client, account: &Account) -> anyhow::Result<Uuid> {
    let http = client();
    let mut organizations = Vec::new();
    for name in ["Measured", "Another"] {
        let call = account.call(Method::POST, "/organizations");
        let made = ask(&http, call.json(&json!({"name": name}))).await?;
        organizations.push(text(&made, "/organizationId")?.parse::<Uuid>()?);
    }
    let statement = "insert into public.function_models (
            model_id, name, description, permissions, user_id, organization_id, created_at, updated_at)
        select gen_random_uuid(), 'Model ' || number, repeat('What it is for. ', 10),
               jsonb_build_object('owner', $1::uuid), $1, $2::uuid,
               now() - number * interval '1 second', now() - number * interval '1 second'
        from generate_series(1, 10000) as number";
    let user: Uuid = account.user_id.parse()?;
    for organization in &organizations {
        admin.execute(statement, &[&user, organization]).await?;
    }
    admin
        .batch_execute("analyze public.function_models")
        .await?;
    Ok(organizations.swap_remove(0))
}

/// Pages per second.
async fn pages(client: &Client, organization: Uuid, size: i64) -> anyhow::Result<f64> {
    let statement = "with source as (
            select model_id, name, description, version, current_version, version_count, status,
                   ai_agent_config, metadata, permissions, user_id, organization_id, created_at, updated_at,
                   last_saved_at, deleted_at, deleted_by, retain_until, revision
            from public.function_models
            where deleted_at is null and status <> 'archived' and organization_id = $1
            order by updated_at desc, model_id desc limit $2)
        select coalesce(json_agg(source), '[]')::text from source";
    let statement = client.prepare(statement).await?;
    let begun = Instant::now();
    for _ in 0..PAGES {
        let page: String = client
            .query_one(&statement, &[&organization, &size])
            .await?
            .get(0);
        anyhow::ensure!(page.len() > 1_000, "the page is empty: {page}");
    }
    Ok(PAGES as f64 / begun.elapsed().as_secs_f64())
}

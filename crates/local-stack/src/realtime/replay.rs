//! Messages of the recent past, for clients that ask for them when joining a private channel.

use serde_json::Value;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::broadcast::{Body, Broadcast};
use super::database::Database;

/// How many messages a client may ask for.
const LIMITS: std::ops::RangeInclusive<i64> = 1..=25;

/// What a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// Milliseconds since 1970.
    since: i64,
    /// 1 to 25.
    limit: i64,
}

impl Request {
    /// Reads the client's wish; `None` when `since` is no instant or `limit` out of range.
    pub(super) fn parse(wish: &Value) -> Option<Self> {
        let number = |name: &str, absent| match &wish[name] {
            Value::Null => Some(absent),
            value => value.as_i64(),
        };
        let since = number("since", 0).filter(|since| *since >= 0)?;
        let limit = number("limit", *LIMITS.end()).filter(|limit| LIMITS.contains(limit))?;
        Some(Self { since, limit })
    }
}

/// Reads the newest messages the database sent to a private topic, oldest first.
pub(super) async fn read(
    database: &Database,
    topic: &str,
    request: Request,
) -> anyhow::Result<Vec<Broadcast>> {
    let select = "select id, event, payload, binary_payload from realtime.messages
        where topic = $1 and private and extension = 'broadcast' and event is not null
          and inserted_at >= to_timestamp($2::float8 / 1000)::timestamp
        order by inserted_at desc, id desc limit $3";
    let since = request.since as f64;
    let loan = database.lend().await?;
    let rows = loan
        .client
        .query_typed(
            select,
            &[
                (&topic, Type::TEXT),
                (&since, Type::FLOAT8),
                (&request.limit, Type::INT8),
            ],
        )
        .await?;
    database.give_back(loan);
    let message = |row: &tokio_postgres::Row| {
        let id: Uuid = row.get(0);
        let json: Option<Value> = row.get(2);
        let bytes = || {
            row.get::<_, Option<Vec<u8>>>(3)
                .map(|bytes| Body::Binary(bytes.into()))
        };
        Some(Broadcast {
            event: row.get(1),
            body: json.map(Body::Json).or_else(bytes)?,
            id: Some(id),
            replayed: true,
        })
    };
    Ok(rows.iter().rev().filter_map(message).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_wish_has_an_instant_and_at_most_twenty_five_messages() {
        let parse = |wish| Request::parse(&wish).map(|request| (request.since, request.limit));
        assert_eq!(parse(json!({"since": 5, "limit": 1})), Some((5, 1)));
        assert_eq!(parse(json!({})), Some((0, 25)));
        for wrong in [
            json!({"limit": 0}),
            json!({"limit": 26}),
            json!({"since": -1}),
            json!({"since": "yesterday"}),
            json!({"limit": 2.5}),
        ] {
            assert_eq!(parse(wrong.clone()), None, "{wrong}");
        }
    }
}

//! What happened to a model, and who changed what of it.

use domain::event_feed::AggregateType;
use domain::ids::{ModelId, UserId};
use domain::instant::Instant;
use domain::upcast::{MigrateEvents, UPCASTS};
use serde_json::Value;
use use_cases::ports::{AuditFilter, AuditOperation, Bookmark, EventFilter};
use use_cases::{function_model, migrate_events};
use uuid::Uuid;

use crate::call::{Answer, Call, Wiring, id};
use crate::problem::Success;
use crate::query::{PAGE, STREAM};
use crate::response::Response;

/// The stream of a model, in its order.
pub(crate) async fn of_model<W: Wiring>(call: &Call<'_, W>, model: &str) -> Answer {
    let query = call.query(&[&STREAM])?;
    let (after, limit) = query.stream(call.wiring.cursor_key())?;
    let model_id = id("modelId", model, ModelId::parse)?;
    let events =
        function_model::events(call.ports(), &call.context, model_id, after, limit).await?;
    Ok(call.stream(&query, events, limit))
}

/// The log of everything, as far as the caller may view what it is about.
pub(crate) async fn log<W: Wiring>(call: &Call<'_, W>) -> Answer {
    let query = call.query(&[
        &PAGE,
        &[
            "from",
            "afterPosition",
            "eventType",
            "aggregateType",
            "aggregateId",
        ],
    ])?;
    let mut page = call.page(&query, 20)?;
    if let Some(position) = query.number("afterPosition", 0..=i64::MAX.unsigned_abs())? {
        page.after = page.after.or(Some(Bookmark(Value::from(position))));
    }
    let filter = EventFilter {
        from: query.value::<Instant>("from")?,
        event_type: query.text("eventType").map(str::to_owned),
        aggregate_type: query.value::<AggregateType>("aggregateType")?,
        aggregate_id: query.value::<Uuid>("aggregateId")?,
    };
    let found = function_model::event_log(call.ports(), &call.context, &filter, &page).await?;
    Ok(call.list(&query, &found))
}

/// Stores old events in their newest shape, beside the log.
pub(crate) async fn migrate<W: Wiring>(call: &Call<'_, W>) -> Answer {
    call.query(&[])?;
    let command: MigrateEvents = call.body()?;
    let done = migrate_events(call.ports(), &call.context, &UPCASTS, &command).await?;
    Ok(Response::json(Success::Ok, &done))
}

/// Changes to the rows of a model, newest first.
pub(crate) async fn audit<W: Wiring>(call: &Call<'_, W>, model: &str) -> Answer {
    let query = call.query(&[
        &PAGE,
        &["operation", "eventType", "changedBy", "from", "to"],
    ])?;
    let page = call.page(&query, 50)?;
    let filter = AuditFilter {
        operation: query.value::<AuditOperation>("operation")?,
        event_type: query.text("eventType").map(str::to_owned),
        changed_by: query.id("changedBy", UserId::parse)?,
        from: query.value::<Instant>("from")?,
        to: query.value::<Instant>("to")?,
        ..AuditFilter::default()
    };
    let model_id = id("modelId", model, ModelId::parse)?;
    let found =
        function_model::audit(call.ports(), &call.context, model_id, &filter, &page).await?;
    Ok(call.list(&query, &found))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{ALICE, BOB, SECRET, Stage};

    #[test]
    fn the_stream_of_a_model_tells_its_story_in_pages() {
        let stage = Stage::new();
        let path = stage.model("Order to cash");
        stage.node(&path, "Check", json!({"nodeType": "stageNode"}));
        let events = format!("{path}/events");
        let types = |body: &Value| {
            let items = body["items"].as_array().unwrap();
            items
                .iter()
                .map(|event| event["eventType"].clone())
                .collect::<Vec<_>>()
        };
        let all = stage.get(&events).ok(200);
        assert_eq!(types(&all), ["FunctionModelCreated", "ContainerNodeAdded"]);
        assert_eq!(all["items"][0]["actorId"], ALICE);
        let later = stage.get(&format!("{events}?afterVersion=1")).ok(200);
        assert_eq!(types(&later), ["ContainerNodeAdded"]);
        let first = stage.get(&format!("{events}?limit=1")).ok(200);
        let cursor = first["nextCursor"].as_str().unwrap();
        let second = stage
            .get(&format!("{events}?limit=1&cursor={cursor}"))
            .ok(200);
        assert_eq!(types(&second), ["ContainerNodeAdded"]);
        let stranger = stage.ask("GET", &events).by(BOB).send();
        stranger.refused(404, "FUNCTION_MODEL_NOT_FOUND");
        stage
            .get(&format!("{events}?afterVersion=-1"))
            .refused(400, "INVALID_REQUEST");
    }

    #[test]
    fn the_log_shows_what_the_caller_may_view() {
        let stage = Stage::new();
        stage.model("Order to cash");
        let log = stage.get("/events?eventType=FunctionModelCreated").ok(200);
        assert_eq!(log["items"].as_array().unwrap().len(), 1);
        let bob = stage.ask("GET", "/events").by(BOB).send().ok(200);
        assert_eq!(bob["items"], json!([]));
        stage
            .get("/events?aggregateId=7")
            .refused(400, "INVALID_REQUEST");
        let models = stage.get("/events?aggregateType=function-model").ok(200);
        assert_eq!(models["items"].as_array().unwrap().len(), 1);
        let none = stage.get("/events?aggregateType=organization").ok(200);
        assert_eq!(none["items"], json!([]));
        stage
            .get("/events?aggregateType=model")
            .refused(400, "INVALID_REQUEST");
        stage
            .get("/events?from=noon")
            .refused(400, "INVALID_REQUEST");
    }

    #[test]
    fn the_service_migrates_events_by_known_steps() {
        let stage = Stage::new();
        let body = json!({"eventType": "FunctionModelCreated", "fromVersion": 1, "toVersion": 2});
        let migrate = |more: Value| {
            let mut body = body.clone();
            let more = more.as_object().cloned().unwrap_or_default();
            body.as_object_mut().unwrap().extend(more);
            let ask = stage.ask("POST", "/events/migrate").by("");
            ask.header("apikey", SECRET).json(body).send()
        };
        let refused = migrate(json!({})).refused(422, "EVENT_STEP_UNKNOWN");
        assert_eq!(refused["errors"][0]["limit"], 1);
        let refused = migrate(json!({"limit": 0})).refused(400, "INVALID_REQUEST");
        assert_eq!(refused["errors"][0]["field"], "limit");
        let refused = migrate(json!({"dryRun": true})).refused(400, "INVALID_REQUEST");
        assert_eq!(refused["errors"][0]["field"], "dryRun");
        let user = stage.post("/events/migrate", body.clone());
        user.refused(403, "FORBIDDEN");
    }

    #[test]
    fn the_audit_trail_is_filtered() {
        let stage = Stage::new();
        let path = stage.model("Order to cash");
        let audit = |query: &str| stage.get(&format!("{path}/audit?{query}"));
        audit("operation=create&limit=5").ok(200);
        audit("operation=merge").refused(400, "INVALID_REQUEST");
        audit("changedBy=me").refused(400, "INVALID_REQUEST");
        let stranger = stage.ask("GET", &format!("{path}/audit")).by(BOB).send();
        stranger.refused(404, "FUNCTION_MODEL_NOT_FOUND");
    }
}

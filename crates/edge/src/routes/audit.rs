//! The audit log of everything, and its seals.

use domain::audit::VerifyAudit;
use domain::ids::{ModelId, OrganizationId, UserId};
use domain::instant::Instant;
use domain::json;
use serde_json::{Value, json};
use use_cases::audit_log;
use use_cases::ports::{AuditEntry, AuditFilter, AuditOperation, PageRequest};
use uuid::Uuid;

use crate::call::{Answer, Call, Wiring};
use crate::problem::{Problem, Success};
use crate::query::{PAGE, Query};
use crate::request::Method;
use crate::response::Response;

const FILTER: [&str; 10] = [
    "organizationId",
    "modelId",
    "recordId",
    "rowId",
    "tableName",
    "operation",
    "eventType",
    "changedBy",
    "from",
    "to",
];
/// The columns of a report, by their names in JSON.
const COLUMNS: [&str; 13] = [
    "auditId",
    "changedAt",
    "changedBy",
    "operation",
    "tableName",
    "recordId",
    "modelId",
    "organizationId",
    "eventType",
    "eventId",
    "requestId",
    "oldData",
    "newData",
];

fn filter(query: &Query) -> Result<AuditFilter, Problem> {
    Ok(AuditFilter {
        organization_id: query.id("organizationId", OrganizationId::parse)?,
        model_id: query.id("modelId", ModelId::parse)?,
        record_id: query.value::<Uuid>("recordId")?,
        row_id: query.value::<Uuid>("rowId")?,
        table_name: query.text("tableName").map(str::to_owned),
        operation: query.value::<AuditOperation>("operation")?,
        event_type: query.text("eventType").map(str::to_owned),
        changed_by: query.id("changedBy", UserId::parse)?,
        from: query.value::<Instant>("from")?,
        to: query.value::<Instant>("to")?,
    })
}

/// A report: a list, or a table for spreadsheets.
pub(crate) async fn list<W: Wiring>(call: &Call<'_, W>, csv: bool) -> Answer {
    let taken: &[&str] = if csv { &["limit", "cursor"] } else { &PAGE };
    let query = call.query(&[taken, &FILTER])?;
    let page: PageRequest = call.page(&query, if csv { 100 } else { 20 })?;
    let filter = filter(&query)?;
    let found = audit_log::list(call.ports(), &call.context, &filter, &page).await?;
    let listed = call.list(&query, &found);
    if !csv {
        return Ok(listed);
    }
    let lines = found.items.iter().map(line);
    let text = lines.fold(COLUMNS.join(",") + "\r\n", |text, line| text + &line);
    let link = listed
        .headers
        .into_iter()
        .filter(|(name, _)| *name == "link");
    let report = Response {
        headers: link.collect(),
        ..Response::text(Success::Ok, text)
    };
    Ok(report.with("content-type", "text/csv"))
}

/// A change as RFC 4180 writes a record; documents are JSON text.
fn line(entry: &AuditEntry) -> String {
    let entry = json::to_value(entry);
    let cells = COLUMNS.map(|name| match entry.get(name) {
        None => String::new(),
        Some(Value::String(text)) => cell(text),
        Some(document) => cell(&document.to_string()),
    });
    cells.join(",") + "\r\n"
}

/// Quoted. What a spreadsheet would take for a formula is kept from being one.
fn cell(text: &str) -> String {
    let guard = match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => "'",
        false => "",
    };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

pub(crate) async fn states<W: Wiring>(call: &Call<'_, W>, record: &str) -> Answer {
    let query = call.query(&[&PAGE, &["at"]])?;
    let page = call.page(&query, 20)?;
    let at = query.value::<Instant>("at")?;
    let record_id = record.parse::<Uuid>();
    let record_id = record_id
        .map_err(|_| Problem::invalid_field("recordId", "format", "recordId is a UUID."))?;
    let (ports, context) = (call.ports(), &call.context);
    let found = audit_log::states(ports, context, record_id, at, &page).await?;
    Ok(call.list(&query, &found))
}

pub(crate) async fn seals<W: Wiring>(call: &Call<'_, W>) -> Answer {
    let query = call.query(&[&PAGE])?;
    let page = call.page(&query, 20)?;
    let found = audit_log::seals(call.ports(), &call.context, &page).await?;
    Ok(call.list(&query, &found))
}

pub(crate) async fn verify<W: Wiring>(call: &Call<'_, W>) -> Answer {
    call.query(&[])?;
    let command: VerifyAudit = call.body()?;
    let found = audit_log::verify(call.ports(), &call.context, &command).await?;
    Ok(Response::json(Success::Ok, &found))
}

/// Writes the newest seal into the log, where the database's owner cannot rewrite it.
pub(crate) async fn publish<W: Wiring>(call: &Call<'_, W>) -> Answer {
    if call.request.method != Method::Post {
        return Err(Problem::method_not_allowed("POST, OPTIONS".to_owned()).into());
    }
    if !call.context.actor.service {
        return Err(Problem::service_only().into());
    }
    let seal = audit_log::publish(call.ports()).await?;
    if let (Some(number), Some(hash)) = (seal["sealNumber"].as_i64(), seal["sealHash"].as_str()) {
        let line = json!({
            "level": "info", "message": "audit seal", "published": format!("{number}:{hash}"),
            "sealedAt": seal["sealedAt"],
        });
        call.wiring.log(&line.to_string());
    }
    Ok(Response::empty(Success::NoContent))
}

#[cfg(test)]
mod tests {
    use domain::ids::ModelId;
    use serde_json::Value;

    use super::*;
    use crate::testing::{BOB, SECRET, Stage};

    /// A model with its seal; answers the model's id.
    fn sealed(stage: &Stage) -> String {
        let path = stage.model("Order to cash");
        stage.world.seal_audit();
        let id = path.rsplit('/').next().unwrap();
        ModelId::parse(id).unwrap().to_string()
    }

    fn verify(stage: &Stage, command: Value) -> crate::testing::Answered {
        let ask = stage.ask("POST", "/audit/verify").by("");
        ask.header("apikey", SECRET).json(command).send()
    }

    #[test]
    fn reports_are_narrowed_paged_and_hidden_from_strangers() {
        let stage = Stage::new();
        let id = sealed(&stage);
        let count = |path: &str| {
            let body = stage.get(path).ok(200);
            body["items"].as_array().unwrap().len()
        };
        assert_eq!(count("/audit"), 2);
        assert_eq!(count("/audit?limit=1"), 1);
        assert_eq!(
            count(&format!("/audit?recordId={id}&tableName=function_models")),
            1
        );
        assert_eq!(count(&format!("/audit?modelId={id}&operation=update")), 0);
        let first = stage.get("/audit?limit=1").ok(200);
        let cursor = first["nextCursor"].as_str().unwrap();
        assert_eq!(count(&format!("/audit?limit=1&cursor={cursor}")), 1);
        let strange = stage.ask("GET", "/audit").by(BOB).send().ok(200);
        assert_eq!(strange["items"], json!([]));
        for wrong in [
            "recordId=x",
            "operation=merge",
            "changedBy=me",
            "from=then",
            "rowId=1",
        ] {
            let refused = stage.get(&format!("/audit?{wrong}"));
            refused.refused(400, "INVALID_REQUEST");
        }
        let long = stage.get("/audit?from=2001-01-01T00:00:00Z");
        long.refused(422, "WINDOW_INVALID");
    }

    #[test]
    fn a_report_is_a_table_for_spreadsheets() {
        let stage = Stage::new();
        sealed(&stage);
        let answer = stage.get("/audit/csv?limit=1");
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.header("content-type"), Some("text/csv"));
        assert!(
            answer
                .header("link")
                .unwrap()
                .contains("/audit/csv?limit=1&cursor=")
        );
        let all = stage.get("/audit/csv");
        assert_eq!(all.header("link"), None);
        let text = all.text();
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert_eq!(lines[0], COLUMNS.join(","));
        assert!(lines[2].contains(r#"""name"":""Order to cash"""#), "{text}");
        assert_eq!(
            lines.len(),
            4,
            "a head, two changes, and the end of the last line"
        );
        stage
            .get("/audit/csv?fields=a")
            .refused(400, "INVALID_REQUEST");
    }

    #[test]
    fn no_cell_is_a_formula() {
        assert_eq!(cell("=1+1"), "\"'=1+1\"");
        assert_eq!(cell("a\"b"), "\"a\"\"b\"");
    }

    #[test]
    fn a_thing_is_told_as_it_was() {
        let stage = Stage::new();
        let id = sealed(&stage);
        let path = format!("/audit/records/{id}/states");
        let now = stage.get(&path).ok(200);
        assert_eq!(now["items"][0]["tableName"], "function_models");
        assert_eq!(now["items"][0]["complete"], true);
        let before = stage
            .get(&format!("{path}?at=2001-01-01T00:00:00Z"))
            .ok(200);
        assert_eq!(before["items"], json!([]));
        let strange = stage.ask("GET", &path).by(BOB).send().ok(200);
        assert_eq!(strange["items"], json!([]));
        stage
            .get("/audit/records/x/states")
            .refused(400, "INVALID_REQUEST");
        stage
            .get(&format!("{path}?at=noon"))
            .refused(400, "INVALID_REQUEST");
    }

    #[test]
    fn seals_are_for_all_and_verified_by_the_service() {
        let stage = Stage::new();
        sealed(&stage);
        let seals = stage.ask("GET", "/audit/seals").by(BOB).send().ok(200);
        let seal = &seals["items"][0];
        assert_eq!(
            (&seal["sealNumber"], &seal["rowCount"]),
            (&json!(1), &json!(2))
        );
        let published = format!("1:{}", seal["sealHash"].as_str().unwrap());

        let found = verify(&stage, json!({"published": published})).ok(200);
        assert_eq!(
            (&found["intact"], &found["rows"]),
            (&json!(true), &json!(2))
        );
        let other = format!("9:{}", "0".repeat(64));
        let found = verify(&stage, json!({"published": other})).ok(200);
        assert_eq!(
            found["broken"],
            json!({"sealNumber": 2, "fault": "sealMissing"})
        );
        stage.world.forge_audit(0);
        let found = verify(&stage, json!({"from": 1, "to": 5})).ok(200);
        assert_eq!(
            found["broken"],
            json!({"sealNumber": 1, "fault": "rowsChanged"})
        );
        assert_eq!(found["intact"], false);

        let user = stage.ask("POST", "/audit/verify").json(json!({})).send();
        user.refused(403, "FORBIDDEN");
        for wrong in [
            json!({"from": 0}),
            json!({"from": 3, "to": 2}),
            json!({"to": "last"}),
            json!({"published": "1"}),
            json!({"after": 1}),
        ] {
            verify(&stage, wrong).refused(400, "INVALID_REQUEST");
        }
    }

    #[test]
    fn the_newest_seal_goes_into_the_log_once() {
        let stage = Stage::new();
        sealed(&stage);
        let ask = |method| stage.ask_function("background-worker", method, "/seals");
        let told = || {
            let lines = stage.lines.borrow();
            let lines = lines
                .iter()
                .map(|line| -> Value { serde_json::from_str(line).unwrap() });
            lines
                .filter(|line| line["message"] == "audit seal")
                .collect::<Vec<_>>()
        };
        for _ in 0..2 {
            ask("POST").by("").header("apikey", SECRET).send().ok(204);
        }
        let lines = told();
        assert_eq!(lines.len(), 1);
        assert!(lines[0]["published"].as_str().unwrap().starts_with("1:"));
        ask("POST").send().refused(403, "FORBIDDEN");
        let read = ask("GET").by("").header("apikey", SECRET).send();
        read.refused(405, "METHOD_NOT_ALLOWED");
    }
}

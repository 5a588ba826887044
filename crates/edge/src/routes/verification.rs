//! Whether what is stored is what the events say; for operators.

use domain::verification::ReplayedType;
use use_cases::verification::{
    MOST_AGGREGATES, rebuild_aggregate, verify_aggregate, verify_aggregates,
};
use uuid::Uuid;

use crate::call::{Answer, Call, Wiring};
use crate::problem::{Problem, Success};
use crate::response::Response;

fn aggregate_type(text: &str) -> Result<ReplayedType, Problem> {
    let kind = ReplayedType::parse(text);
    kind.ok_or_else(|| Problem::invalid_field("aggregateType", "oneOf", "There is no such type."))
}

fn aggregate_id(text: &str) -> Result<Uuid, Problem> {
    let id = text.parse();
    id.map_err(|_| Problem::invalid_field("aggregateId", "format", "aggregateId is a UUID."))
}

pub(crate) async fn verify_all<W: Wiring>(call: &Call<'_, W>, kind: &str) -> Answer {
    let query = call.query(&[&["after", "limit"]])?;
    let kind = aggregate_type(kind)?;
    let after = query.value::<Uuid>("after")?;
    let limit = query.number("limit", 1..=u64::from(MOST_AGGREGATES))?;
    let limit = limit.and_then(|limit| u32::try_from(limit).ok());
    let limit = limit.unwrap_or(20);
    let found = verify_aggregates(call.ports(), &call.context, kind, after, limit).await?;
    Ok(Response::json(Success::Ok, &found))
}

pub(crate) async fn verify<W: Wiring>(call: &Call<'_, W>, kind: &str, id: &str) -> Answer {
    call.query(&[])?;
    let (kind, id) = (aggregate_type(kind)?, aggregate_id(id)?);
    let found = verify_aggregate(call.ports(), &call.context, kind, id).await?;
    Ok(Response::json(Success::Ok, &found))
}

pub(crate) async fn rebuild<W: Wiring>(call: &Call<'_, W>, kind: &str, id: &str) -> Answer {
    let (kind, id) = (aggregate_type(kind)?, aggregate_id(id)?);
    let found = rebuild_aggregate(call.ports(), &call.context, kind, id).await?;
    Ok(Response::json(Success::Ok, &found))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{NOTHING, SECRET, Stage};

    fn service(stage: &Stage, method: &'static str, path: &str) -> crate::testing::Answered {
        let ask = stage.ask(method, path).by("");
        ask.header("apikey", SECRET).send()
    }

    #[test]
    fn operators_verify_and_rebuild() {
        let stage = Stage::new();
        let path = stage.model("Order to cash");
        let id = path.rsplit('/').next().unwrap();
        let all = service(&stage, "GET", "/verification/function-model?limit=5").ok(200);
        assert_eq!(all, json!({"compared": 1, "broken": []}));
        let one = format!("/verification/function-model/{id}");
        let verdict = service(&stage, "GET", &one).ok(200);
        assert_eq!(verdict["intact"], true);
        assert_eq!(verdict["differenceCount"], 0);
        let rebuilt = service(&stage, "POST", &format!("{one}/rebuild")).ok(200);
        assert_eq!(rebuilt, verdict);
    }

    #[test]
    fn nobody_else_does_and_what_is_not_there_is_told() {
        let stage = Stage::new();
        let one = format!("/verification/organization/{NOTHING}");
        for (method, path) in [
            ("GET", "/verification/node-link".to_owned()),
            ("GET", one.clone()),
            ("POST", format!("{one}/rebuild")),
        ] {
            let refused = stage.ask(method, &path).send();
            refused.refused(403, "FORBIDDEN");
        }
        service(&stage, "GET", &one).refused(404, "AGGREGATE_NOT_FOUND");
        for wrong in [
            "/verification/execution",
            "/verification/node-link?after=1",
            "/verification/node-link?limit=0",
            "/verification/node-link/1",
        ] {
            service(&stage, "GET", wrong).refused(400, "INVALID_REQUEST");
        }
    }
}

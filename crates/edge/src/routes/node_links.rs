//! Links between things of all features.

use domain::ids::{EntityId, LinkId, NodeId};
use domain::instant::Instant;
use domain::node_link::{
    BatchNodeLinks, CalculateLinkStrength, ChangeNodeLink, CheckLinkIntegrity, CreateNodeLink,
    CycleFilter, NodeLink, RemoveNodeLink, StrengthCalculation, StrengthWord,
};
use domain::vocabulary::{FeatureType, LinkType};
use use_cases::Saved;
use use_cases::node_link::{self, BatchOutcome};
use use_cases::ports::LinkFilter;

use crate::call::{Answer, Call, Wiring, id};
use crate::problem::{Problem, Success};
use crate::query::{PAGE, Query};
use crate::response::Response;

/// What links can be picked by.
const FILTERS: [&str; 11] = [
    "entityId",
    "sourceEntityId",
    "targetEntityId",
    "nodeId",
    "feature",
    "sourceFeature",
    "targetFeature",
    "linkType",
    "minStrength",
    "maxStrength",
    "strength",
];

pub(crate) async fn create<W: Wiring>(call: &Call<'_, W>) -> Answer {
    let command: CreateNodeLink = call.body()?;
    let render = |saved: &Saved<NodeLink>| {
        Response::json(Success::Created, &saved.value)
            .with_revision(saved.revision)
            .with_location(&format!("/node-links/{}", saved.value.link_id))
    };
    let keep = |saved: &Saved<NodeLink>| render(saved).to_stored();
    let saved = node_link::create(call.ports(), &call.context, &command, keep).await?;
    Ok(render(&saved))
}

pub(crate) async fn list<W: Wiring>(call: &Call<'_, W>) -> Answer {
    let query = call.query(&[&PAGE, &FILTERS])?;
    let page = call.page(&query, 20)?;
    let filter = filter(&query)?;
    let found = node_link::list(call.ports(), &call.context, &filter, &page).await?;
    Ok(call.list(&query, &found))
}

fn filter(query: &Query) -> Result<LinkFilter, Problem> {
    let entity = |name| query.id(name, EntityId::parse);
    let feature = |name| query.value::<FeatureType>(name);
    let (mut min_strength, mut max_strength) = (
        query.fraction("minStrength")?,
        query.fraction("maxStrength")?,
    );
    match query.value::<StrengthWord>("strength")? {
        Some(StrengthWord::Strong) => min_strength = Some(min_strength.unwrap_or(0.0).max(0.7)),
        Some(StrengthWord::Weak) => max_strength = Some(max_strength.unwrap_or(1.0).min(0.3)),
        None => {}
    }
    Ok(LinkFilter {
        entity_id: entity("entityId")?,
        source_entity_id: entity("sourceEntityId")?,
        target_entity_id: entity("targetEntityId")?,
        node_id: query.id("nodeId", NodeId::parse)?,
        feature: feature("feature")?,
        source_feature: feature("sourceFeature")?,
        target_feature: feature("targetFeature")?,
        link_type: query.value::<LinkType>("linkType")?,
        min_strength,
        max_strength,
    })
}

pub(crate) async fn read<W: Wiring>(call: &Call<'_, W>, link: &str) -> Answer {
    let query = call.query(&[&["fields"]])?;
    let link_id = id("linkId", link, LinkId::parse)?;
    let found = node_link::read(call.ports(), &call.context, link_id).await?;
    Ok(call.one(&query, &found).with_revision(found.revision))
}

pub(crate) async fn change<W: Wiring>(call: &Call<'_, W>, link: &str) -> Answer {
    let link_id = id("linkId", link, LinkId::parse)?;
    let command: ChangeNodeLink = call.body()?;
    let render = |saved: &Saved<NodeLink>| {
        Response::json(Success::Ok, &saved.value).with_revision(saved.revision)
    };
    let keep = |saved: &Saved<NodeLink>| render(saved).to_stored();
    let (ports, context) = (call.ports(), &call.context);
    let saved = node_link::change(ports, context, link_id, &command, keep).await?;
    Ok(render(&saved))
}

pub(crate) async fn remove<W: Wiring>(call: &Call<'_, W>, link: &str) -> Answer {
    let query = call.query(&[&["reason"]])?;
    let link_id = id("linkId", link, LinkId::parse)?;
    let command = RemoveNodeLink {
        reason: query.text("reason").map(str::to_owned),
    };
    let keep = |_: &Saved<()>| Response::empty(Success::NoContent).to_stored();
    node_link::remove(call.ports(), &call.context, link_id, &command, keep).await?;
    Ok(Response::empty(Success::NoContent))
}

pub(crate) async fn calculate_strength<W: Wiring>(call: &Call<'_, W>, link: &str) -> Answer {
    let link_id = id("linkId", link, LinkId::parse)?;
    let command: CalculateLinkStrength = call.body()?;
    let render = |saved: &Saved<StrengthCalculation>| {
        Response::json(Success::Ok, &saved.value).with_revision(saved.revision)
    };
    let keep = |saved: &Saved<StrengthCalculation>| render(saved).to_stored();
    let (ports, context) = (call.ports(), &call.context);
    let saved = node_link::calculate_strength(ports, context, link_id, &command, keep).await?;
    Ok(render(&saved))
}

pub(crate) async fn batch<W: Wiring>(call: &Call<'_, W>) -> Answer {
    let command: BatchNodeLinks = call.body()?;
    let render = |saved: &Saved<BatchOutcome>| Response::json(Success::Ok, &saved.value);
    let keep = |saved: &Saved<BatchOutcome>| render(saved).to_stored();
    let saved = node_link::batch(call.ports(), &call.context, &command, keep).await?;
    Ok(render(&saved))
}

pub(crate) async fn cycles<W: Wiring>(call: &Call<'_, W>) -> Answer {
    let names = ["feature", "entityId", "minLength", "maxLength", "fields"];
    let query = call.query(&[&names])?;
    let length = |name| {
        let given = query.number(name, 1..=100_000)?;
        Ok::<_, Problem>(given.and_then(|length| usize::try_from(length).ok()))
    };
    let filter = CycleFilter {
        feature: query.value("feature")?,
        entity_id: query.id("entityId", EntityId::parse)?,
        min_length: length("minLength")?,
        max_length: length("maxLength")?,
    };
    let found = node_link::detect_cycles(call.ports(), &call.context, &filter).await?;
    Ok(call.one(&query, &found))
}

pub(crate) async fn network<W: Wiring>(call: &Call<'_, W>) -> Answer {
    let query = call.query(&[&["entityId", "fields"]])?;
    let entity_id = query.id("entityId", EntityId::parse)?;
    let found = node_link::network(call.ports(), &call.context, entity_id).await?;
    Ok(call.one(&query, &found))
}

pub(crate) async fn evolution<W: Wiring>(call: &Call<'_, W>) -> Answer {
    let query = call.query(&[&["entityId", "from", "to", "fields"]])?;
    let entity_id = query.id("entityId", EntityId::parse)?;
    let from = query.value::<Instant>("from")?;
    let to = query.value::<Instant>("to")?;
    let (ports, context) = (call.ports(), &call.context);
    let found = node_link::evolution(ports, context, entity_id, from, to).await?;
    Ok(call.one(&query, &found))
}

pub(crate) async fn check_integrity<W: Wiring>(call: &Call<'_, W>) -> Answer {
    let command: CheckLinkIntegrity = call.body()?;
    let found = node_link::check_integrity(call.ports(), &call.context, &command).await?;
    Ok(Response::json(Success::Ok, &found))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{BOB, NOTHING, Stage};

    fn model(stage: &Stage, name: &str) -> String {
        let path = stage.model(name);
        path.rsplit('/').next().unwrap().to_owned()
    }

    fn between(source: &str, target: &str) -> Value {
        json!({
            "sourceFeature": "function-model", "targetFeature": "function-model",
            "sourceEntityId": source, "targetEntityId": target, "linkType": "references",
        })
    }

    fn with(mut body: Value, name: &str, value: impl Into<Value>) -> Value {
        body[name] = value.into();
        body
    }

    #[test]
    fn a_link_is_made_found_changed_and_removed() {
        let stage = Stage::new();
        let (one, two) = (model(&stage, "One model"), model(&stage, "Two model"));
        let made = stage.post("/node-links", between(&one, &two));
        let link = made.ok(201);
        assert_eq!(
            (&link["linkStrength"], &link["warnings"]),
            (&json!(0.5), &json!([]))
        );
        let path = format!("/node-links/{}", link["linkId"].as_str().unwrap());
        let location = format!("/functions/v1/api{path}");
        assert_eq!(made.header("location"), Some(location.as_str()));
        assert_eq!(made.header("etag"), Some("\"1\""));
        stage
            .post("/node-links", between(&one, &two))
            .refused(409, "LINK_ALREADY_EXISTS");
        let read = stage.get(&format!("{path}?fields=linkType"));
        assert_eq!(read.ok(200), json!({"linkType": "references"}));
        let changed = stage.patch(&path, json!({"linkStrength": 0.9, "linkContext": null}));
        assert_eq!(changed.ok(200)["linkStrength"], 0.9);
        assert_eq!(changed.header("etag"), Some("\"2\""));
        let strength = stage.post(
            &format!("{path}/strength"),
            json!({"semanticSimilarity": 1}),
        );
        let calculated = strength.ok(200);
        assert_eq!(calculated["finalStrength"], 1.0);
        assert_eq!(calculated["applied"], true);
        stage
            .ask("GET", &path)
            .by(BOB)
            .send()
            .refused(404, "LINK_NOT_FOUND");
        let stale = stage.ask("DELETE", &path).header("if-match", "\"1\"");
        stale.send().refused(412, "REVISION_CONFLICT");
        stage
            .delete(&format!("{path}?reason={}", "x".repeat(2001)))
            .refused(422, "REASON_INVALID");
        stage.delete(&format!("{path}?reason=over")).ok(204);
        stage.get(&path).refused(404, "LINK_NOT_FOUND");
        let seen = stage
            .get(&format!("/node-links/evolution?entityId={one}"))
            .ok(200);
        assert_eq!(seen["linksAdded"], seen["linksRemoved"]);
        assert_eq!(seen["strengthSeries"][0]["points"][2]["linkStrength"], 1.0);
    }

    #[test]
    fn links_are_refused_by_their_rules() {
        let stage = Stage::new();
        let (one, two) = (model(&stage, "One model"), model(&stage, "Two model"));
        let good = between(&one, &two);
        for (body, status, code) in [
            (
                with(good.clone(), "sourceEntityId", NOTHING),
                404,
                "FUNCTION_MODEL_NOT_FOUND",
            ),
            (
                with(good.clone(), "sourceNodeId", NOTHING),
                422,
                "LINK_NODES_INCOMPLETE",
            ),
            (
                with(good.clone(), "targetEntityId", one.as_str()),
                422,
                "LINK_TO_SELF",
            ),
            (
                with(good.clone(), "linkStrength", 1.5),
                422,
                "LINK_STRENGTH_INVALID",
            ),
            (
                with(good.clone(), "linkContext", json!({"metrics": 1})),
                422,
                "METRICS_INVALID",
            ),
            (
                with(good.clone(), "linkType", "likes"),
                400,
                "INVALID_REQUEST",
            ),
            (
                with(good.clone(), "sourceFeature", "spindel"),
                400,
                "INVALID_REQUEST",
            ),
            (with(good.clone(), "more", 1), 400, "INVALID_REQUEST"),
            (
                with(
                    with(good.clone(), "sourceNodeId", NOTHING),
                    "targetNodeId",
                    NOTHING,
                ),
                404,
                "NODE_NOT_FOUND",
            ),
            (
                with(good.clone(), "targetFeature", "knowledge-base"),
                201,
                "",
            ),
            (
                with(
                    with(good.clone(), "targetFeature", "knowledge-base"),
                    "linkType",
                    "nested",
                ),
                422,
                "LINK_TYPE_INCOMPATIBLE",
            ),
        ] {
            let answer = stage.post("/node-links", body);
            assert_eq!((answer.status(), answer.code().as_str()), (status, code));
        }
    }

    #[test]
    fn lists_cycles_networks_and_integrity_are_asked_with_their_parameters() {
        let stage = Stage::new();
        let (one, two) = (model(&stage, "One model"), model(&stage, "Two model"));
        stage
            .post(
                "/node-links",
                with(between(&one, &two), "linkStrength", 0.9),
            )
            .ok(201);
        stage
            .post(
                "/node-links",
                with(between(&two, &one), "linkStrength", 0.2),
            )
            .ok(201);
        let count = |query: &str| {
            let body = stage.get(&format!("/node-links?{query}")).ok(200);
            body["items"].as_array().unwrap().len()
        };
        for (query, expected) in [
            (String::new(), 2),
            (format!("entityId={one}"), 2),
            (format!("sourceEntityId={one}"), 1),
            (format!("targetEntityId={one}&linkType=references"), 1),
            ("feature=spindle".into(), 0),
            (
                "sourceFeature=function-model&targetFeature=function-model".into(),
                2,
            ),
            ("strength=strong".into(), 1),
            ("strength=weak".into(), 1),
            ("minStrength=0.5&maxStrength=0.8".into(), 0),
            (format!("nodeId={NOTHING}"), 0),
            ("limit=1&count=exact".into(), 1),
        ] {
            assert_eq!(count(&query), expected, "{query}");
        }
        for query in [
            "strength=odd",
            "minStrength=2",
            "maxStrength=x",
            "entityId=7",
            "other=1",
        ] {
            let answer = stage.get(&format!("/node-links?{query}"));
            answer.refused(400, "INVALID_REQUEST");
        }
        let cycles = stage
            .get("/node-links/cycles?minLength=2&feature=function-model")
            .ok(200);
        assert_eq!(
            cycles["byCategory"],
            json!({"self": 0, "direct": 1, "indirect": 0})
        );
        assert_eq!(cycles["cycles"][0]["category"], "direct");
        stage
            .get("/node-links/cycles?minLength=0")
            .refused(400, "INVALID_REQUEST");
        let network = stage
            .get(&format!("/node-links/network?entityId={one}"))
            .ok(200);
        assert_eq!(network["totalLinks"], 2);
        let check = json!({"feature": "function-model", "entityId": one, "operation": "archive"});
        let found = stage.post("/node-links/integrity-check", check).ok(200);
        assert_eq!(
            (&found["score"], &found["links"][1]["state"]),
            (&json!(0.8), &json!("weakened"))
        );
        stage
            .post("/node-links/integrity-check", json!({"feature": "spindle"}))
            .refused(400, "INVALID_REQUEST");
    }

    #[test]
    fn a_batch_answers_for_each_operation() {
        let stage = Stage::new();
        let (one, two) = (model(&stage, "One model"), model(&stage, "Two model"));
        let batch = json!({"batchId": "b", "operations": [
            {"operation": "create", "link": between(&one, &two)},
            {"operation": "create", "link": between(&one, &two)},
            {"operation": "remove", "linkId": NOTHING},
        ]});
        let done = stage.post("/node-links/batch", batch).ok(200);
        assert_eq!(
            (&done["succeeded"], &done["failed"]),
            (&json!(1), &json!(2))
        );
        assert_eq!(done["results"][1]["code"], "LINK_ALREADY_EXISTS");
        assert_eq!(
            done["results"][2],
            json!({
                "index": 2, "ok": false, "linkId": NOTHING, "code": "LINK_NOT_FOUND",
            })
        );
        let formless = json!({"batchId": "b", "operations": [{"operation": "remove"}]});
        let refused = stage.post("/node-links/batch", formless);
        let body = refused.refused(400, "INVALID_REQUEST");
        assert_eq!(body["errors"][0]["field"], "operations[0].linkId");
    }
}

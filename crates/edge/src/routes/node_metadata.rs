//! Search data about nodes.

use domain::ids::EntityId;
use domain::node_metadata::{DescribeNode, FindSimilarNodes, NodeMetadata};
use domain::vocabulary::FeatureType;
use use_cases::ports::NodeFilter;
use use_cases::{Saved, node_metadata};

use crate::call::{Answer, Call, Wiring, id};
use crate::problem::{Problem, Success};
use crate::query::PAGE;
use crate::response::Response;

fn place(
    feature: &str,
    entity: &str,
    node: &str,
) -> Result<(FeatureType, EntityId, EntityId), Problem> {
    let feature = FeatureType::parse(feature).ok_or_else(|| {
        Problem::invalid_field("featureType", "oneOf", "There is no such feature.")
    })?;
    let entity = id("entityId", entity, EntityId::parse)?;
    Ok((feature, entity, id("nodeId", node, EntityId::parse)?))
}

pub(crate) async fn describe<W: Wiring>(
    call: &Call<'_, W>,
    feature: &str,
    entity: &str,
    node: &str,
) -> Answer {
    let place = place(feature, entity, node)?;
    let command: DescribeNode = call.body()?;
    let render = |saved: &Saved<NodeMetadata>| {
        Response::json(Success::Ok, &saved.value).with_revision(saved.revision)
    };
    let keep = |saved: &Saved<NodeMetadata>| render(saved).to_stored();
    let saved = node_metadata::describe(call.ports(), &call.context, place, &command, keep).await?;
    Ok(render(&saved))
}

pub(crate) async fn read<W: Wiring>(
    call: &Call<'_, W>,
    feature: &str,
    entity: &str,
    node: &str,
) -> Answer {
    let query = call.query(&[&["fields"]])?;
    let place = place(feature, entity, node)?;
    let found = node_metadata::read(call.ports(), &call.context, place).await?;
    Ok(call.one(&query, &found).with_revision(found.revision))
}

pub(crate) async fn list<W: Wiring>(call: &Call<'_, W>) -> Answer {
    let query = call.query(&[&PAGE, &["keyword", "tag"]])?;
    let page = call.page(&query, 20)?;
    let filter = NodeFilter {
        keyword: query.text("keyword").map(str::to_owned),
        tag: query.text("tag").map(str::to_owned),
    };
    let found = node_metadata::list(call.ports(), &call.context, &filter, &page).await?;
    Ok(call.list(&query, &found))
}

pub(crate) async fn similar<W: Wiring>(call: &Call<'_, W>) -> Answer {
    let command: FindSimilarNodes = call.body()?;
    let found = node_metadata::similar(call.ports(), &call.context, &command).await?;
    Ok(Response::json(Success::Ok, &found))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{BOB, NOTHING, Stage};

    #[test]
    fn a_node_is_described_read_listed_and_compared() {
        let stage = Stage::new();
        let model = stage.model("Described model");
        let model = model.rsplit('/').next().unwrap();
        let path = format!("/node-metadata/function-model/{model}/{NOTHING}");
        let put = |body: serde_json::Value| stage.ask("PUT", &path).json(body).send();
        let body = json!({"nodeType": "stageNode", "searchKeywords": ["Tax"], "semanticTags": ["vat"],
            "vectorEmbedding": [1, 0]});
        assert_eq!(put(body.clone()).ok(200)["searchKeywords"], json!(["tax"]));
        assert_eq!(put(body).header("etag"), Some("\"2\""));
        assert_eq!(stage.get(&path).ok(200)["semanticTags"], json!(["vat"]));
        stage
            .ask("GET", &path)
            .by(BOB)
            .send()
            .refused(404, "NODE_NOT_FOUND");
        let count = |query: &str| {
            let listed = stage.get(&format!("/node-metadata{query}")).ok(200);
            listed["items"].as_array().unwrap().len()
        };
        assert_eq!(
            (count("?keyword=ta"), count("?tag=VAT"), count("?tag=va")),
            (1, 1, 0)
        );
        let asked = json!({"vector": [2, 0]});
        let found = stage.post("/node-metadata/similar", asked).ok(200);
        assert_eq!(found["items"][0]["similarity"], 1.0);
        stage
            .post("/node-metadata/similar", json!({"vector": []}))
            .refused(422, "NODE_METADATA_INVALID");
        put(json!({"nodeType": " "})).refused(422, "NODE_METADATA_INVALID");
        let unknown = format!("/node-metadata/tractor/{model}/{NOTHING}");
        stage.get(&unknown).refused(400, "INVALID_REQUEST");
    }
}

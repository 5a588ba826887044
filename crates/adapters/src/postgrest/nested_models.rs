//! What models nest: the models that their published snapshots run, or, before the first
//! publication, those that their working copies are going to run.

use domain::sorted::SortedMap;

use domain::ids::ModelId;
use domain::vocabulary::{ActionNodeType, ModelStatus};
use serde::Deserialize;
use serde_json::Value;
use use_cases::ports::{Clock, NestedModel, PortError, VersionRef};

use super::client::Session;
use super::table::parse;
use crate::http::Transport;

/// How many models are asked for at once; their ids travel in the address.
const AT_ONCE: usize = 50;
const COLUMNS: &str = "modelId:model_id,name,status,deletedAt:deleted_at,published:function_model_versions(versionId:version_id,versionNumber:version_number,actions:version_data->actionNodes),working:container_nodes(nested:action_nodes!inner(nestedModelId:action_specific_data->>nestedModelId))";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    model_id: ModelId,
    #[serde(default)]
    name: String,
    status: ModelStatus,
    deleted_at: Option<String>,
    published: Vec<Published>,
    working: Vec<Container>,
}

#[derive(Deserialize)]
struct Published {
    #[serde(flatten)]
    version: VersionRef,
    actions: Option<SortedMap<String, Action>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Action {
    action_type: ActionNodeType,
    action_specific_data: Value,
}

/// A container of the working copy that holds nested models; actions hang on their containers.
#[derive(Deserialize)]
struct Container {
    nested: Vec<Nested>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Nested {
    nested_model_id: Option<String>,
}

impl From<Row> for NestedModel {
    fn from(row: Row) -> NestedModel {
        let published = row.published.into_iter().next();
        let nests = match &published {
            Some(snapshot) => snapshot.nests(),
            None => {
                let nested = row.working.iter().flat_map(|container| &container.nested);
                let ids = nested.filter_map(|nested| nested.nested_model_id.as_deref());
                ids.filter_map(|id| ModelId::parse(id).ok()).collect()
            }
        };
        NestedModel {
            model_id: row.model_id,
            name: row.name,
            status: row.status,
            deleted: row.deleted_at.is_some(),
            published: published.map(|snapshot| snapshot.version),
            nests,
        }
    }
}

impl Published {
    fn nests(&self) -> Vec<ModelId> {
        let actions = self.actions.iter().flat_map(SortedMap::values);
        let nested = actions
            .filter(|action| action.action_type == ActionNodeType::FunctionModelContainer)
            .filter_map(|action| action.action_specific_data.get("nestedModelId")?.as_str());
        nested.filter_map(|id| ModelId::parse(id).ok()).collect()
    }
}

pub(super) async fn read<H: Transport, C: Clock>(
    session: &Session<H, C>,
    model_ids: &[ModelId],
) -> Result<SortedMap<ModelId, NestedModel>, PortError> {
    let kind = ActionNodeType::FunctionModelContainer;
    let mut models = SortedMap::new();
    for some in model_ids.chunks(AT_ONCE) {
        let ids: Vec<String> = some.iter().map(ModelId::to_string).collect();
        let read = session
            .read("function_models", COLUMNS.to_string())
            .any_of("model_id", &ids)
            .is("published.is_published", "true")
            .eq("working.nested.action_type", kind);
        let operation = "function_models.nested_models";
        let (rows, _) = session.rows(operation, read).await?;
        for row in rows {
            let row: Row = parse(operation, row)?;
            models.insert(row.model_id, row.into());
        }
    }
    Ok(models)
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use serde_json::json;

    use super::*;
    use crate::http::script::{Script, StillClock, answer};
    use crate::postgrest::script::{ID, WHEN, parameter, session};

    const OTHER: &str = "0198c0de-0000-7000-8000-00000000000b";

    fn read_one(row: Value) -> NestedModel {
        let (script, clock) = (
            Script::of([answer(200, &json!([row]).to_string())]),
            StillClock::default(),
        );
        let id = ModelId::parse(ID).unwrap();
        let mut models = block_on(read(&session(&script, &clock), &[id])).unwrap();
        let sent = &script.sent()[0];
        assert_eq!(parameter(sent, "model_id"), Some(format!("in.(\"{ID}\")")));
        assert_eq!(
            parameter(sent, "working.nested.action_type").as_deref(),
            Some("eq.functionModelContainer")
        );
        assert_eq!(
            parameter(sent, "published.is_published").as_deref(),
            Some("is.true")
        );
        models.remove(&id).unwrap()
    }

    #[test]
    fn the_published_snapshot_decides_what_runs() {
        let nested = json!({"actionType": "functionModelContainer", "actionSpecificData": {"nestedModelId": OTHER}});
        let tether =
            json!({"actionType": "tetherNode", "actionSpecificData": {"nestedModelId": ID}});
        let model = read_one(json!({
            "modelId": ID, "status": "published", "deletedAt": null,
            "published": [{"versionId": ID, "versionNumber": "1.0.0", "actions": {"a": nested, "b": tether}}],
            "working": [{"nested": [{"nestedModelId": ID}]}],
        }));
        assert_eq!(model.nests, [ModelId::parse(OTHER).unwrap()]);
        assert_eq!(model.published.unwrap().version_number, "1.0.0");
        assert!(!model.deleted);
    }

    #[test]
    fn before_publication_the_working_copy_decides() {
        let model = read_one(json!({
            "modelId": ID, "status": "draft", "deletedAt": WHEN, "published": [],
            "working": [{"nested": [{"nestedModelId": OTHER}, {"nestedModelId": null}]}],
        }));
        assert_eq!(model.nests, [ModelId::parse(OTHER).unwrap()]);
        assert!(model.deleted);
        assert_eq!(model.published, None);
    }

    #[test]
    fn many_models_take_several_requests_and_none_takes_none() {
        let script = Script::of([answer(200, "[]"), answer(200, "[]")]);
        let clock = StillClock::default();
        let session = session(&script, &clock);
        let ids = vec![ModelId::parse(ID).unwrap(); AT_ONCE + 1];
        assert!(block_on(read(&session, &ids)).unwrap().is_empty());
        assert!(block_on(read(&session, &[])).unwrap().is_empty());
        assert_eq!(script.sent().len(), 2);
    }
}

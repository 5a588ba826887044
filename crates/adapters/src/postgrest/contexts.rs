//! The contexts of nodes. They are read and written by functions that judge the actor, so that the
//! service, which may read no table, takes the same way as everybody.

use domain::ids::{ExecutionId, ModelId};
use domain::node_context::NodeContext;
use serde::Serialize;
use serde_json::{Value, json};
use use_cases::context::{Context, StoredAnswer};
use use_cases::ports::{Clock, ContextSave, Contexts, PortError, TreeId, Written};

use super::client::Session;
use crate::http::Transport;

/// A change of a tree as the database takes it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Save<'a> {
    model_id: ModelId,
    #[serde(skip_serializing_if = "Option::is_none")]
    execution_id: Option<ExecutionId>,
    expected: Vec<Value>,
    put: &'a [NodeContext],
    remove: Vec<String>,
    events: &'a [Value],
}

/// [`Contexts`] over PostgREST.
pub struct PostgrestContexts<H, C> {
    session: Session<H, C>,
}

impl<H: Transport, C: Clock> PostgrestContexts<H, C> {
    /// The contexts that the caller of each request may see.
    pub fn new(session: Session<H, C>) -> Self {
        Self { session }
    }
}

impl<H: Transport, C: Clock> Contexts for PostgrestContexts<H, C> {
    async fn find_by_model(
        &self,
        context: &Context,
        tree: TreeId,
    ) -> Result<Vec<NodeContext>, PortError> {
        let names = ("contexts.find_by_model", "read_node_contexts");
        let question = named(tree);
        let found = self.session.ask(names, &context.actor, &question);
        Ok(found.await?.unwrap_or_default())
    }

    async fn save(
        &self,
        context: &Context,
        tree: TreeId,
        change: &ContextSave,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<()>, PortError> {
        let known = change.put.iter().filter(|context| context.revision > 0);
        let command = Save {
            model_id: tree.model_id,
            execution_id: tree.execution_id,
            expected: known
                .map(|c| json!({"contextId": c.context_id, "revision": c.revision}))
                .collect(),
            put: &change.put,
            remove: change.remove.iter().map(ToString::to_string).collect(),
            events: &change.events,
        };
        let names = ("contexts.save", "save_node_contexts");
        let answer = answer.as_ref();
        self.session.remove(names, context, answer, &command).await
    }
}

fn named(tree: TreeId) -> Value {
    match tree.execution_id {
        Some(execution_id) => json!({"modelId": tree.model_id, "executionId": execution_id}),
        None => json!({"modelId": tree.model_id}),
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::NodeId;
    use futures::executor::block_on;
    use use_cases::in_memory::nth_id;
    use use_cases::ports::PortErrorKind;

    use super::*;
    use crate::http::script::{Script, StillClock, answer};
    use crate::postgrest::script::{body, context, kept, session};

    fn tree() -> TreeId {
        TreeId {
            model_id: ModelId::from_uuid(nth_id(1)),
            execution_id: Some(ExecutionId::from_uuid(nth_id(2))),
        }
    }

    fn stored() -> Value {
        json!({
            "contextId": nth_id(3), "modelId": nth_id(1), "executionId": nth_id(2),
            "nodeId": nth_id(4), "nodeType": "stageNode", "level": 0, "scope": "execution",
            "data": {"a": 1}, "inheritedData": {}, "inheritance": [], "revision": 2,
            "createdAt": "2025-09-01T12:00:00.000Z", "updatedAt": "2025-09-01T12:00:00.000Z",
        })
    }

    #[test]
    fn a_tree_is_read_as_the_actor_and_saved_with_what_was_read() {
        let script = Script::of([
            answer(200, &json!([stored()]).to_string()),
            answer(200, "{}"),
            answer(409, r#"{"code":"FM005","message":"m"}"#),
        ]);
        let clock = StillClock::default();
        let contexts = PostgrestContexts::new(session(&script, &clock));
        let found = block_on(contexts.find_by_model(&context(), tree())).unwrap();
        assert_eq!(found[0].data["a"], 1);
        let mut fresh = found[0].clone();
        fresh.revision = 0;
        let change = ContextSave {
            put: vec![found[0].clone(), fresh],
            remove: vec![NodeId::from_uuid(nth_id(9))],
            events: vec![json!({"eventType": "NodeContextUpdated"})],
        };
        let save = || block_on(contexts.save(&context(), tree(), &change, kept()));
        assert_eq!(save(), Ok(Written::Done(())));
        assert_eq!(save().unwrap_err().kind, PortErrorKind::IdTaken);
        let sent = body(&script.sent()[1]);
        assert_eq!(sent["actor"], context().actor.claims);
        let command = &sent["command"];
        assert_eq!(command["executionId"], json!(nth_id(2)));
        assert_eq!(command["expected"].as_array().unwrap().len(), 1);
        assert_eq!(command["put"].as_array().unwrap().len(), 2);
        assert_eq!(command["remove"], json!([nth_id(9)]));
        assert_eq!(command["events"][0]["eventType"], "NodeContextUpdated");
    }
}

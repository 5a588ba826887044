//! Models of every shape, drawn by chance and published through the use cases.

use domain::function_model::commands::{
    AddActionNode, AddContainerNode, CreateFunctionModel, Dependency, PublishFunctionModel,
};
use domain::ids::{ModelId, NodeId};
use serde_json::{Value, json};
use use_cases::Saved;
use use_cases::context::StoredAnswer;
use use_cases::error::UseCaseError;
use use_cases::function_model as models;

use crate::remote::Nature;
use crate::stage::Stage;

/// Publishes some models: first those that call services, then those that nest them too.
///
/// # Errors
/// The refusal of a use case, which is a fault of this file.
pub(crate) async fn publish_some(stage: &Stage) -> Result<Vec<ModelId>, UseCaseError> {
    let services = stage.chance.between(2, 4);
    for number in 0..services {
        let nature = match number {
            0 => Nature::Quick,
            _ => stage
                .chance
                .pick(&Nature::ALL)
                .copied()
                .unwrap_or(Nature::Quick),
        };
        let name = format!("service {number}");
        stage.remote.natures.borrow_mut().insert(name, nature);
    }
    let mut published = Vec::new();
    for number in 0..stage.chance.between(2, 4) {
        let model = Model {
            stage,
            services,
            nested: published.clone(),
        };
        published.push(model.publish(number).await?);
    }
    Ok(published)
}

/// What one model is drawn from.
struct Model<'a> {
    stage: &'a Stage,
    services: u64,
    nested: Vec<ModelId>,
}

impl Model<'_> {
    async fn publish(&self, number: u64) -> Result<ModelId, UseCaseError> {
        let (world, owner) = (&self.stage.world, &self.stage.owner);
        let command = CreateFunctionModel {
            name: format!("Model {number}"),
            ..CreateFunctionModel::default()
        };
        let created = models::create(world, owner, &command, kept).await?;
        let id = created.value.model_id;
        let input = self
            .add(id, "ioNode", "Input", json!({"boundaryType": "input"}))
            .await?;
        let mut earlier = vec![input];
        for place in 0..self.stage.chance.between(1, 3) {
            let name = format!("Stage {place}");
            let node = self.add(id, "stageNode", &name, self.stage_data()).await?;
            // Sometimes beside the one before instead of behind it.
            let before = match self.stage.chance.one_in(3) {
                true => input,
                false => earlier.last().copied().unwrap_or(input),
            };
            self.join(id, node, before).await?;
            self.actions(id, node).await?;
            earlier.push(node);
        }
        let output = self
            .add(id, "ioNode", "Output", json!({"boundaryType": "output"}))
            .await?;
        for node in &earlier[1..] {
            self.join(id, output, *node).await?;
        }
        let command: PublishFunctionModel = read(json!({"version": "1.0.1"}))?;
        models::publish(world, owner, id, command, kept).await?;
        Ok(id)
    }

    async fn add(
        &self,
        id: ModelId,
        node_type: &str,
        name: &str,
        data: Value,
    ) -> Result<NodeId, UseCaseError> {
        let mut command: AddContainerNode = read(json!({
            "nodeType": node_type, "name": name, "position": {"x": 1, "y": 2},
            "typeSpecificData": data,
        }))?;
        if node_type == "stageNode" && self.stage.chance.one_in(6) {
            command.timeout_ms = Some(20_000);
        }
        let (world, owner) = (&self.stage.world, &self.stage.owner);
        let added = models::add_container_node(world, owner, id, command, kept).await?;
        Ok(added.value.node_id)
    }

    async fn join(
        &self,
        id: ModelId,
        node_id: NodeId,
        dependency_id: NodeId,
    ) -> Result<(), UseCaseError> {
        let edge = Dependency {
            node_id,
            dependency_id,
        };
        let (world, owner) = (&self.stage.world, &self.stage.owner);
        models::add_dependency(world, owner, id, edge, kept).await?;
        Ok(())
    }

    fn stage_data(&self) -> Value {
        let chance = &self.stage.chance;
        let handling = ["abort", "continue", "retry"];
        json!({
            "parallelismConfig": {"maxConcurrency": chance.between(1, 3), "loadBalancing": "round-robin"},
            "failureHandling": chance.pick(&handling),
        })
    }

    async fn actions(&self, id: ModelId, node: NodeId) -> Result<(), UseCaseError> {
        let (world, owner) = (&self.stage.world, &self.stage.owner);
        let mut mode = "sequential";
        for place in 0..self.stage.chance.between(1, 6) {
            if place == 0 || self.stage.chance.one_in(3) {
                let modes = ["sequential", "parallel", "parallel", "conditional"];
                mode = self.stage.chance.pick(&modes).copied().unwrap_or(mode);
            }
            let command: AddActionNode = read(self.action(node, place, mode))?;
            models::add_action_node(world, owner, id, command, kept).await?;
        }
        Ok(())
    }

    fn action(&self, node: NodeId, place: u64, mode: &str) -> Value {
        let chance = &self.stage.chance;
        let strategies = ["immediate", "linear", "exponential"];
        let (kind, data) = match self.nested.is_empty() || !chance.one_in(4) {
            true => {
                let service = format!("service {}", chance.below(self.services));
                let timeout_ms = chance.between(1000, 6000);
                let parameters = json!({"timeoutMs": timeout_ms});
                let data = json!({"tetherReferenceId": service, "executionParameters": parameters});
                ("tetherNode", data)
            }
            false => {
                let nested = chance.pick(&self.nested);
                ("functionModelContainer", json!({"nestedModelId": nested}))
            }
        };
        let guard = format!("has(parameters.n) || {}", chance.one_in(2));
        let metadata = match mode {
            "conditional" => json!({"condition": {"expression": guard}}),
            _ => json!({}),
        };
        json!({
            "parentNodeId": node, "actionType": kind, "name": format!("Action {place}"),
            "actionSpecificData": data, "executionMode": mode, "metadata": metadata,
            "retryPolicy": {
                "maxAttempts": chance.between(0, 4), "strategy": chance.pick(&strategies),
                "baseDelayMs": chance.between(50, 800), "maxDelayMs": 3000,
            },
        })
    }
}

/// The answer of any command.
fn kept<T>(_: &Saved<T>) -> StoredAnswer {
    StoredAnswer(json!({}))
}

/// A command as it would arrive.
fn read<T: for<'de> serde::Deserialize<'de>>(value: Value) -> Result<T, UseCaseError> {
    serde_json::from_value(value).map_err(|error| {
        let kind = use_cases::ports::PortErrorKind::Invalid;
        use_cases::ports::PortError::new(kind, "simulation.models", error.to_string()).into()
    })
}

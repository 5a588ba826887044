//! What stands around a model, and what happens to several models at once.

use domain::function_model::surroundings::Dependent;
use domain::function_model::{Act, ActionKind, FunctionModel};
use domain::ids::{ModelId, OrganizationId};
use domain::instant::Instant;
use domain::node_link::NodeLink;
use domain::vocabulary::{ActionNodeType, FeatureType, ModelStatus};
use serde_json::Value;
use uuid::Uuid;

use super::machine::Machine;
use super::store::Store;
use crate::context::Context;
use crate::ports::{LinkRemoval, MissingModel, ModelRelations};

impl Store {
    /// What stands around a model, also where the caller may not see it.
    pub(super) fn relations(
        &self,
        context: &Context,
        machine: &Machine,
        model: &FunctionModel,
    ) -> ModelRelations {
        let others = self
            .models
            .values()
            .filter(|m| m.model_id != model.model_id);
        let runs = machine.runs.values().map(|run| &run.execution);
        let mut runs = runs.filter(|execution| execution.model_id == model.model_id);
        let mut versions = self.versions.iter();
        let published = versions.find(|v| v.model_id == model.model_id && v.is_published);
        ModelRelations {
            dependents: others
                .clone()
                .filter_map(|other| self.dependent(context, other, model.model_id))
                .collect(),
            nested: self.missing_models(model),
            broken_links: self
                .links
                .iter()
                .filter(|link| self.is_broken(link, model.model_id))
                .map(|link| link.link_id)
                .collect(),
            is_name_taken: others
                .clone()
                .filter(|other| other.deletion.is_none() && other.name == model.name)
                .any(|other| scope(other) == scope(model)),
            has_active_executions: runs.any(|execution| !execution.status.is_finished()),
            published_at: published.map(|version| version.created_at),
        }
    }

    fn dependent(
        &self,
        context: &Context,
        other: &FunctionModel,
        model_id: ModelId,
    ) -> Option<Dependent> {
        let working = other
            .action_nodes
            .values()
            .any(|action| match &action.kind {
                ActionKind::Nested(nested) => nested.nested_model_id == model_id,
                _ => false,
            });
        let published = self.published(other.model_id);
        let live = published.is_some_and(|version| {
            let data = version.version_data.as_ref();
            data.is_some_and(|data| nests(data, model_id))
        });
        let act = match other.deletion {
            None => Act::View,
            Some(_) => Act::Restore,
        };
        let shown = self.allows(context, other, act);
        (working || live).then(|| Dependent {
            model_id: shown.then_some(other.model_id),
            name: shown.then(|| other.name.to_string()),
            user_id: other.user_id,
            status: other.status,
            is_deleted: other.deletion.is_some(),
            is_live: live && other.deletion.is_none() && other.status != ModelStatus::Archived,
        })
    }

    fn missing_models(&self, model: &FunctionModel) -> Vec<MissingModel> {
        let nested = model.action_nodes.values().filter_map(|action| {
            let ActionKind::Nested(nested) = &action.kind else {
                return None;
            };
            let found = self.models.get(&nested.nested_model_id);
            Some(MissingModel {
                action_id: action.action_id,
                model_id: nested.nested_model_id,
                is_missing: found.is_none(),
                is_deleted: found.is_some_and(|found| found.deletion.is_some()),
            })
        });
        nested
            .filter(|one| one.is_missing || one.is_deleted)
            .collect()
    }

    fn is_broken(&self, link: &NodeLink, model_id: ModelId) -> bool {
        let ends = [
            (link.source_feature, link.source_entity_id.as_uuid()),
            (link.target_feature, link.target_entity_id.as_uuid()),
        ];
        let touches = ends.iter().any(|(_, id)| *id == model_id.as_uuid());
        let gone = |(feature, id): &(FeatureType, Uuid)| {
            let other = self.models.get(&ModelId::from_uuid(*id));
            *feature == FeatureType::FunctionModel
                && other.is_none_or(|other| other.deletion.is_some())
        };
        let mut far = ends.iter().filter(|(_, id)| *id != model_id.as_uuid());
        touches && far.any(gone)
    }

    /// Removes links with their events.
    pub(super) fn unlink(
        &mut self,
        context: &Context,
        organization_id: Option<OrganizationId>,
        removals: Vec<LinkRemoval>,
        now: Instant,
    ) {
        for removal in removals {
            let before = self.links.len();
            self.links.retain(|link| link.link_id != removal.link_id);
            if self.links.len() < before {
                let aggregate = ("node-link", removal.link_id.as_uuid(), organization_id);
                self.append(context, aggregate, removal.events, now);
            }
        }
    }

    /// Removes a model with all that belongs to it.
    pub(super) fn remove_model(&mut self, model_id: ModelId) {
        let id = model_id.as_uuid();
        self.models.remove(&model_id);
        self.versions.retain(|version| version.model_id != model_id);
        self.links.retain(|link| {
            link.source_entity_id.as_uuid() != id && link.target_entity_id.as_uuid() != id
        });
    }
}

/// Where a name must be unique.
fn scope(model: &FunctionModel) -> (Option<OrganizationId>, Option<Uuid>) {
    let alone = model.organization_id.is_none();
    (
        model.organization_id,
        alone.then(|| model.user_id.as_uuid()),
    )
}

fn nests(data: &Value, model_id: ModelId) -> bool {
    let kind = ActionNodeType::FunctionModelContainer.as_str();
    let mut actions = data["actionNodes"].as_object().into_iter().flatten();
    actions.any(|(_, action)| {
        let id = &action["actionSpecificData"]["nestedModelId"];
        action["actionType"] == kind && *id == model_id.to_string()
    })
}

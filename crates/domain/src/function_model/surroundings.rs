//! What stands around a model and decides whether it may go: models that nest it, links that touch
//! it, runs that are under way. Gathered by use cases; nothing here is asked for.

use serde::{Deserialize, Serialize};

use crate::error::{Code, DomainError};
use crate::ids::{LinkId, ModelId, UserId};
use crate::instant::Instant;
use crate::vocabulary::{LinkType, ModelStatus};

/// Above this strength a link is critical.
const CRITICAL_STRENGTH: f64 = 0.7;

/// What stands around a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Surroundings {
    /// Models that nest it.
    pub dependents: Vec<Dependent>,
    /// Links that touch it.
    pub links: Vec<TouchingLink>,
    /// Whether a run of it is pending, running or paused.
    pub has_active_executions: bool,
    /// When the snapshot that runs was published.
    pub published_at: Option<Instant>,
}

/// A model that nests another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dependent {
    /// The model; absent when it is hidden from the caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_id: Option<ModelId>,
    /// Its name; absent when it is hidden from the caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its owner.
    pub user_id: UserId,
    /// Where it stands.
    pub status: ModelStatus,
    /// Whether it carries the mark of deletion.
    pub is_deleted: bool,
    /// Whether its published snapshot, which can run, nests the other one.
    pub is_live: bool,
}

impl Dependent {
    /// Whether it is a draft of this owner that can go along.
    pub fn goes_along_with(&self, owner: UserId) -> bool {
        let alive = !self.is_deleted && !self.is_live;
        alive && self.status == ModelStatus::Draft && self.user_id == owner
    }
}

/// A link that touches a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TouchingLink {
    /// The link.
    pub link_id: LinkId,
    /// What it says.
    pub link_type: LinkType,
    /// How strong it is, 0–1.
    pub link_strength: f64,
}

impl TouchingLink {
    /// Whether somebody relies on it.
    pub fn is_critical(&self) -> bool {
        let relied_on = matches!(self.link_type, LinkType::Implements | LinkType::Triggers);
        relied_on || self.link_strength > CRITICAL_STRENGTH
    }
}

impl Surroundings {
    /// Whether no published model nests it.
    ///
    /// # Errors
    /// `MODEL_IN_USE` with the dependents that the caller may see, and how many are hidden.
    pub fn guard_not_in_use(&self) -> Result<(), DomainError> {
        let live: Vec<&Dependent> = self.dependents.iter().filter(|d| d.is_live).collect();
        if live.is_empty() {
            return Ok(());
        }
        let shown = live.iter().filter_map(|dependent| dependent.model_id);
        let shown: Vec<String> = shown.map(|id| id.to_string()).collect();
        let hidden = live.len() - shown.len();
        let message = format!("{} published models nest this one.", live.len());
        Err(DomainError::new(Code::ModelInUse, message)
            .with("dependents", shown)
            .with("hiddenDependents", hidden))
    }

    /// Whether no run is under way.
    ///
    /// # Errors
    /// `EXECUTIONS_ACTIVE`.
    pub fn guard_no_executions(&self) -> Result<(), DomainError> {
        if !self.has_active_executions {
            return Ok(());
        }
        let message = "A run of the model is pending, running or paused; wait for it or cancel it.";
        Err(DomainError::new(Code::ExecutionsActive, message))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::workflow::tests::{owner, uuid};

    pub(crate) fn dependent(n: u64, status: ModelStatus) -> Dependent {
        Dependent {
            model_id: Some(ModelId::from_uuid(uuid(n))),
            name: Some(format!("Model {n}")),
            user_id: owner(),
            status,
            is_deleted: false,
            is_live: status == ModelStatus::Published,
        }
    }

    pub(crate) fn links(count: u64, link_type: LinkType, link_strength: f64) -> Vec<TouchingLink> {
        let link = |n| TouchingLink {
            link_id: LinkId::from_uuid(uuid(0x100 + n)),
            link_type,
            link_strength,
        };
        (0..count).map(link).collect()
    }

    #[test]
    fn published_models_that_nest_it_are_named_and_hidden_ones_counted() {
        let mut hidden = dependent(8, ModelStatus::Published);
        (hidden.model_id, hidden.name) = (None, None);
        let around = Surroundings {
            dependents: vec![
                dependent(7, ModelStatus::Published),
                hidden,
                dependent(9, ModelStatus::Draft),
            ],
            ..Surroundings::default()
        };
        let refusal = around.guard_not_in_use().unwrap_err();
        assert_eq!(refusal.code, Code::ModelInUse);
        assert_eq!(refusal.data["dependents"][0], uuid(7).to_string());
        assert_eq!(refusal.data["dependents"].as_array().unwrap().len(), 1);
        assert_eq!(refusal.data["hiddenDependents"], 1);
        assert_eq!(Surroundings::default().guard_not_in_use(), Ok(()));
    }

    #[test]
    fn only_drafts_of_the_same_owner_go_along() {
        let check = |change: fn(&mut Dependent), goes: bool| {
            let mut one = dependent(7, ModelStatus::Draft);
            change(&mut one);
            assert_eq!(one.goes_along_with(owner()), goes, "{one:?}");
        };
        check(|_| (), true);
        check(|one| one.is_live = true, false);
        check(|one| one.is_deleted = true, false);
        check(|one| one.status = ModelStatus::Archived, false);
        check(|one| one.user_id = UserId::from_uuid(uuid(99)), false);
    }

    #[test]
    fn links_are_critical_by_strength_or_type() {
        assert!(links(1, LinkType::References, 0.71)[0].is_critical());
        assert!(!links(1, LinkType::References, 0.7)[0].is_critical());
        assert!(links(1, LinkType::Triggers, 0.1)[0].is_critical());
        assert!(links(1, LinkType::Implements, 0.1)[0].is_critical());
    }
}

//! Archiving: how risky it is, what forbids it, and the decision.

use serde::Serialize;

use super::commands::ArchiveFunctionModel;
use super::decide::Asked;
use super::events::FunctionModelArchived;
use super::surroundings::Surroundings;
use super::{FunctionModel, checks};
use crate::error::{Code, DomainError};
use crate::ids::{LinkId, UserId};
use crate::instant::Instant;
use crate::vocabulary::{ModelStatus, RiskLevel};
use crate::workflow::ordering::Graph;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// A publication is recent for so many days.
const RECENT_DAYS: i64 = 30;

/// How risky it is to archive a model.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RiskAssessment {
    /// The highest level of the findings.
    pub risk_level: RiskLevel,
    /// What raises the level.
    pub findings: Vec<RiskFinding>,
    /// What is worth a look besides.
    pub warnings: Vec<RiskFinding>,
    /// Containers and actions.
    pub internal_nodes: usize,
    /// Links that touch it.
    pub external_links: usize,
    /// Links that somebody relies on.
    pub critical_links: usize,
    /// Models that nest it.
    pub dependent_models: usize,
}

/// Something to consider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RiskFinding {
    /// `MODEL_IS_PUBLISHED`, `MANY_NODES`, `MANY_LINKS`, `CRITICAL_LINKS` or
    /// `RECENTLY_PUBLISHED`.
    pub code: &'static str,
    /// The level it raises the risk to; absent for warnings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<RiskLevel>,
    /// A sentence for people.
    pub message: String,
}

impl RiskAssessment {
    fn raise(&mut self, level: RiskLevel, code: &'static str, message: String) {
        self.risk_level = self.risk_level.max(level);
        self.findings.push(RiskFinding {
            code,
            level: Some(level),
            message,
        });
    }

    fn warn(&mut self, code: &'static str, message: String) {
        self.warnings.push(RiskFinding {
            code,
            level: None,
            message,
        });
    }
}

/// How risky it is to archive a model.
pub fn assess(model: &FunctionModel, around: &Surroundings, now: Instant) -> RiskAssessment {
    let critical = around.links.iter().filter(|link| link.is_critical());
    let mut assessment = RiskAssessment {
        risk_level: RiskLevel::Low,
        findings: Vec::new(),
        warnings: Vec::new(),
        internal_nodes: model.nodes.len() + model.action_nodes.len(),
        external_links: around.links.len(),
        critical_links: critical.count(),
        dependent_models: around.dependents.len(),
    };
    if model.status == ModelStatus::Published {
        let message = "The model is published.".to_owned();
        assessment.raise(RiskLevel::Medium, "MODEL_IS_PUBLISHED", message);
    }
    let nodes = assessment.internal_nodes;
    if let Some(level) = level_above(nodes, 20, 50) {
        let message = format!("The model has {nodes} containers and actions.");
        assessment.raise(level, "MANY_NODES", message);
    }
    let links = assessment.external_links;
    if let Some(level) = level_above(links, 5, 10) {
        let message = format!("{links} links touch the model.");
        assessment.raise(level, "MANY_LINKS", message);
    }
    match assessment.critical_links {
        0 => {}
        few @ 1..=3 => assessment.warn("CRITICAL_LINKS", critical_message(few)),
        many => assessment.raise(RiskLevel::High, "CRITICAL_LINKS", critical_message(many)),
    }
    let recent = |at: &Instant| now.millis_since(*at) < RECENT_DAYS * DAY_MS;
    if around.published_at.as_ref().is_some_and(recent) {
        let message = format!("It was published less than {RECENT_DAYS} days ago.");
        assessment.warn("RECENTLY_PUBLISHED", message);
    }
    assessment
}

fn critical_message(count: usize) -> String {
    format!("{count} strong, implementing or triggering links touch the model.")
}

fn level_above(count: usize, medium: usize, high: usize) -> Option<RiskLevel> {
    match count {
        _ if count > high => Some(RiskLevel::High),
        _ if count > medium => Some(RiskLevel::Medium),
        _ => None,
    }
}

/// Whatever forbids archiving, in the order in which it is refused.
pub fn blockers(
    model: &FunctionModel,
    around: &Surroundings,
    assessment: &RiskAssessment,
    enforced: bool,
) -> Vec<DomainError> {
    let risk = match assessment.risk_level {
        RiskLevel::High if enforced => {
            let message = "The risk of archiving the model is high.";
            let refusal = DomainError::new(Code::ArchiveRiskTooHigh, message);
            let findings = assessment.findings.iter().map(|finding| finding.code);
            Err(refusal.with("risks", findings.collect::<Vec<_>>()))
        }
        _ => Ok(()),
    };
    let rules = [
        guard_state(model),
        Graph::of(model).order().map(|_| ()),
        around.guard_not_in_use(),
        around.guard_no_executions(),
        risk,
    ];
    rules.into_iter().filter_map(Result::err).collect()
}

fn guard_state(model: &FunctionModel) -> Result<(), DomainError> {
    let there = model.guard_not_deleted();
    there.map_err(|refusal| refusal.with("to", "archived"))?;
    if model.status == ModelStatus::Archived {
        let message = "The model is archived already, and stays so.";
        return Err(DomainError::new(Code::ModelAlreadyArchived, message)
            .with("from", "archived")
            .with("to", "archived"));
    }
    Ok(())
}

/// Archives a model; `removed_links` go with it.
///
/// # Errors
/// `REASON_INVALID`; `MODEL_DELETED`, `MODEL_ALREADY_ARCHIVED`, `CIRCULAR_DEPENDENCY`,
/// `MODEL_IN_USE`, `EXECUTIONS_ACTIVE`, `ARCHIVE_RISK_TOO_HIGH`, looked at in this order.
pub fn archive(
    model: &FunctionModel,
    command: &ArchiveFunctionModel,
    around: &Surroundings,
    removed_links: Vec<LinkId>,
    by: UserId,
    now: Instant,
) -> Result<FunctionModelArchived, DomainError> {
    let asked = Asked { by, at: now };
    let reason = checks::reason(command.reason.as_deref())?;
    let assessment = assess(model, around, now);
    let enforced = command.enforce_risk_assessment;
    let mut blockers = blockers(model, around, &assessment, enforced).into_iter();
    if let Some(refusal) = blockers.next() {
        return Err(refusal);
    }
    Ok(FunctionModelArchived {
        model_id: model.model_id,
        name: model.name.clone(),
        version: model.version.clone(),
        archived_by: asked.by,
        archived_at: asked.at,
        previous_status: model.status,
        current_status: ModelStatus::Archived,
        reason,
        risk_level: assessment.risk_level,
        removed_links,
    })
}

#[cfg(test)]
mod tests {
    use super::super::surroundings::tests::{dependent, links};
    use super::*;
    use crate::function_model::{Deletion, Event, evolve};
    use crate::vocabulary::LinkType;
    use crate::workflow::tests::{Sketch, owner, stage};

    fn now() -> Instant {
        Instant::from_millis(1_756_728_060_000)
    }

    fn model(actions: usize) -> FunctionModel {
        let names: Vec<String> = (0..actions).map(|n| format!("action {n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut model = Sketch::new().with(stage("Work", &[]).actions(&names)).model;
        model.status = ModelStatus::Draft;
        model
    }

    fn touched_by(links: Vec<super::super::surroundings::TouchingLink>) -> Surroundings {
        Surroundings {
            links,
            ..Surroundings::default()
        }
    }

    fn attempt(
        model: &FunctionModel,
        around: &Surroundings,
        enforced: bool,
    ) -> Result<FunctionModelArchived, DomainError> {
        let command = ArchiveFunctionModel {
            reason: Some(" done with ".into()),
            enforce_risk_assessment: enforced,
            ..ArchiveFunctionModel::default()
        };
        archive(model, &command, around, vec![], owner(), now())
    }

    #[test]
    fn the_level_rises_with_size_links_and_publication() {
        let check = |model: FunctionModel, around: Surroundings, level, codes: &[&str]| {
            let assessment = assess(&model, &around, now());
            let found: Vec<&str> = assessment.findings.iter().map(|f| f.code).collect();
            assert_eq!((assessment.risk_level, found.as_slice()), (level, codes));
        };
        let plain = |count| touched_by(links(count, LinkType::References, 0.5));
        check(model(19), plain(3), RiskLevel::Low, &[]);
        check(model(20), plain(0), RiskLevel::Medium, &["MANY_NODES"]);
        check(model(84), plain(0), RiskLevel::High, &["MANY_NODES"]);
        check(model(1), plain(6), RiskLevel::Medium, &["MANY_LINKS"]);
        check(model(1), plain(11), RiskLevel::High, &["MANY_LINKS"]);
        let mut published = model(1);
        published.status = ModelStatus::Published;
        check(
            published,
            plain(0),
            RiskLevel::Medium,
            &["MODEL_IS_PUBLISHED"],
        );
        let critical = touched_by(links(4, LinkType::Triggers, 0.1));
        check(model(1), critical, RiskLevel::High, &["CRITICAL_LINKS"]);
    }

    #[test]
    fn few_critical_links_and_a_recent_publication_only_warn() {
        let mut around = touched_by(links(3, LinkType::Implements, 0.1));
        around.published_at = Some(now().plus_millis(-29 * DAY_MS));
        let assessment = assess(&model(1), &around, now());
        assert_eq!(assessment.risk_level, RiskLevel::Low);
        let codes: Vec<&str> = assessment.warnings.iter().map(|w| w.code).collect();
        assert_eq!(codes, ["CRITICAL_LINKS", "RECENTLY_PUBLISHED"]);
        around.published_at = Some(now().plus_millis(-30 * DAY_MS));
        assert_eq!(assess(&model(1), &around, now()).warnings.len(), 1);
    }

    #[test]
    fn a_high_risk_is_refused_only_when_that_is_asked() {
        let triggers = touched_by(links(12, LinkType::Triggers, 0.5));
        let archived = attempt(&model(1), &triggers, false).unwrap();
        assert_eq!(archived.risk_level, RiskLevel::High);
        assert_eq!(archived.reason.as_deref(), Some("done with"));
        let after = evolve(model(1), &Event::from(archived));
        assert_eq!(after.status, ModelStatus::Archived);
        let implements = touched_by(links(15, LinkType::Implements, 0.5));
        let refusal = attempt(&model(1), &implements, true).unwrap_err();
        assert_eq!(refusal.code, Code::ArchiveRiskTooHigh);
    }

    #[test]
    fn what_forbids_it_is_refused_in_order() {
        let check = |model: &FunctionModel, around: &Surroundings, code| {
            assert_eq!(attempt(model, around, false).unwrap_err().code, code);
        };
        let mut around = Surroundings {
            has_active_executions: true,
            ..Surroundings::default()
        };
        check(&model(1), &around, Code::ExecutionsActive);
        around.dependents = vec![dependent(7, ModelStatus::Published)];
        check(&model(1), &around, Code::ModelInUse);
        let round = Sketch::new()
            .with(stage("a", &["b"]))
            .with(stage("b", &["a"]));
        check(&round.model, &around, Code::CircularDependency);
        let mut archived = model(1);
        archived.status = ModelStatus::Archived;
        let refusal = attempt(&archived, &around, false).unwrap_err();
        assert_eq!(refusal.code, Code::ModelAlreadyArchived);
        assert_eq!(refusal.data["from"], "archived");
        archived.deletion = Some(Deletion {
            deleted_at: now(),
            deleted_by: "x".into(),
            retain_until: None,
        });
        check(&archived, &around, Code::ModelDeleted);
        let long = ArchiveFunctionModel {
            reason: Some("x".repeat(2001)),
            ..ArchiveFunctionModel::default()
        };
        let refusal = archive(&archived, &long, &around, vec![], owner(), now());
        assert_eq!(refusal.unwrap_err().code, Code::ReasonInvalid);
    }
}

//! Taking a deleted model back: whether that is possible, what must be repaired, the decision.

use serde::Serialize;

use super::commands::RestoreFunctionModel;
use super::decide::{Asked, updated};
use super::decide_action::removed;
use super::deletion::not_deleted;
use super::events::{Event, FunctionModelRestored};
use super::{FunctionModel, ModelChanges, ModelName, checks};
use crate::error::{Code, DomainError, Violations};
use crate::ids::{ActionId, LinkId, ModelId, UserId};
use crate::instant::Instant;
use crate::vocabulary::{
    ModelStatus, RecoveryCheckName, RecoveryEligibility, RepairKind, RestoreScope,
};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
const USUAL_WINDOW_DAYS: i64 = 30;
const LONGEST_WINDOW_DAYS: i64 = 90;

/// What a use case found out about a deleted model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Remains {
    /// Whether the caller may take it back.
    pub is_permitted: bool,
    /// Links whose other end is gone.
    pub broken_links: Vec<LinkId>,
    /// Actions whose nested model is gone for good.
    pub orphaned_actions: Vec<ActionId>,
    /// Nested models that are themselves deleted.
    pub deleted_models: Vec<ModelId>,
    /// Whether another model has its name now.
    pub is_name_taken: bool,
    /// Whether the working copy or a snapshot cannot be read.
    pub is_unreadable: bool,
}

/// Whether a deleted model can be taken back.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Eligibility {
    /// The model.
    pub model_id: ModelId,
    /// The first failed check decides.
    pub status: RecoveryEligibility,
    /// Every check, in the order in which they decide.
    pub checks: Vec<RecoveryCheck>,
    /// What a restore with `autoRepair` does besides.
    pub repair_plan: Vec<RepairItem>,
    /// `HIGH` when the plan is long or restores other models, else `LOW`.
    pub complexity: crate::vocabulary::Impact,
    /// What can be done when the window is over.
    pub escalation_options: Vec<&'static str>,
    /// When the window ends.
    pub window_ends_at: Instant,
}

/// One check of a recovery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RecoveryCheck {
    /// What is looked at.
    pub check: RecoveryCheckName,
    /// Whether it is in order.
    pub passed: bool,
}

/// One step of a repair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RepairItem {
    /// What is done.
    pub kind: RepairKind,
    /// `LOW`, or `MEDIUM` when another model is restored.
    pub effort: crate::vocabulary::Impact,
    /// The link that is removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link_id: Option<LinkId>,
    /// The action that is removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action_id: Option<ActionId>,
    /// The model that is restored, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_id: Option<ModelId>,
}

/// How many days after a deletion a restore is allowed.
///
/// # Errors
/// `WINDOW_INVALID` outside 1–90.
pub fn window_days(given: Option<i64>) -> Result<i64, DomainError> {
    let days = given.unwrap_or(USUAL_WINDOW_DAYS);
    checks::ranged(days, 1, LONGEST_WINDOW_DAYS, Code::WindowInvalid).map_err(|mut refusal| {
        for error in &mut refusal.errors {
            error.field = "windowDays".to_owned();
        }
        refusal
    })
}

/// What has to be repaired before a model is whole again.
pub fn repair_plan(model: &FunctionModel, remains: &Remains) -> Vec<RepairItem> {
    use crate::vocabulary::Impact::{Low, Medium};
    let item = |kind, effort| RepairItem {
        kind,
        effort,
        link_id: None,
        action_id: None,
        model_id: None,
    };
    let broken = || item(RepairKind::RepairBrokenReference, Low);
    let links = remains.broken_links.iter().map(|id| RepairItem {
        link_id: Some(*id),
        ..broken()
    });
    // The working copy of a published model is frozen.
    let may_change = model.status == ModelStatus::Draft;
    let orphans = remains.orphaned_actions.iter().filter(|_| may_change);
    let orphans = orphans.map(|id| RepairItem {
        action_id: Some(*id),
        ..broken()
    });
    let models = remains.deleted_models.iter().map(|id| RepairItem {
        model_id: Some(*id),
        ..item(RepairKind::RestoreMissingDependency, Medium)
    });
    links.chain(orphans).chain(models).collect()
}

/// Whether a deleted model can be taken back at this time.
///
/// # Errors
/// `WINDOW_INVALID`; `MODEL_NOT_DELETED`.
pub fn eligibility(
    model: &FunctionModel,
    window: Option<i64>,
    remains: &Remains,
    now: Instant,
) -> Result<Eligibility, DomainError> {
    use crate::vocabulary::Impact;
    let days = window_days(window)?;
    let ends = window_ends(model, days)?;
    let plan = repair_plan(model, remains);
    let verdicts = [
        (
            RecoveryCheckName::Permission,
            remains.is_permitted,
            RecoveryEligibility::PermissionDenied,
        ),
        (
            RecoveryCheckName::Window,
            now <= ends,
            RecoveryEligibility::Expired,
        ),
        (
            RecoveryCheckName::References,
            plan.is_empty(),
            RecoveryEligibility::RequiresRepair,
        ),
        (
            RecoveryCheckName::Name,
            !remains.is_name_taken,
            RecoveryEligibility::RequiresRepair,
        ),
        (
            RecoveryCheckName::Integrity,
            !remains.is_unreadable,
            RecoveryEligibility::RequiresRepair,
        ),
    ];
    let failed = verdicts.iter().find(|(_, passed, _)| !passed);
    let status = failed.map_or(RecoveryEligibility::Eligible, |(_, _, status)| *status);
    let restores = plan.iter().any(|item| item.effort == Impact::Medium);
    let options: &[&str] = match status {
        RecoveryEligibility::Expired => &["EXTEND_WINDOW", "DUPLICATE_FROM_LAST_SNAPSHOT"],
        _ => &[],
    };
    Ok(Eligibility {
        model_id: model.model_id,
        status,
        checks: verdicts
            .iter()
            .map(|(check, passed, _)| RecoveryCheck {
                check: *check,
                passed: *passed,
            })
            .collect(),
        complexity: match restores || plan.len() > 2 {
            true => Impact::High,
            false => Impact::Low,
        },
        repair_plan: plan,
        escalation_options: options.to_vec(),
        window_ends_at: ends,
    })
}

fn window_ends(model: &FunctionModel, days: i64) -> Result<Instant, DomainError> {
    let deletion = model.deletion.as_ref();
    let deletion = deletion.ok_or_else(|| not_deleted(model, "restored"))?;
    Ok(deletion.deleted_at.plus_millis(days * DAY_MS))
}

/// Takes a deleted model back; its status is that of before. `reverted` holds what the audit trail
/// says about the parts in scope.
///
/// # Errors
/// `REASON_INVALID`, `WINDOW_INVALID`, `MODEL_NAME_INVALID`, all at once; `MODEL_NOT_DELETED`,
/// `RECOVERY_WINDOW_EXPIRED`, `RECOVERY_REQUIRES_REPAIR` with the plan, `MODEL_NAME_TAKEN`.
pub fn restore(
    model: &FunctionModel,
    command: &RestoreFunctionModel,
    remains: &Remains,
    reverted: ModelChanges,
    by: UserId,
    now: Instant,
) -> Result<(Vec<Event>, Vec<RepairItem>), DomainError> {
    let asked = Asked { by, at: now };
    let mut violations = Violations::new();
    let reason = checks::reason(command.reason.as_deref());
    let reason = violations.take("", reason).flatten();
    let days = violations.take("", window_days(command.window_days));
    let name = command.new_name.as_deref().map(ModelName::parse);
    let name = name.and_then(|name| violations.take("newName", name));
    violations.finish()?;
    let ends = window_ends(model, days.unwrap_or(USUAL_WINDOW_DAYS))?;
    if now > ends {
        let message = format!("The model could be restored until {ends}.");
        return Err(DomainError::new(Code::RecoveryWindowExpired, message)
            .with("windowEndsAt", ends.to_string()));
    }
    let plan = repair_plan(model, remains);
    if remains.is_unreadable || (!plan.is_empty() && !command.auto_repair) {
        let message = "Something of the model is broken; restore it with autoRepair.";
        let plan = serde_json::to_value(&plan).unwrap_or_default();
        return Err(DomainError::new(Code::RecoveryRequiresRepair, message)
            .with("repairPlan", plan)
            .with("isReadable", !remains.is_unreadable));
    }
    if remains.is_name_taken && name.is_none() {
        let message = "Another model has its name now; give a newName.";
        return Err(DomainError::new(Code::ModelNameTaken, message));
    }
    let restored = FunctionModelRestored {
        model_id: model.model_id,
        restored_by: by,
        restored_at: now,
        reason,
        repaired: plan.iter().map(|item| item.kind).collect(),
        status: model.status,
        new_name: name,
    };
    let mut events = vec![Event::from(restored)];
    let differs = reverted != reverted.previous(model);
    if differs && !is_full(&command.scope) {
        events.extend(updated(model, reverted, asked));
    }
    let orphans = plan.iter().filter_map(|item| item.action_id);
    for action in orphans.filter_map(|id| model.action_nodes.get(&id)) {
        events.push(removed(model, action, asked));
    }
    Ok((events, plan))
}

/// Whether everything is restored as it was, rather than single parts.
pub fn is_full(scope: &[RestoreScope]) -> bool {
    scope.is_empty() || scope.contains(&RestoreScope::Full)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function_model::{Deletion, evolve};
    use crate::patch::Patch;
    use crate::vocabulary::Impact;
    use crate::workflow::tests::{Sketch, action_id, owner, stage, uuid};

    fn at(days: i64) -> Instant {
        Instant::from_millis(1_756_728_060_000 + days * DAY_MS)
    }

    fn deleted() -> FunctionModel {
        let mut model = Sketch::new().with(stage("Work", &[]).actions(&["a"])).model;
        model.deletion = Some(Deletion {
            deleted_at: at(0),
            deleted_by: "somebody".into(),
            retain_until: Some(at(365)),
        });
        model
    }

    fn sound() -> Remains {
        Remains {
            is_permitted: true,
            ..Remains::default()
        }
    }

    fn broken() -> Remains {
        Remains {
            broken_links: vec![LinkId::from_uuid(uuid(1))],
            orphaned_actions: vec![action_id("a")],
            deleted_models: vec![ModelId::from_uuid(uuid(2))],
            ..sound()
        }
    }

    fn attempt(
        command: &RestoreFunctionModel,
        remains: &Remains,
        days: i64,
    ) -> Result<Vec<Event>, DomainError> {
        let nothing = ModelChanges::default();
        restore(&deleted(), command, remains, nothing, owner(), at(days)).map(|(events, _)| events)
    }

    fn check(remains: Remains, days: i64, status: RecoveryEligibility, complexity: Impact) {
        let found = eligibility(&deleted(), None, &remains, at(days)).unwrap();
        assert_eq!((found.status, found.complexity), (status, complexity));
        assert_eq!(found.checks.len(), 5);
        let expired = status == RecoveryEligibility::Expired;
        assert_eq!(found.escalation_options.is_empty(), !expired);
    }

    #[test]
    fn the_first_failed_check_decides() {
        use RecoveryEligibility::{Eligible, Expired, PermissionDenied, RequiresRepair};
        check(sound(), 30, Eligible, Impact::Low);
        check(broken(), 31, Expired, Impact::High);
        check(broken(), 1, RequiresRepair, Impact::High);
        check(Remains::default(), 31, PermissionDenied, Impact::Low);
        let mut taken = sound();
        taken.is_name_taken = true;
        check(taken, 1, RequiresRepair, Impact::Low);
        let mut unreadable = sound();
        unreadable.is_unreadable = true;
        check(unreadable, 1, RequiresRepair, Impact::Low);
        let mut links = sound();
        links.broken_links = vec![LinkId::from_uuid(uuid(1)); 3];
        check(links, 1, RequiresRepair, Impact::High);
    }

    #[test]
    fn the_window_is_30_days_and_may_be_made_90() {
        let extended = eligibility(&deleted(), Some(90), &sound(), at(90)).unwrap();
        assert_eq!(extended.status, RecoveryEligibility::Eligible);
        assert_eq!(extended.window_ends_at, at(90));
        for days in [0, 91] {
            let refusal = eligibility(&deleted(), Some(days), &sound(), at(1)).unwrap_err();
            assert_eq!(refusal.code, Code::WindowInvalid);
            assert_eq!(refusal.errors[0].field, "windowDays");
        }
        let mut there = deleted();
        there.deletion = None;
        let refusal = eligibility(&there, None, &sound(), at(1)).unwrap_err();
        assert_eq!(refusal.code, Code::ModelNotDeleted);
        let late = attempt(&RestoreFunctionModel::default(), &sound(), 31).unwrap_err();
        assert_eq!(late.code, Code::RecoveryWindowExpired);
    }

    #[test]
    fn what_is_broken_is_repaired_only_when_asked() {
        let careful = attempt(&RestoreFunctionModel::default(), &broken(), 1).unwrap_err();
        assert_eq!(careful.code, Code::RecoveryRequiresRepair);
        assert_eq!(careful.data["repairPlan"].as_array().unwrap().len(), 3);
        let command = RestoreFunctionModel {
            auto_repair: true,
            ..RestoreFunctionModel::default()
        };
        let events = attempt(&command, &broken(), 1).unwrap();
        let types: Vec<&str> = events.iter().map(Event::event_type).collect();
        assert_eq!(types, ["FunctionModelRestored", "ActionNodeRemoved"]);
        let after = events.iter().fold(deleted(), evolve);
        assert!(after.deletion.is_none() && after.action_nodes.is_empty());
        assert_eq!(after.status, deleted().status);
        let mut published = deleted();
        published.status = ModelStatus::Published;
        assert_eq!(repair_plan(&published, &broken()).len(), 2);
        let mut unreadable = sound();
        unreadable.is_unreadable = true;
        let refusal = attempt(&command, &unreadable, 1).unwrap_err();
        assert_eq!(refusal.code, Code::RecoveryRequiresRepair);
    }

    #[test]
    fn a_taken_name_needs_a_new_one() {
        let mut taken = sound();
        taken.is_name_taken = true;
        let refusal = attempt(&RestoreFunctionModel::default(), &taken, 1).unwrap_err();
        assert_eq!(refusal.code, Code::ModelNameTaken);
        let renamed = RestoreFunctionModel {
            new_name: Some("Taken back".into()),
            ..RestoreFunctionModel::default()
        };
        let events = attempt(&renamed, &taken, 1).unwrap();
        let after = events.iter().fold(deleted(), evolve);
        assert_eq!(after.name.as_str(), "Taken back");
        let wrong = RestoreFunctionModel {
            reason: Some("x".repeat(2001)),
            window_days: Some(0),
            new_name: Some("x".into()),
            ..RestoreFunctionModel::default()
        };
        let refusal = attempt(&wrong, &sound(), 1).unwrap_err();
        let fields: Vec<&str> = refusal.errors.iter().map(|e| e.field.as_str()).collect();
        assert_eq!(fields, ["reason", "windowDays", "newName"]);
    }

    #[test]
    fn parts_in_scope_are_copied_back() {
        let reverted = ModelChanges {
            description: Patch::Set("As it was".into()),
            ..ModelChanges::default()
        };
        let mut command = RestoreFunctionModel::default();
        let count = |command: &RestoreFunctionModel| {
            let (remains, back) = (sound(), reverted.clone());
            let restored = restore(&deleted(), command, &remains, back, owner(), at(1));
            restored.unwrap().0.len()
        };
        assert_eq!(count(&command), 1);
        command.scope = vec![RestoreScope::Metadata];
        assert_eq!(count(&command), 2);
        command.scope = vec![RestoreScope::Metadata, RestoreScope::Full];
        assert_eq!(count(&command), 1);
    }
}

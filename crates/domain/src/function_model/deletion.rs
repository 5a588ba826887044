//! Soft deletion: how long what is deleted is kept, and the decision.

use super::commands::SoftDeleteFunctionModel;
use super::events::FunctionModelSoftDeleted;
use super::surroundings::Surroundings;
use super::{FunctionModel, checks};
use crate::error::{Code, DomainError, FieldError, Violations};
use crate::ids::UserId;
use crate::instant::Instant;
use crate::vocabulary::{Impact, ModelStatus};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
const YEAR_DAYS: i64 = 365;
const LONGEST_DAYS: i64 = 10 * YEAR_DAYS;
/// The review is due so many days before the retention ends.
const REVIEW_DAYS: i64 = 30;

/// Days that a text such as `2-years` or `90-days` stands for; 365 without one.
///
/// # Errors
/// `RETENTION_INVALID` for any other form, and outside 1 day to 10 years.
pub fn retention_days(text: Option<&str>) -> Result<i64, DomainError> {
    let Some(text) = text else {
        return Ok(YEAR_DAYS);
    };
    let days = text.trim().split_once('-').and_then(|(number, unit)| {
        let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let number: i64 = number.parse().ok().filter(|_| digits)?;
        match unit {
            "days" => Some(number),
            "years" => number.checked_mul(YEAR_DAYS),
            _ => None,
        }
    });
    days.filter(|days| (1..=LONGEST_DAYS).contains(days))
        .ok_or_else(|| {
            let error = FieldError::new("", "format")
                .limit("<n>-days or <n>-years, 1 day to 10 years")
                .value(text);
            let message = "A retention is 1-days to 10-years.";
            DomainError::field(Code::RetentionInvalid, message, error)
        })
}

/// When the owner should look at it once more: 30 days before the retention ends.
pub fn review_at(retain_until: Instant) -> Instant {
    retain_until.plus_millis(-REVIEW_DAYS * DAY_MS)
}

/// How much a deletion disturbs, by the number of models that nest the deleted one.
pub fn impact(dependents: usize) -> Impact {
    match dependents {
        0..=2 => Impact::Low,
        3..=5 => Impact::Medium,
        _ => Impact::High,
    }
}

/// Marks a model deleted; its status stays.
///
/// # Errors
/// `REASON_INVALID`, `RETENTION_INVALID`, both at once; `MODEL_ALREADY_DELETED`, `MODEL_ARCHIVED`,
/// `MODEL_IN_USE`, `EXECUTIONS_ACTIVE`, looked at in this order.
pub fn soft_delete(
    model: &FunctionModel,
    command: &SoftDeleteFunctionModel,
    around: &Surroundings,
    by: UserId,
    now: Instant,
) -> Result<FunctionModelSoftDeleted, DomainError> {
    let mut violations = Violations::new();
    let reason = checks::reason(command.reason.as_deref());
    let reason = violations.take("", reason).flatten();
    let days = retention_days(command.data_retention.as_deref());
    let days = violations.take("dataRetention", days).unwrap_or(YEAR_DAYS);
    violations.finish()?;
    guard_state(model)?;
    if command.enforce_referential_integrity || command.allow_cascading {
        around.guard_not_in_use()?;
    }
    around.guard_no_executions()?;
    Ok(FunctionModelSoftDeleted {
        model_id: model.model_id,
        name: model.name.clone(),
        version: model.version.clone(),
        status: model.status,
        deleted_by: by,
        deleted_at: now,
        reason,
        retain_until: now.plus_millis(days * DAY_MS),
    })
}

fn guard_state(model: &FunctionModel) -> Result<(), DomainError> {
    if let Some(deletion) = &model.deletion {
        let message = "The model is deleted already.";
        return Err(DomainError::new(Code::ModelAlreadyDeleted, message)
            .with("from", "deleted")
            .with("to", "deleted")
            .with("deletedAt", deletion.deleted_at.to_string()));
    }
    if model.status == ModelStatus::Archived {
        return Err(model.archived().with("to", "deleted"));
    }
    Ok(())
}

/// Whether a deleted model may be removed for good.
///
/// # Errors
/// `MODEL_NOT_DELETED`; `RETENTION_NOT_OVER` with the end of its retention.
pub fn guard_purge(model: &FunctionModel, now: Instant) -> Result<(), DomainError> {
    let Some(deletion) = &model.deletion else {
        return Err(not_deleted(model, "purged"));
    };
    let default = || deletion.deleted_at.plus_millis(YEAR_DAYS * DAY_MS);
    let until = deletion.retain_until.unwrap_or_else(default);
    if now > until {
        return Ok(());
    }
    let message = format!("The model is kept until {until}.");
    let refusal = DomainError::new(Code::RetentionNotOver, message);
    Err(refusal.with("retainUntil", until.to_string()))
}

/// The refusal of what only a deleted model may undergo.
pub(super) fn not_deleted(model: &FunctionModel, to: &str) -> DomainError {
    let message = "The model is not deleted.";
    DomainError::new(Code::ModelNotDeleted, message)
        .with("from", model.status.as_str())
        .with("to", to)
}

#[cfg(test)]
mod tests {
    use super::super::surroundings::tests::dependent;
    use super::*;
    use crate::function_model::{Event, evolve};
    use crate::workflow::tests::{empty_model, owner};

    fn now() -> Instant {
        Instant::from_millis(1_756_728_060_000)
    }

    fn attempt(
        model: &FunctionModel,
        command: &SoftDeleteFunctionModel,
        around: &Surroundings,
    ) -> Result<FunctionModelSoftDeleted, DomainError> {
        soft_delete(model, command, around, owner(), now())
    }

    fn deleted(retention: &str) -> FunctionModel {
        let command = SoftDeleteFunctionModel {
            data_retention: Some(retention.into()),
            ..SoftDeleteFunctionModel::default()
        };
        let event = attempt(&empty_model(), &command, &Surroundings::default()).unwrap();
        evolve(empty_model(), &Event::from(event))
    }

    #[test]
    fn retentions_are_days_or_years() {
        let check = |text, days| assert_eq!(retention_days(text).ok(), days, "{text:?}");
        check(None, Some(365));
        check(Some("2-years"), Some(730));
        check(Some("1-days"), Some(1));
        check(Some(" 10-years "), Some(3650));
        for text in [
            "0-days",
            "11-years",
            "3651-days",
            "1-day",
            "+1-days",
            "-1-days",
            "years",
            "",
        ] {
            check(Some(text), None);
        }
        let refusal = retention_days(Some("99999999999999999999-years")).unwrap_err();
        assert_eq!(refusal.code, Code::RetentionInvalid);
    }

    #[test]
    fn the_mark_says_who_when_and_how_long() {
        let model = deleted("2-years");
        let mark = model.deletion.clone().unwrap();
        assert_eq!(mark.deleted_at, now());
        assert_eq!(mark.deleted_by, owner().to_string());
        let until = now().plus_millis(730 * DAY_MS);
        assert_eq!(mark.retain_until, Some(until));
        assert_eq!(review_at(until), now().plus_millis(700 * DAY_MS));
        assert_eq!(model.status, empty_model().status);
    }

    #[test]
    fn values_are_refused_together_and_states_in_order() {
        let wrong = SoftDeleteFunctionModel {
            reason: Some("x".repeat(2001)),
            data_retention: Some("soon".into()),
            ..SoftDeleteFunctionModel::default()
        };
        let refusal = attempt(&empty_model(), &wrong, &Surroundings::default()).unwrap_err();
        let fields: Vec<&str> = refusal.errors.iter().map(|e| e.field.as_str()).collect();
        assert_eq!(refusal.code, Code::ReasonInvalid);
        assert_eq!(fields, ["reason", "dataRetention"]);

        let usual = SoftDeleteFunctionModel::default();
        let check = |model: &FunctionModel, around: &Surroundings, code| {
            assert_eq!(attempt(model, &usual, around).unwrap_err().code, code);
        };
        let mut around = Surroundings {
            has_active_executions: true,
            ..Surroundings::default()
        };
        check(&empty_model(), &around, Code::ExecutionsActive);
        around.dependents = vec![dependent(7, ModelStatus::Published)];
        check(&empty_model(), &around, Code::ModelInUse);
        let mut archived = empty_model();
        archived.status = ModelStatus::Archived;
        check(&archived, &around, Code::ModelArchived);
        check(&deleted("1-days"), &around, Code::ModelAlreadyDeleted);
    }

    #[test]
    fn published_dependents_matter_when_integrity_is_enforced_or_it_cascades() {
        let around = Surroundings {
            dependents: vec![dependent(7, ModelStatus::Published)],
            ..Surroundings::default()
        };
        let mut command = SoftDeleteFunctionModel {
            enforce_referential_integrity: false,
            ..SoftDeleteFunctionModel::default()
        };
        assert!(attempt(&empty_model(), &command, &around).is_ok());
        command.allow_cascading = true;
        let refusal = attempt(&empty_model(), &command, &around).unwrap_err();
        assert_eq!(refusal.code, Code::ModelInUse);
    }

    #[test]
    fn the_impact_grows_with_the_dependents() {
        let levels: Vec<Impact> = [0, 2, 3, 5, 6].map(impact).to_vec();
        use Impact::{High, Low, Medium};
        assert_eq!(levels, [Low, Low, Medium, Medium, High]);
    }

    #[test]
    fn purging_waits_for_the_end_of_the_retention() {
        let model = deleted("1-days");
        let code = |at| guard_purge(&model, at).map_err(|refusal| refusal.code);
        assert_eq!(code(now().plus_millis(DAY_MS)), Err(Code::RetentionNotOver));
        assert_eq!(code(now().plus_millis(DAY_MS + 1)), Ok(()));
        let refusal = guard_purge(&empty_model(), now()).unwrap_err();
        assert_eq!(refusal.code, Code::ModelNotDeleted);
        assert_eq!(refusal.data["from"], "draft");
    }
}

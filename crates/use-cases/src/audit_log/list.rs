//! Reports who changed what: by organization, model, thing, person and period.

use domain::error::{Code, DomainError, FieldError};

use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{AuditEntry, AuditFilter, AuditLogs, Clock, Page, PageRequest, Ports};

/// How far back a report reaches that names neither a thing nor when it begins.
pub const USUAL_PERIOD_DAYS: i64 = 31;
/// How long the period of a report may be that names no thing.
pub const LONGEST_PERIOD_DAYS: i64 = 366;
const DAY_MS: i64 = 86_400_000;

/// The changes that fit, newest first, as far as the caller may see what they are about.
///
/// The history of one thing has an index and may be asked for from the beginning; anything else
/// reads through its period.
///
/// # Errors
/// `WINDOW_INVALID` for a period that is too long.
pub async fn list(
    ports: &impl Ports,
    context: &Context,
    filter: &AuditFilter,
    page: &PageRequest,
) -> Result<Page<AuditEntry>, UseCaseError> {
    let mut filter = filter.clone();
    if filter.record_id.is_none() {
        let to = filter.to.unwrap_or_else(|| ports.clock().instant());
        let usual = to.plus_millis(-USUAL_PERIOD_DAYS * DAY_MS);
        let from = *filter.from.get_or_insert(usual);
        if to.millis_since(from) > LONGEST_PERIOD_DAYS * DAY_MS {
            let detail = format!("A report spans {LONGEST_PERIOD_DAYS} days at most.");
            let error = FieldError::new("from", "range").limit(LONGEST_PERIOD_DAYS);
            return Err(DomainError::field(Code::WindowInvalid, detail, error).into());
        }
    }
    Ok(ports.audit_logs().list(context, &filter, page).await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::in_memory::World;
    use crate::testing::{Draft, alice, bob};

    #[test]
    fn reports_show_what_the_caller_sees_of_a_period() {
        let world = World::new();
        let draft = Draft::staged(&world, "Order");
        let now = world.clock().instant();
        let look = |who, filter: &AuditFilter| {
            let page = PageRequest::default();
            world
                .run(list(&world, &who, filter, &page))
                .map(|found| found.items.len())
        };
        let all = AuditFilter::default();
        assert_eq!(look(alice(), &all), Ok(4));
        assert_eq!(look(bob(), &all), Ok(0));
        let ended = AuditFilter {
            to: Some(now.plus_millis(-1)),
            ..AuditFilter::default()
        };
        assert_eq!(look(alice(), &ended), Ok(0));
        let of_model = AuditFilter {
            model_id: Some(draft.model_id),
            table_name: Some("domain_events".into()),
            ..AuditFilter::default()
        };
        assert_eq!(look(alice(), &of_model), Ok(2));
        let of_row = AuditFilter {
            row_id: Some(uuid::Uuid::nil()),
            ..AuditFilter::default()
        };
        assert_eq!(look(alice(), &of_row), Ok(0));
    }

    #[test]
    fn only_the_history_of_one_thing_goes_back_for_ever() {
        let world = World::new();
        let draft = Draft::staged(&world, "Order");
        let now = world.clock().instant();
        let days = |days: i64| Some(now.plus_millis(-days * DAY_MS));
        let look = |filter: AuditFilter| {
            let page = PageRequest::default();
            world.run(list(&world, &alice(), &filter, &page))
        };
        let since = |from| AuditFilter {
            from,
            ..AuditFilter::default()
        };
        look(since(days(366))).unwrap();
        let refused = look(since(days(367))).unwrap_err();
        let UseCaseError::Refused(refusal) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(refusal.errors[0].field, "from");
        let history = AuditFilter {
            record_id: Some(draft.model_id.as_uuid()),
            ..since(days(9_999))
        };
        assert_eq!(look(history).unwrap().items.len(), 4);
    }
}

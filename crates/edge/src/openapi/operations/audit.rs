//! The audit log of everything, and its seals.

use domain::audit::{Seal, VerifyAudit};
use domain::error::Code;
use domain::ids::{ModelId, OrganizationId, UserId};
use domain::instant::Instant;
use use_cases::audit_log::Verification;
use use_cases::ports::{AuditEntry, AuditOperation, RowState};
use uuid::Uuid;

use super::Description;
use crate::openapi::description::{Content, PageLimit, schema};
use crate::problem::Success;

const TAG: &str = "Events and audit";

fn filtered(summary: &'static str) -> Description {
    Description::new(TAG, summary)
        .query::<OrganizationId>("organizationId", "Only changes of this organization.")
        .query::<ModelId>("modelId", "Only changes of this model and its parts.")
        .query::<Uuid>(
            "recordId",
            "Only changes of this thing with its parts: a model, link, agent or organization.",
        )
        .query::<Uuid>("rowId", "Only changes of this row.")
        .query::<String>("tableName", "Only changes of this table.")
        .query::<AuditOperation>("operation", "Only changes of this kind.")
        .query::<String>("eventType", "Only changes that came with this event.")
        .query::<UserId>("changedBy", "Only changes by this user.")
        .query::<Instant>(
            "from",
            "Not before this instant; 31 days before `to` when absent, unless `recordId` is given.",
        )
        .query::<Instant>("to", "Before this instant.")
        .codes(&[Code::WindowInvalid])
}

const WHO: &str = "Shows changes of models that the caller may view and of organizations that the \
    caller administers. A report spans 366 days at most; the history of one thing (`recordId`) has no limit.";

pub(super) fn list() -> Description {
    filtered("Report who changed what")
        .text(WHO)
        .page::<AuditEntry>("The changes, newest first.")
}

pub(super) fn report() -> Description {
    let mut description = filtered("Report who changed what, as CSV")
        .text("The same report as `GET /audit`; the `link` header leads to the next page.")
        .query::<PageLimit>(
            "limit",
            "Most lines of a page besides the head; 100 when absent.",
        )
        .query::<String>(
            "cursor",
            "From the `link` of the page before; the other parameters stay as they were.",
        )
        .answer(
            Success::Ok,
            "A head, then one line per change, newest first.",
            Some(Content::One(schema::<String>())),
        )
        .with("link", false);
    description.media_type = "text/csv";
    description
}

pub(super) fn seals() -> Description {
    Description::new(TAG, "List the seals of the audit log")
        .text("Hashes and counts only: whoever keeps a seal can show later that nothing at or before it has changed.")
        .page::<Seal>("The seals, newest first.")
}

pub(super) fn verify() -> Description {
    Description::new(TAG, "Verify the audit log")
        .text("For the service. Compares sealed rows of all organizations with their seals, and the chain with a published seal.")
        .body::<VerifyAudit>()
        .codes(&[Code::Forbidden])
        .ok::<Verification>("What was compared, and the first seal that does not hold.")
}

pub(super) fn states() -> Description {
    Description::new(TAG, "Tell what a thing was at a time")
        .text("Puts the rows of a model, link, agent or organization together from their changes. Empty for what did not exist, is missing or hidden.")
        .query::<Instant>("at", "After every change that began until this instant; now when absent.")
        .page::<RowState>("Its rows, by table and row.")
}

//! Whether what is stored is what the events say.

use domain::error::Code;
use use_cases::verification::{Findings, Verdict};
use uuid::Uuid;

use super::Description;
use crate::openapi::description::AggregateLimit;

const TAG: &str = "Events and audit";

pub(super) fn verify_all() -> Description {
    Description::new(TAG, "Verify what is stored of many things")
        .text("For the service. Replays the events of the next things of a type, in the order of their ids, and compares what they make with the stored rows.")
        .query::<Uuid>("after", "Begin behind this thing; with the first when absent.")
        .query::<AggregateLimit>("limit", "Most things to compare; 20 when absent.")
        .codes(&[Code::Forbidden])
        .ok::<Findings>("How many were compared, and those that are not what their events say.")
}

pub(super) fn verify() -> Description {
    Description::new(TAG, "Verify what is stored of a thing")
        .text("For the service. Replays its events, compares what they make with its rows, and names every difference.")
        .codes(&[Code::Forbidden, Code::AggregateNotFound])
        .ok::<Verdict>("What was found.")
}

pub(super) fn rebuild() -> Description {
    Description::new(TAG, "Rebuild what is stored of a thing")
        .text("For the service: the answer to a corrupted row. Makes the rows of a thing what its events say, as far as they differ; the audit log names every changed row, with `rebuild` in the place of the event.")
        .codes(&[Code::Forbidden, Code::AggregateNotFound, Code::AggregateNotReplayable, Code::RevisionConflict])
        .ok::<Verdict>("What differed until then.")
}

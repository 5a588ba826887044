//! Contexts of nodes.

use domain::error::Code;
use domain::ids::{ExecutionId, NodeId};
use domain::node_context::NodeContext;
use domain::node_context::access::{AccessDecision, AccessibleContexts, ListedRelation};
use domain::node_context::commands::{CheckContextAccess, RegisterContext, UpdateContext};
use use_cases::node_context::ContextUpdated;

use super::Description;
use crate::openapi::description::MostResults;

const TAG: &str = "Contexts";

pub(super) fn register() -> Description {
    Description::new(TAG, "Register the context of a node")
        .text("Its level, and what it inherits, follow from the node above.")
        .command()
        .of_model()
        .body::<RegisterContext>()
        .created::<NodeContext>("It was registered.")
        .etag()
        .codes(&[
            Code::Forbidden,
            Code::ExecutionNotFound,
            Code::ContextDataInvalid,
            Code::DocumentTooLarge,
            Code::HierarchyCycle,
            Code::ParentNotFound,
            Code::HierarchyTooDeep,
            Code::ContextAlreadyRegistered,
        ])
}

pub(super) fn list() -> Description {
    Description::new(TAG, "List the contexts a node may see")
        .of_model()
        .required::<NodeId>("requestingNodeId", "The node that looks.")
        .query::<ListedRelation>("accessType", "Which of them; all when absent.")
        .query::<MostResults>("maxResults", "At most so many, 1–1000.")
        .query::<ExecutionId>("executionId", "The run whose contexts are meant.")
        .one::<AccessibleContexts>("What the node may see.")
        .codes(&[
            Code::Forbidden,
            Code::ExecutionNotFound,
            Code::ContextNotFound,
        ])
}

pub(super) fn check() -> Description {
    Description::new(TAG, "Ask what a node may do with a context")
        .text("A denial is an answer, not a refusal. An access in an emergency is audited.")
        .of_model()
        .body::<CheckContextAccess>()
        .ok::<AccessDecision>("What it may do, and why.")
        .codes(&[
            Code::Forbidden,
            Code::RevisionConflict,
            Code::ExecutionNotFound,
            Code::ContextNotFound,
            Code::AccessWindowInvalid,
            Code::EmergencyReasonRequired,
        ])
}

pub(super) fn update() -> Description {
    Description::new(TAG, "Replace the data of a context")
        .change()
        .of_model()
        .body::<UpdateContext>()
        .ok::<ContextUpdated>("It was replaced, and passed on to what stands below.")
        .etag()
        .codes(&[
            Code::Forbidden,
            Code::ExecutionNotFound,
            Code::ContextNotFound,
            Code::ContextDataInvalid,
            Code::DocumentTooLarge,
            Code::ExecutionAlreadyFinished,
        ])
}

pub(super) fn clear() -> Description {
    Description::new(TAG, "Clear the context of a node")
        .text("Those below it go with it. Where there is none, nothing happens.")
        .of_model()
        .query::<ExecutionId>("executionId", "The run whose contexts are meant.")
        .removed("There is none now.")
        .codes(&[
            Code::Forbidden,
            Code::RevisionConflict,
            Code::ExecutionNotFound,
        ])
}

//! The structure of a model as a whole, and documents.

use domain::error::Code;
use domain::function_model::FunctionModel;
use domain::function_model::commands::EditStructure;
use domain::function_model::document::{Document, ImportFunctionModel};
use serde_json::Map;

use super::Description;
use super::structure::{ACTION_VALUES, NODE_VALUES};
use crate::body::LONG_BYTES;

const TAG: &str = "Function models";

const STRUCTURE: &[Code] = &[
    Code::NodeNotFound,
    Code::NodeAlreadyExists,
    Code::ActionAlreadyExists,
    Code::ParentNotAStage,
    Code::SelfDependency,
    Code::DependencyAlreadyExists,
    Code::InputHasDependencies,
    Code::CircularDependency,
    Code::ModelTooLarge,
    Code::IdInvalid,
    Code::PartNamedTwice,
];

pub(super) fn edit() -> Description {
    Description::new(TAG, "Edit the structure of a model in bulk")
        .text(
            "Containers, actions and dependencies are added, changed and removed together, all or \
             none. A refusal lists everything that stands against it, each with its path and code.",
        )
        .of_draft()
        .query::<bool>("includeNodes", "The containers too.")
        .query::<bool>("includeActionNodes", "The actions too.")
        .optional_body::<EditStructure>()
        .at_most(LONG_BYTES)
        .ok::<FunctionModel>("The model.")
        .on_request(&["nodes", "actionNodes"])
        .etag()
        .codes(NODE_VALUES)
        .codes(ACTION_VALUES)
        .codes(STRUCTURE)
        .codes(&[
            Code::ActionNotFound,
            Code::DependencyNotFound,
            Code::NodeHasDependents,
            Code::NothingToChange,
            Code::StatusTransitionInvalid,
        ])
}

pub(super) fn export() -> Description {
    Description::new(TAG, "Export a model as a document")
        .text("The design alone: no owner, rights, times or identity. Its JSON schema is public.")
        .of_model()
        .query::<String>("versionNumber", "The snapshot of this number instead.")
        .ok::<Document>("The document.")
        .etag()
        .codes(&[Code::VersionNotFound])
}

pub(super) fn import() -> Description {
    Description::new(TAG, "Make a model of a document")
        .text(
            "Identifiers of containers and actions are kept, so that the document of the model is \
             the same again. A refusal lists everything that stands against it.",
        )
        .command()
        .body::<ImportFunctionModel>()
        .at_most(LONG_BYTES)
        .created::<FunctionModel>("It was made.")
        .on_request(&["nodes", "actionNodes"])
        .etag()
        .codes(&[
            Code::Forbidden,
            Code::ModelNameTaken,
            Code::ModelNameInvalid,
        ])
        .codes(NODE_VALUES)
        .codes(ACTION_VALUES)
        .codes(STRUCTURE)
}

pub(super) fn schema() -> Description {
    Description::new(TAG, "Read the JSON schema of documents")
        .text("Public.")
        .ok::<Map<String, serde_json::Value>>("The schema.")
}

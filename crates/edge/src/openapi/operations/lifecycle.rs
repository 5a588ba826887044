//! The life of a model: permissions, copies, versions, archiving, deletion, recovery.

use domain::error::Code;
use domain::function_model::commands::{
    ArchiveFunctionModel, CreateModelVersion, DuplicateFunctionModel, RestoreFunctionModel,
};
use domain::function_model::recovery::{Eligibility, RepairItem};
use domain::function_model::{FunctionModel, Permissions};
use domain::ids::UserId;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;
use use_cases::function_model::{
    ArchiveAssessment, ArchivedModel, CreatedVersion, DeletedModel, RestoreResult,
    VersionComparison,
};

use super::Description;
use super::function_models::INSIDE;
use crate::openapi::description::{Days, Reason};

const TAG: &str = "Life of a model";

/// What a restore answers.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Restored {
    /// The model, without what is inside.
    #[schemars(schema_with = "header")]
    model: FunctionModel,
    /// What was repaired.
    repaired: Vec<RepairItem>,
    /// What became of each model, the one asked for first.
    results: Vec<RestoreResult>,
}

/// A model without what is inside.
fn header(schemas: &mut SchemaGenerator) -> Schema {
    let mut schema = FunctionModel::json_schema(schemas);
    for list in ["required", "properties"] {
        match schema.get_mut(list) {
            Some(Value::Array(names)) => names.retain(|name| !INSIDE.iter().any(|one| name == one)),
            Some(Value::Object(fields)) => {
                fields.retain(|name, _| !INSIDE.contains(&name.as_str()))
            }
            _ => {}
        }
    }
    schema
}

pub(super) fn change_permissions() -> Description {
    Description::new(TAG, "Replace the permissions of a model")
        .text("For its owner, its administrators and admins of its organization; also when it is published.")
        .change()
        .of_model()
        .body::<Permissions>()
        .ok::<FunctionModel>("They were replaced.")
        .on_request(INSIDE)
        .etag()
        .codes(&[
            Code::Forbidden,
            Code::PermissionsInvalid,
            Code::ModelDeleted,
            Code::ModelArchived,
        ])
}

pub(super) fn duplicate() -> Description {
    Description::new(TAG, "Copy a model or one of its versions")
        .text("The copy is a draft of the caller's, with identifiers of its own.")
        .command()
        .of_model()
        .body::<DuplicateFunctionModel>()
        .created::<FunctionModel>("It was copied.")
        .on_request(INSIDE)
        .etag()
        .codes(&[
            Code::Forbidden,
            Code::VersionNotFound,
            Code::ModelNameInvalid,
            Code::ModelDeleted,
            Code::ModelNameTaken,
        ])
}

pub(super) fn create_version() -> Description {
    Description::new(TAG, "Issue a version number")
        .text(
            "A draft gets a snapshot under it; a published model is reopened, and what runs stays.",
        )
        .change()
        .of_model()
        .body::<CreateModelVersion>()
        .created::<CreatedVersion>("It was issued.")
        .etag()
        .codes(&[
            Code::Forbidden,
            Code::VersionInvalid,
            Code::NotesInvalid,
            Code::ModelDeleted,
            Code::ModelArchived,
            Code::VersionNotGreater,
            Code::VersionIncrementInvalid,
            Code::WorkflowInvalid,
            Code::VersionAlreadyExists,
        ])
}

pub(super) fn compare_versions() -> Description {
    Description::new(TAG, "Compare two versions of a model")
        .required::<String>("from", "The number of the former version.")
        .query::<String>(
            "to",
            "The number of the latter version, or `working`; `working` when absent.",
        )
        .of_model()
        .one::<VersionComparison>("What differs, and which step of the number that suggests.")
        .codes(&[Code::VersionNotFound])
}

pub(super) fn restore_version() -> Description {
    Description::new(TAG, "Take up an old version")
        .text("The working copy of a draft gets its content; number and status stay.")
        .change()
        .of_draft()
        .ok::<FunctionModel>("It was taken up.")
        .on_request(INSIDE)
        .etag()
        .codes(&[Code::VersionNotFound, Code::ModelNameTaken])
}

pub(super) fn archive() -> Description {
    Description::new(TAG, "Archive a model for good")
        .change()
        .of_model()
        .body::<ArchiveFunctionModel>()
        .ok::<ArchivedModel>("It was archived.")
        .etag()
        .codes(&[
            Code::Forbidden,
            Code::ReasonInvalid,
            Code::ModelDeleted,
            Code::ModelAlreadyArchived,
            Code::CircularDependency,
            Code::ModelInUse,
            Code::ExecutionsActive,
            Code::ArchiveRiskTooHigh,
        ])
}

pub(super) fn assess_archive() -> Description {
    Description::new(TAG, "Tell what archiving a model would mean")
        .of_model()
        .one::<ArchiveAssessment>("The risk, and what forbids it.")
        .codes(&[Code::Forbidden])
}

pub(super) fn soft_delete() -> Description {
    Description::new(TAG, "Mark a model deleted")
        .text("For its owner and admins of its organization. It can be restored for a time.")
        .query::<Reason>("reason", "Why, at most 2000 characters.")
        .query::<bool>(
            "enforceReferentialIntegrity",
            "Refuse while a published model nests it; true when absent.",
        )
        .query::<bool>(
            "allowCascading",
            "Delete drafts of the same owner that nest it, too.",
        )
        .query::<String>(
            "dataRetention",
            "How long it is kept, such as `90-days` or `2-years`.",
        )
        .change()
        .of_model()
        .ok::<DeletedModel>("It was marked.")
        .etag()
        .codes(&[
            Code::Forbidden,
            Code::ReasonInvalid,
            Code::RetentionInvalid,
            Code::ModelAlreadyDeleted,
            Code::ModelArchived,
            Code::ModelInUse,
            Code::ExecutionsActive,
        ])
}

pub(super) fn list_deleted() -> Description {
    Description::new(TAG, "List deleted models")
        .text("Those that the caller may restore.")
        .query::<Days>("olderThanDays", "Deleted more than so many days ago.")
        .query::<UserId>("deletedBy", "Deleted by this user.")
        .query::<bool>("purgeable", "Only those whose retention is over.")
        .page::<FunctionModel>("The latest deletion first.")
        .on_request(INSIDE)
}

pub(super) fn recovery_eligibility() -> Description {
    Description::new(TAG, "Tell whether a deleted model can be restored")
        .query::<Days>(
            "windowDays",
            "Days after the deletion, 1–90; 30 when absent.",
        )
        .of_model()
        .one::<Eligibility>("Whether it can, and what must be repaired.")
        .codes(&[Code::Forbidden, Code::WindowInvalid, Code::ModelNotDeleted])
}

pub(super) fn restore() -> Description {
    Description::new(TAG, "Restore a deleted model")
        .change()
        .of_model()
        .body::<RestoreFunctionModel>()
        .ok::<Restored>("It was restored.")
        .etag()
        .codes(&[
            Code::Forbidden,
            Code::ReasonInvalid,
            Code::WindowInvalid,
            Code::ModelNameInvalid,
            Code::ModelNotDeleted,
            Code::RecoveryWindowExpired,
            Code::RecoveryRequiresRepair,
            Code::ModelNameTaken,
        ])
}

pub(super) fn purge() -> Description {
    Description::new(TAG, "Remove a deleted model for good")
        .text("For the service alone, once the retention is over.")
        .change()
        .of_model()
        .removed("It was removed.")
        .codes(&[
            Code::Forbidden,
            Code::ModelNotDeleted,
            Code::RetentionNotOver,
        ])
}

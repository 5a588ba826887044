//! Models and their versions.

use domain::business_rules::{RulesReport, ValidateBusinessRules};
use domain::error::Code;
use domain::function_model::FunctionModel;
use domain::function_model::commands::{
    CreateFunctionModel, PublishFunctionModel, UpdateFunctionModel, ValidateWorkflow,
};
use domain::function_model::statistics::Statistics;
use domain::ids::OrganizationId;
use domain::instant::Instant;
use domain::validation::Report;
use domain::vocabulary::ModelStatus;
use schemars::JsonSchema;
use use_cases::function_model::Published;
use use_cases::ports::{Highlights, ModelSort, ModelVersion, SortOrder};

use super::Description;

const TAG: &str = "Function models";
/// Fields of a model that only some answers have.
pub(super) const INSIDE: &[&str] = &["nodes", "actionNodes"];

pub(super) fn create() -> Description {
    Description::new(TAG, "Create a model")
        .text("A draft of version 1.0.0, empty or with the structure of a template.")
        .command()
        .body::<CreateFunctionModel>()
        .created::<FunctionModel>("It was created.")
        .on_request(INSIDE)
        .etag()
        .codes(&[
            Code::Forbidden,
            Code::TemplateNotFound,
            Code::ModelNameTaken,
            Code::ModelNameInvalid,
            Code::DescriptionInvalid,
            Code::MetadataInvalid,
            Code::DocumentTooLarge,
            Code::PermissionsInvalid,
        ])
}

pub(super) fn list() -> Description {
    Description::new(TAG, "List models")
        .query::<ModelStatus>("status", "Only models in this status.")
        .query::<String>("tags", "Only models with all these tags, joined by commas.")
        .query::<Instant>("createdAfter", "Only models created after this instant.")
        .query::<Instant>("createdBefore", "Only models created before this instant.")
        .query::<OrganizationId>("organizationId", "Only models of this organization.")
        .query::<bool>("includeArchived", "Archived models too.")
        .query::<ModelSort>(
            "sortBy",
            "What they are sorted by; `updatedAt` when absent.",
        )
        .query::<SortOrder>("sortOrder", "In which direction; `desc` when absent.")
        .page::<FunctionModel>("The models the caller may see, without what is inside.")
        .on_request(INSIDE)
}

/// A model and its figures.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct ModelWithStatistics {
    /// The model.
    #[schemars(flatten)]
    model: FunctionModel,
    /// Its figures.
    statistics: Statistics,
}

/// A model that was found by words.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct FoundModel {
    /// The model.
    #[schemars(flatten)]
    model: FunctionModel,
    /// Where the words stand.
    highlights: Highlights,
}

pub(super) fn search() -> Description {
    Description::new(TAG, "Search models")
        .text(
            "Every word must begin a word of the name, the description or a tag; quotes join words, \
             a minus sign excludes one. The best come first unless `sortBy` is given.",
        )
        .required::<Words>("query", "The words, 1–200 characters.")
        .query::<ModelStatus>("status", "Only models in this status.")
        .query::<String>("tags", "Only models with all these tags, joined by commas.")
        .query::<Instant>("createdAfter", "Only models created after this instant.")
        .query::<Instant>("createdBefore", "Only models created before this instant.")
        .query::<OrganizationId>("organizationId", "Only models of this organization.")
        .query::<bool>("includeArchived", "Archived models too.")
        .query::<ModelSort>("sortBy", "What they are sorted by; how well they fit when absent.")
        .query::<SortOrder>("sortOrder", "In which direction; `desc` when absent.")
        .page::<FoundModel>("The models, without what is inside.")
        .on_request(INSIDE)
}

/// The words of a search.
#[derive(JsonSchema)]
#[schemars(inline)]
struct Words(
    #[schemars(length(min = 1, max = 200))]
    #[expect(dead_code, reason = "only its schema is used")]
    String,
);

pub(super) fn statistics() -> Description {
    Description::new(TAG, "Read the figures of a model")
        .of_model()
        .one::<Statistics>("The figures.")
        .etag()
}

pub(super) fn validate_business_rules() -> Description {
    Description::new(TAG, "Validate the business rules of a model")
        .of_model()
        .optional_body::<ValidateBusinessRules>()
        .ok::<RulesReport>("What was found.")
        .codes(&[Code::VersionNotFound, Code::ModelDeleted])
}

pub(super) fn read() -> Description {
    Description::new(TAG, "Read a model")
        .of_model()
        .query::<bool>("includeNodes", "Its containers too.")
        .query::<bool>("includeActionNodes", "Its actions too.")
        .query::<bool>("includeStatistics", "Its figures too.")
        .one::<ModelWithStatistics>("The model.")
        .on_request(&["nodes", "actionNodes", "statistics"])
        .etag()
}

pub(super) fn update() -> Description {
    Description::new(TAG, "Change a model")
        .text("An absent field stays as it is; `null` removes an optional one.")
        .of_draft()
        .body::<UpdateFunctionModel>()
        .ok::<FunctionModel>("The model.")
        .on_request(INSIDE)
        .etag()
        .codes(&[
            Code::NothingToChange,
            Code::ModelNameTaken,
            Code::ModelNameInvalid,
            Code::DescriptionInvalid,
            Code::MetadataInvalid,
            Code::DocumentTooLarge,
        ])
}

pub(super) fn validate() -> Description {
    Description::new(TAG, "Validate a model")
        .text("Reports every problem at once. Findings of severity `error`, and critical warnings, forbid publishing.")
        .of_model()
        .optional_body::<ValidateWorkflow>()
        .ok::<Report>("What was found.")
        .codes(&[Code::VersionNotFound, Code::VersionInvalid, Code::ModelDeleted])
}

pub(super) fn publish() -> Description {
    Description::new(TAG, "Publish a model")
        .text("Stores an immutable version and opens the model to runs.")
        .query::<bool>("dryRun", "Make all checks and store nothing.")
        .change()
        .of_model()
        .body::<PublishFunctionModel>()
        .ok::<Published>("It was published.")
        .etag()
        .codes(&[
            Code::Forbidden,
            Code::NotesInvalid,
            Code::VersionInvalid,
            Code::ModelDeleted,
            Code::ModelAlreadyPublished,
            Code::ModelArchived,
            Code::VersionNotGreater,
            Code::VersionIncrementInvalid,
            Code::VersionAlreadyExists,
            Code::WorkflowInvalid,
            Code::NestedModelUnavailable,
            Code::NestingTooDeep,
            Code::NestingCycle,
        ])
}

pub(super) fn versions() -> Description {
    Description::new(TAG, "List the versions of a model")
        .of_model()
        .page::<ModelVersion>("The versions, newest first, without their content.")
        .codes(&[Code::ModelDeleted])
}

pub(super) fn version() -> Description {
    Description::new(TAG, "Read a version of a model")
        .of_model()
        .one::<ModelVersion>("The version with its content.")
        .codes(&[
            Code::VersionNotFound,
            Code::VersionInvalid,
            Code::ModelDeleted,
        ])
}

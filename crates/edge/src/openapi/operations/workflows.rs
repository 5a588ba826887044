//! Workflows of the built-in workflow service.

use domain::built_in_workflow::{CreateWorkflow, UpdateWorkflow};
use domain::error::Code;
use domain::ids::OrganizationId;
use use_cases::ports::Workflow;

use super::Description;

const TAG: &str = "Workflows";

pub(super) fn create() -> Description {
    Description::new(TAG, "Register a workflow")
        .text("An HTTP task that tether actions run.")
        .command()
        .body::<CreateWorkflow>()
        .created::<Workflow>("It was registered.")
        .etag()
        .codes(&[Code::Forbidden, Code::WorkflowConfigurationInvalid])
}

pub(super) fn list() -> Description {
    Description::new(TAG, "List workflows")
        .query::<OrganizationId>("organizationId", "Only workflows of this organization.")
        .page::<Workflow>("The workflows, newest first.")
}

pub(super) fn read() -> Description {
    Description::new(TAG, "Read a workflow")
        .one::<Workflow>("The workflow.")
        .etag()
        .codes(&[Code::WorkflowNotFound])
}

pub(super) fn update() -> Description {
    Description::new(TAG, "Change a workflow")
        .change()
        .body::<UpdateWorkflow>()
        .ok::<Workflow>("The workflow.")
        .etag()
        .codes(&[
            Code::WorkflowNotFound,
            Code::Forbidden,
            Code::NothingToChange,
            Code::WorkflowConfigurationInvalid,
        ])
}

pub(super) fn remove() -> Description {
    Description::new(TAG, "Remove a workflow")
        .change()
        .removed("It was removed.")
        .codes(&[Code::WorkflowNotFound, Code::Forbidden])
}

//! Containers and nesting levels.

use domain::error::Code;
use domain::workflow::fractal::{FractalPlan, PlanFractal, RunLevels};
use domain::workflow::orchestration::{ContainerPlan, OrchestrateContainer};
use use_cases::execution::ContainerProgress;
use use_cases::function_model::SuggestedOrder;

use super::Description;
use crate::routes::orchestration::OptimizeOrder;

const TAG: &str = "Orchestration";

pub(super) fn plan() -> Description {
    Description::new(TAG, "Plan a container")
        .text("How its actions are grouped, what they take and need.")
        .of_model()
        .one::<ContainerPlan>("The groups, in the order they run.")
        .codes(&[Code::NodeNotFound])
}

pub(super) fn optimize() -> Description {
    Description::new(TAG, "Suggest an order of actions")
        .text("By order, then the most urgent first; with `apply` it is saved.")
        .change()
        .of_model()
        .optional_body::<OptimizeOrder>()
        .ok::<SuggestedOrder>("The order, and whether the working copy has it.")
        .etag()
        .codes(&[
            Code::Forbidden,
            Code::NodeNotFound,
            Code::NoActions,
            Code::ModelDeleted,
            Code::ModelPublished,
            Code::ModelArchived,
        ])
}

pub(super) fn fractal() -> Description {
    Description::new(TAG, "Plan a model and all it nests")
        .of_model()
        .optional_body::<PlanFractal>()
        .ok::<FractalPlan>("The models by level.")
        .codes(&[
            Code::Forbidden,
            Code::DepthInvalid,
            Code::ModelDeleted,
            Code::ModelArchived,
            Code::ModelNotPublished,
            Code::NestingTooDeep,
            Code::NestingCycle,
            Code::NestedModelUnavailable,
        ])
}

pub(super) fn levels() -> Description {
    Description::new(TAG, "Read the nesting levels of a run")
        .one::<RunLevels>("The runs by level, with what came out of them.")
        .codes(&[Code::ExecutionNotFound])
}

pub(super) fn node() -> Description {
    Description::new(TAG, "Read a container of a run")
        .one::<ContainerProgress>("How far it is.")
        .codes(&[Code::ExecutionNotFound, Code::NodeNotFound])
}

pub(super) fn run() -> Description {
    Description::new(TAG, "Run a container")
        .text("For the service alone. Waits for its end, 25 seconds at most or as `Prefer: wait` says.")
        .header("Prefer")
        .optional_body::<OrchestrateContainer>()
        .ok::<ContainerProgress>("What became of it.")
        .codes(&[
            Code::Forbidden,
            Code::ExecutionNotFound,
            Code::NodeNotFound,
            Code::ExecutionNotRunning,
            Code::ActionNotInContainer,
            Code::NoActions,
            Code::OrchestrationAlreadyRunning,
        ])
}

//! AI agents, their tasks, and the words of nodes.

use domain::ai_agent::coordination::CoordinateAgents;
use domain::ai_agent::failure::{AgentRecovery, HandleAgentFailure};
use domain::ai_agent::matching::{DiscoverAgents, Matches};
use domain::ai_agent::search::{Hits, SearchAgents};
use domain::ai_agent::task::{
    Capacity, CheckCapacity, DistributeTasks, Distribution, ExecuteAgentTask,
};
use domain::ai_agent::{Agent, ChangeAgent, RegisterAgent};
use domain::error::Code;
use domain::ids::EntityId;
use domain::instant::Instant;
use domain::vocabulary::FeatureType;
use use_cases::ai_agent::Performance;
use use_cases::ports::{AgentTask, Coordination};

use super::Description;
use crate::openapi::description::Share;

const TAG: &str = "AI agents";

const LIMITS: [Code; 6] = [
    Code::AgentNameInvalid,
    Code::DescriptionInvalid,
    Code::AgentInstructionsInvalid,
    Code::AgentToolsInvalid,
    Code::AgentCapabilitiesInvalid,
    Code::DocumentTooLarge,
];
const OF_AGENT: [Code; 2] = [Code::AgentNotFound, Code::Forbidden];

pub(super) fn register() -> Description {
    Description::new(TAG, "Register an agent")
        .text("An AI worker attached to a model or another thing, with that thing's permissions.")
        .command()
        .body::<RegisterAgent>()
        .created::<Agent>("It was registered.")
        .etag()
        .codes(&LIMITS)
        .codes(&[
            Code::FunctionModelNotFound,
            Code::Forbidden,
            Code::ModelDeleted,
            Code::AgentNameTaken,
        ])
}

pub(super) fn list() -> Description {
    Description::new(TAG, "List agents")
        .query::<FeatureType>("feature", "Only agents of this feature.")
        .query::<EntityId>("entityId", "Only agents of this entity.")
        .query::<EntityId>("nodeId", "Only agents of this node.")
        .query::<String>("capability", "Only agents that meet this requirement.")
        .query::<String>("tool", "Only agents with this tool.")
        .query::<String>("name", "Only agents of this very name.")
        .query::<bool>("enabled", "Only enabled, or only disabled ones.")
        .query::<Share>(
            "minSuccessRate",
            "Only agents with at least this success rate, 0–1.",
        )
        .query::<Instant>("executedSince", "Only agents that ended a task since.")
        .page::<Agent>("The agents, newest first.")
}

pub(super) fn read() -> Description {
    Description::new(TAG, "Read an agent")
        .one::<Agent>("The agent.")
        .etag()
        .codes(&[Code::AgentNotFound])
}

pub(super) fn change() -> Description {
    Description::new(TAG, "Change an agent")
        .change()
        .body::<ChangeAgent>()
        .ok::<Agent>("The agent.")
        .etag()
        .codes(&OF_AGENT)
        .codes(&LIMITS)
        .codes(&[Code::NothingToChange, Code::AgentNameTaken])
}

pub(super) fn enable() -> Description {
    Description::new(TAG, "Enable an agent")
        .change()
        .ok::<Agent>("The agent.")
        .etag()
        .codes(&OF_AGENT)
        .codes(&[Code::AgentAlreadyEnabled, Code::AgentNameTaken])
}

pub(super) fn disable() -> Description {
    Description::new(TAG, "Disable an agent")
        .change()
        .ok::<Agent>("The agent.")
        .etag()
        .codes(&OF_AGENT)
        .codes(&[Code::AgentAlreadyDisabled])
}

pub(super) fn remove() -> Description {
    Description::new(TAG, "Remove an agent")
        .change()
        .removed("It was removed.")
        .codes(&OF_AGENT)
        .codes(&[Code::ExecutionsActive])
}

pub(super) fn performance() -> Description {
    Description::new(TAG, "Read an agent's performance")
        .one::<Performance>("How it has done.")
        .codes(&[Code::AgentNotFound])
}

pub(super) fn discover() -> Description {
    Description::new(TAG, "Discover agents by capability")
        .body::<DiscoverAgents>()
        .ok::<Matches>("The agents that suit, best first.")
        .codes(&[Code::CriteriaInvalid])
}

pub(super) fn search() -> Description {
    Description::new(TAG, "Search agents in words")
        .body::<SearchAgents>()
        .ok::<Hits>("The agents that answer the question, best first.")
        .codes(&[Code::SearchQueryInvalid])
}

pub(super) fn check_capacity() -> Description {
    Description::new(TAG, "Ask whether an agent could take more tasks")
        .body::<CheckCapacity>()
        .ok::<Capacity>("Whether it could.")
        .codes(&[Code::AgentNotFound, Code::TaskParametersInvalid])
}

pub(super) fn handle_failure() -> Description {
    Description::new(TAG, "Report that an agent failed")
        .text("Retries, restarts or disables it, as the reason or `recoveryAction` says.")
        .change()
        .body::<HandleAgentFailure>()
        .ok::<AgentRecovery>("What was done.")
        .codes(&OF_AGENT)
        .codes(&[
            Code::TaskNotFound,
            Code::ReasonInvalid,
            Code::AgentNameTaken,
            Code::AgentDisabled,
            Code::AgentAtCapacity,
        ])
}

pub(super) fn execute_task() -> Description {
    Description::new(TAG, "Have an agent do a task")
        .text("Waits up to 25 seconds for the end, or as long as `Prefer: wait=<seconds>` says. A failed task is an answer, not a refusal.")
        .command()
        .header("Prefer")
        .body::<ExecuteAgentTask>()
        .ok::<AgentTask>("It has ended.")
        .accepted::<AgentTask>("It is under way, or waits.")
        .codes(&OF_AGENT)
        .codes(&[
            Code::TaskParametersInvalid,
            Code::DocumentTooLarge,
            Code::AgentDisabled,
            Code::AgentNotCapable,
            Code::NoAgentFound,
            Code::AgentAtCapacity,
        ])
}

pub(super) fn read_task() -> Description {
    Description::new(TAG, "Read a task")
        .one::<AgentTask>("The task.")
        .codes(&[Code::TaskNotFound])
}

pub(super) fn distribute() -> Description {
    Description::new(TAG, "Share tasks out among agents")
        .body::<DistributeTasks>()
        .ok::<Distribution>("Who does which.")
        .codes(&[
            Code::TaskParametersInvalid,
            Code::CriteriaInvalid,
            Code::NoAgentFound,
        ])
}

pub(super) fn coordinate() -> Description {
    Description::new(TAG, "Have several agents work together")
        .text("Waits like a single task.")
        .command()
        .header("Prefer")
        .body::<CoordinateAgents>()
        .ok::<Coordination>("It has ended.")
        .accepted::<Coordination>("It is under way.")
        .codes(&OF_AGENT)
        .codes(&[
            Code::CoordinationInvalid,
            Code::TaskParametersInvalid,
            Code::DocumentTooLarge,
            Code::AgentDisabled,
            Code::AgentNotCapable,
        ])
}

pub(super) fn read_workflow() -> Description {
    Description::new(TAG, "Read a coordination")
        .one::<Coordination>("The coordination.")
        .codes(&[Code::TaskNotFound])
}

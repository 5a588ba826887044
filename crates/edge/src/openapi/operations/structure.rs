//! Containers, dependencies and actions.

use domain::error::Code;
use domain::function_model::commands::{
    ActionNodePatch, ActionOrder, AddActionNode, AddContainerNode, ContainerNodePatch,
};
use domain::function_model::{ActionNode, ContainerNode};
use domain::ids::NodeId;
use domain::vocabulary::{ActionNodeType, ActionStatus, ContainerNodeType, NodeStatus};
use domain::workflow::analysis::{DependencyAnalysis, DependencyCheck, Direction, Reach};
use use_cases::function_model::Dependencies;

use super::Description;
use crate::routes::dependencies::AddDependency;

const NODES: &str = "Containers";
const ACTIONS: &str = "Actions";

pub(super) const NODE_VALUES: &[Code] = &[
    Code::NodeNameInvalid,
    Code::PositionInvalid,
    Code::NodeConfigurationInvalid,
    Code::TimeoutInvalid,
    Code::RetryPolicyInvalid,
    Code::DescriptionInvalid,
    Code::MetadataInvalid,
    Code::DocumentTooLarge,
];
pub(super) const ACTION_VALUES: &[Code] = &[
    Code::ActionNameInvalid,
    Code::ActionConfigurationInvalid,
    Code::ExecutionOrderInvalid,
    Code::ExecutionOrderTaken,
    Code::PriorityInvalid,
    Code::EstimatedDurationInvalid,
    Code::RetryPolicyInvalid,
    Code::RaciInvalid,
    Code::DescriptionInvalid,
    Code::MetadataInvalid,
    Code::DocumentTooLarge,
    Code::NestedModelUnavailable,
    Code::NestingCycle,
    Code::NestingTooDeep,
];

pub(super) fn add_node() -> Description {
    Description::new(NODES, "Add a container")
        .of_draft()
        .body::<AddContainerNode>()
        .created::<ContainerNode>("It was added.")
        .etag()
        .codes(NODE_VALUES)
        .codes(&[Code::NodeAlreadyExists, Code::ModelTooLarge])
}

pub(super) fn nodes() -> Description {
    Description::new(NODES, "List the containers of a model")
        .of_model()
        .query::<ContainerNodeType>("nodeType", "Only containers of this type.")
        .query::<NodeStatus>("status", "Only containers in this status.")
        .list::<ContainerNode>("The containers.")
        .etag()
}

pub(super) fn node() -> Description {
    Description::new(NODES, "Read a container")
        .of_model()
        .one::<ContainerNode>("The container.")
        .etag()
        .codes(&[Code::NodeNotFound])
}

pub(super) fn change_node() -> Description {
    Description::new(NODES, "Change a container")
        .text("An absent field stays as it is; `null` removes an optional one.")
        .of_draft()
        .body::<ContainerNodePatch>()
        .ok::<ContainerNode>("The container.")
        .etag()
        .codes(NODE_VALUES)
        .codes(&[
            Code::NodeNotFound,
            Code::NothingToChange,
            Code::StatusTransitionInvalid,
        ])
}

pub(super) fn remove_node() -> Description {
    Description::new(NODES, "Remove a container with its actions")
        .of_draft()
        .removed("It was removed.")
        .etag()
        .codes(&[Code::NodeNotFound, Code::NodeHasDependents])
}

pub(super) fn add_dependency() -> Description {
    Description::new(NODES, "Let a container wait for another")
        .of_draft()
        .body::<AddDependency>()
        .created::<Dependencies>("It waits.")
        .etag()
        .codes(&[
            Code::NodeNotFound,
            Code::SelfDependency,
            Code::DependencyAlreadyExists,
            Code::InputHasDependencies,
            Code::CircularDependency,
            Code::ModelTooLarge,
        ])
}

pub(super) fn analyse_dependencies() -> Description {
    Description::new(NODES, "Analyse the dependencies of a model")
        .of_model()
        .one::<DependencyAnalysis>("Order, levels, longest chain, circles and warnings.")
}

pub(super) fn follow_dependencies() -> Description {
    Description::new(NODES, "Follow the dependencies of a container")
        .of_model()
        .required::<Direction>("direction", "Which way.")
        .one::<Reach>("Everything there, directly or not.")
        .codes(&[Code::NodeNotFound])
}

pub(super) fn check_dependency() -> Description {
    Description::new(NODES, "Try a dependency without adding it")
        .of_model()
        .body::<AddDependency>()
        .ok::<DependencyCheck>("Whether it could be added.")
        .codes(&[Code::NodeNotFound])
}

pub(super) fn reorder_actions() -> Description {
    let mut description = Description::new(ACTIONS, "Put the actions of a container in order")
        .of_draft()
        .body::<ActionOrder>()
        .list::<ActionNode>("The actions in their new order.")
        .etag()
        .codes(&[
            Code::NodeNotFound,
            Code::ActionOrderIncomplete,
            Code::NothingToChange,
        ]);
    description.query.clear();
    description
}

pub(super) fn remove_dependency() -> Description {
    Description::new(NODES, "Let a container wait no longer for another")
        .of_draft()
        .removed("It waits no longer.")
        .etag()
        .codes(&[Code::NodeNotFound, Code::DependencyNotFound])
}

pub(super) fn add_action() -> Description {
    Description::new(ACTIONS, "Add an action")
        .of_draft()
        .body::<AddActionNode>()
        .created::<ActionNode>("It was added.")
        .etag()
        .codes(ACTION_VALUES)
        .codes(&[
            Code::NodeNotFound,
            Code::ParentNotAStage,
            Code::ActionAlreadyExists,
            Code::ModelTooLarge,
        ])
}

pub(super) fn actions() -> Description {
    Description::new(ACTIONS, "List the actions of a model")
        .of_model()
        .query::<NodeId>("parentNodeId", "Only actions of this container.")
        .query::<ActionNodeType>("actionType", "Only actions of this type.")
        .query::<ActionStatus>("status", "Only actions in this status.")
        .list::<ActionNode>("The actions, by container and order.")
        .etag()
}

pub(super) fn action() -> Description {
    Description::new(ACTIONS, "Read an action")
        .of_model()
        .one::<ActionNode>("The action.")
        .etag()
        .codes(&[Code::ActionNotFound])
}

pub(super) fn change_action() -> Description {
    Description::new(ACTIONS, "Change an action")
        .text("An absent field stays as it is; `null` removes an optional one.")
        .of_draft()
        .body::<ActionNodePatch>()
        .ok::<ActionNode>("The action.")
        .etag()
        .codes(ACTION_VALUES)
        .codes(&[
            Code::ActionNotFound,
            Code::NothingToChange,
            Code::StatusTransitionInvalid,
        ])
}

pub(super) fn remove_action() -> Description {
    Description::new(ACTIONS, "Remove an action")
        .of_draft()
        .removed("It was removed.")
        .etag()
        .codes(&[Code::ActionNotFound])
}

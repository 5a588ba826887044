//! UC-005: starts a run of the published version of a model.

use domain::error::{Code, DomainError};
use domain::execution::{self, ExecuteFunctionModel, Progress, Start};
use domain::function_model::{Act, ActionKind};
use domain::ids::{ExecutionId, ModelId, NodeId};
use domain::instant::Instant;
use domain::vocabulary::{ExecutionStatus, ModelStatus};
use domain::workflow::estimate::{Estimate, estimate};
use domain::workflow::plan::Plan;
use serde::{Deserialize, Serialize};

use super::{access, nesting};
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{
    Claim, Clock, Execution, Executions, Extent, FoundModel, Ids, NewExecution, PortError,
    PortErrorKind, Ports, VersionRef, Worker,
};
use crate::writing::{Saved, answer_to_keep, answered_before, done};

/// What came of asking for a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Execute {
    /// It is stored, and its first steps are in the worker's hands.
    Started {
        /// The run as it was asked for, not yet begun.
        execution: Box<Saved<Execution>>,
        /// Work for the worker that was named.
        claims: Vec<Claim>,
    },
    /// It could start; nothing was stored.
    Rehearsed(Box<DryRun>),
}

/// What a run would do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct DryRun {
    /// Always `completed`.
    pub status: ExecutionStatus,
    /// Always true.
    pub dry_run: bool,
    /// The containers; each comes after those it waits for.
    pub execution_order: Vec<NodeId>,
    /// The containers by level; those of one level can run at the same time.
    pub levels: Vec<Vec<NodeId>>,
    /// The steps.
    pub plan: Plan,
    /// How long it would take.
    pub estimate: Estimate,
}

/// The worker that takes the first steps, and how many.
#[derive(Clone, Copy, Debug)]
pub struct Hands<'a> {
    /// The worker.
    pub worker: &'a Worker,
    /// How many steps at most.
    pub want: u32,
}

/// Starts a run, or says what it would do.
///
/// # Errors
/// Those of access; the value limits of a start, its time among them; `MODEL_DELETED`, `MODEL_ARCHIVED`,
/// `MODEL_NOT_PUBLISHED`; `NODE_INACTIVE`; `EXECUTION_CONTEXT_INVALID` with missing parameters;
/// `NESTING_TOO_DEEP`, `NESTING_CYCLE`, `NESTED_MODEL_UNAVAILABLE`; `Replayed` for a repetition.
pub async fn execute(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    command: &ExecuteFunctionModel,
    hands: Option<Hands<'_>>,
    render: impl Fn(&Saved<Execution>) -> StoredAnswer,
) -> Result<Execute, UseCaseError> {
    answered_before(ports, context).await?;
    let found = access::load(ports, context, model_id, Extent::Header, Act::Execute).await?;
    let start = execution::check_values(command, ports.clock().instant())?;
    let version = runnable(&found)?;
    let Some(plan) = ports.executions().plan(version.version_id).await? else {
        let detail = format!("version {} has no plan", version.version_id);
        let corrupt = PortError::new(PortErrorKind::Corrupt, "executions.plan", detail);
        return Err(corrupt.into());
    };
    execution::check_start(&plan, &start)?;
    let max_depth = start.max_depth.min(plan.max_depth);
    check_nested(ports, context, model_id, &plan, max_depth).await?;
    if start.dry_run {
        return Ok(Execute::Rehearsed(Box::new(rehearse(&plan))));
    }
    let new = new_execution(ports, model_id, version, start, max_depth);
    let execution = Saved {
        value: expected(
            context,
            &found,
            version,
            &plan,
            &new,
            ports.clock().instant(),
        ),
        revision: 1,
    };
    let answer = answer_to_keep(context, &execution, render);
    let (worker, want) = hands.map_or((None, 0), |hands| (Some(hands.worker), hands.want));
    let new = [new];
    let started = ports
        .executions()
        .start(context, &new, answer, worker, want);
    let claims = done(started.await.map_err(refusal)?)?.claims;
    let execution = Box::new(execution);
    Ok(Execute::Started { execution, claims })
}

/// The version that runs.
pub(crate) fn runnable(found: &FoundModel) -> Result<&VersionRef, DomainError> {
    found.model.guard_not_deleted()?;
    if found.model.status == ModelStatus::Archived {
        return Err(found.model.archived());
    }
    found.published.as_ref().ok_or_else(|| {
        let message = "The model has never been published.";
        DomainError::new(Code::ModelNotPublished, message).with("from", found.model.status.as_str())
    })
}

async fn check_nested(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    plan: &Plan,
    limit: u32,
) -> Result<(), UseCaseError> {
    let mut children = Vec::new();
    for (_, action) in plan.actions() {
        if let ActionKind::Nested(nested) = action.kind()? {
            children.push(nested.nested_model_id);
        }
    }
    let readiness = nesting::Readiness::Published;
    let known = nesting::gather(ports, context, &children, readiness).await?;
    Ok(known.check(model_id, &children, limit)?)
}

fn rehearse(plan: &Plan) -> DryRun {
    let mut levels: Vec<Vec<NodeId>> = Vec::new();
    for container in &plan.containers {
        let level = container.level as usize;
        levels.resize(levels.len().max(level + 1), Vec::new());
        levels[level].push(container.node_id);
    }
    DryRun {
        status: ExecutionStatus::Completed,
        dry_run: true,
        execution_order: plan.containers.iter().map(|c| c.node_id).collect(),
        levels,
        plan: plan.clone(),
        estimate: estimate(plan),
    }
}

fn new_execution(
    ports: &impl Ports,
    model_id: ModelId,
    version: &VersionRef,
    start: Start,
    max_depth: u32,
) -> NewExecution {
    let session = || format!("exec-session-{}", ports.ids().new_id());
    NewExecution {
        execution_id: ExecutionId::from_uuid(ports.ids().new_id()),
        model_id,
        version_id: version.version_id,
        environment: start.environment,
        parameters: start.parameters,
        session_id: start.session_id.unwrap_or_else(session),
        mode: start.mode,
        priority: start.priority,
        max_depth,
        approved_actions: start.approved_actions,
        start_at: start.start_at,
        timeout_seconds: start.timeout_seconds.map(u64::from),
        recovery: start.recovery,
    }
}

/// The run as it is going to be stored; known before, so that the same answer can be given again.
fn expected(
    context: &Context,
    found: &FoundModel,
    version: &VersionRef,
    plan: &Plan,
    new: &NewExecution,
    now: Instant,
) -> Execution {
    let total = u32::try_from(plan.containers.len()).unwrap_or(u32::MAX);
    Execution {
        execution_id: new.execution_id,
        model_id: new.model_id,
        version_id: new.version_id,
        version_number: version.version_number.clone(),
        organization_id: found.model.organization_id,
        status: ExecutionStatus::Pending,
        environment: new.environment,
        parameters: new.parameters.clone(),
        session_id: new.session_id.clone(),
        mode: new.mode,
        priority: new.priority,
        max_depth: new.max_depth,
        approved_actions: new.approved_actions.clone(),
        start_at: new.start_at,
        deadline: new.deadline(now),
        progress: Progress::of(total, 0, 0, 0, ExecutionStatus::Pending),
        outputs: None,
        errors: Vec::new(),
        parent_execution_id: None,
        parent_step: None,
        schedule_id: None,
        scheduled_for: None,
        depth: 0,
        started_by: context.actor.user_id,
        created_at: now,
        started_at: None,
        completed_at: None,
        revision: 1,
    }
}

/// The database judges the caller once more; what it refuses was withdrawn a moment ago.
fn refusal(error: PortError) -> UseCaseError {
    match error.kind {
        PortErrorKind::Forbidden => access::forbidden(Act::Execute),
        PortErrorKind::NotFound => UseCaseError::NotFound(Code::FunctionModelNotFound),
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use domain::vocabulary::{Environment, NodeStatus};
    use serde_json::json;

    use super::*;
    use crate::function_model::{add_action_node, change_container_node};
    use crate::in_memory::{World, nth_id};
    use crate::ports::PageRequest;
    use crate::testing::{Draft, alice, bob, nests, object, refusal, rendered, with_key};

    fn attempt(
        world: &World,
        context: &Context,
        draft: &Draft,
        command: &ExecuteFunctionModel,
    ) -> Result<Execute, UseCaseError> {
        let worker = Worker {
            lease_token: nth_id(1),
            name: "here".into(),
            held: None,
        };
        let hands = Some(Hands {
            worker: &worker,
            want: 4,
        });
        world.run(execute(
            world,
            context,
            draft.model_id,
            command,
            hands,
            rendered,
        ))
    }

    fn started(result: Result<Execute, UseCaseError>) -> (Execution, Vec<Claim>) {
        match result.unwrap() {
            Execute::Started { execution, claims } => (execution.value, claims),
            Execute::Rehearsed(_) => panic!("rehearsed"),
        }
    }

    fn plain() -> ExecuteFunctionModel {
        ExecuteFunctionModel::default()
    }

    #[test]
    fn a_run_starts_and_the_worker_has_its_first_step() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let version_id = draft.publish(&world, "1.0.1");
        let command = ExecuteFunctionModel {
            parameters: Some(object(json!({"order": 7}))),
            timeout_seconds: Some(60),
            ..plain()
        };
        let (run, claims) = started(attempt(&world, &alice(), &draft, &command));
        assert_eq!(
            (run.version_id, run.status),
            (version_id, ExecutionStatus::Pending)
        );
        assert_eq!(run.environment, Environment::Production);
        assert!(run.session_id.starts_with("exec-session-"));
        assert_eq!(claims.len(), 1);
        assert_eq!(claims[0].execution_id, run.execution_id);
        let stored = world.run(world.executions().find(&alice(), run.execution_id));
        let stored = stored.unwrap().unwrap();
        assert_eq!(stored.status, ExecutionStatus::Running);
        assert_eq!(
            (stored.deadline, &stored.parameters),
            (run.deadline, &run.parameters)
        );
    }

    #[test]
    fn a_run_of_a_later_time_starts_then() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        draft.publish(&world, "1.0.1");
        let start_at = world.clock().instant().plus_millis(60_000);
        let command = ExecuteFunctionModel {
            start_at: Some(start_at),
            timeout_seconds: Some(60),
            ..plain()
        };
        let (run, claims) = started(attempt(&world, &alice(), &draft, &command));
        assert!(claims.is_empty());
        assert_eq!(run.deadline, Some(start_at.plus_millis(60_000)));
        let worker = Worker {
            lease_token: nth_id(1),
            name: "here".into(),
            held: None,
        };
        let ask = || {
            world
                .run(world.executions().exchange(&worker, &[], 4))
                .unwrap()
        };
        let early = ask();
        assert_eq!((early.claims.len(), early.next_due_ms), (0, Some(60_000)));
        world.clock().advance(60_000);
        assert_eq!(ask().claims.len(), 1);
        let passed = attempt(&world, &alice(), &draft, &command).unwrap_err();
        assert_eq!(refusal(passed), Code::StartTimeInvalid);
    }

    #[test]
    fn a_repetition_starts_nothing() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        draft.publish(&world, "1.0.1");
        let keyed = with_key(alice(), "k", "h");
        let first = attempt(&world, &keyed, &draft, &plain()).unwrap();
        let Execute::Started { execution, .. } = first else {
            panic!("rehearsed");
        };
        let again = attempt(&world, &keyed, &draft, &plain()).unwrap_err();
        assert_eq!(again, UseCaseError::Replayed(rendered(&execution)));
    }

    #[test]
    fn only_what_is_published_runs_and_only_for_those_who_may() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let code = |result: Result<Execute, _>| refusal(result.unwrap_err());
        let never = attempt(&world, &alice(), &draft, &plain());
        assert_eq!(code(never), Code::ModelNotPublished);
        draft.publish(&world, "1.0.1");
        world.let_view(draft.model_id, &bob());
        let required = "execute".to_owned();
        let viewer = attempt(&world, &bob(), &draft, &plain()).unwrap_err();
        assert_eq!(viewer, UseCaseError::Forbidden { required });
        world.arrange(draft.model_id, |model| model.status = ModelStatus::Archived);
        assert_eq!(
            code(attempt(&world, &alice(), &draft, &plain())),
            Code::ModelArchived
        );
        world.delete(draft.model_id);
        assert_eq!(
            code(attempt(&world, &alice(), &draft, &plain())),
            Code::ModelDeleted
        );
    }

    #[test]
    fn values_are_checked_before_the_state() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let command = ExecuteFunctionModel {
            max_depth: Some(11),
            ..plain()
        };
        let error = attempt(&world, &alice(), &draft, &command).unwrap_err();
        assert_eq!(refusal(error), Code::DepthInvalid);
    }

    #[test]
    fn a_dry_run_shows_the_plan_and_stores_nothing() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        draft.publish(&world, "1.0.1");
        let command = ExecuteFunctionModel {
            dry_run: true,
            ..plain()
        };
        let Execute::Rehearsed(dry) = attempt(&world, &alice(), &draft, &command).unwrap() else {
            panic!("started");
        };
        assert_eq!(
            dry.execution_order,
            [draft.input, draft.stage, draft.output]
        );
        assert_eq!(dry.levels, [[draft.input], [draft.stage], [draft.output]]);
        assert_eq!(dry.plan.actions().count(), 2);
        assert_eq!(dry.estimate.level_minutes, [0.0, 2.0, 0.0]);
        let (who, request) = (alice(), PageRequest::default());
        let runs = world
            .executions()
            .list(&who, draft.model_id, None, &request);
        assert!(world.run(runs).unwrap().items.is_empty());
    }

    #[test]
    fn a_stage_out_of_service_refuses_the_start() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        for status in [NodeStatus::Active, NodeStatus::Inactive] {
            let changes = domain::function_model::commands::ContainerNodePatch {
                status: Some(status),
                ..Default::default()
            };
            let (who, id) = (alice(), draft.model_id);
            let changed = change_container_node(&world, &who, id, draft.stage, changes, rendered);
            world.run(changed).unwrap();
        }
        draft.publish(&world, "1.0.1");
        let error = attempt(&world, &alice(), &draft, &plain()).unwrap_err();
        assert_eq!(refusal(error), Code::NodeInactive);
    }

    #[test]
    fn nested_models_must_be_ready_too() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let child = Draft::named(&world, "Child");
        let (who, id) = (alice(), draft.model_id);
        let add = nests(draft.stage, child.model_id);
        world
            .run(add_action_node(&world, &who, id, add, rendered))
            .unwrap();
        child.publish(&world, "1.0.1");
        draft.publish(&world, "1.0.1");
        attempt(&world, &alice(), &draft, &plain()).unwrap();
        world.arrange(child.model_id, |model| model.status = ModelStatus::Archived);
        let error = attempt(&world, &alice(), &draft, &plain()).unwrap_err();
        assert_eq!(refusal(error), Code::NestedModelUnavailable);
    }

    #[test]
    fn rights_withdrawn_meanwhile_and_lost_plans_are_told() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        draft.publish(&world, "1.0.1");
        let fail = |operation, kind| {
            world.faults().fail_next(operation, kind);
            attempt(&world, &alice(), &draft, &plain()).unwrap_err()
        };
        let forbidden = fail("executions.start", PortErrorKind::Forbidden);
        let required = "execute".to_owned();
        assert_eq!(forbidden, UseCaseError::Forbidden { required });
        let missing = fail("executions.start", PortErrorKind::NotFound);
        assert_eq!(missing, UseCaseError::NotFound(Code::FunctionModelNotFound));
        let corrupt = fail("executions.plan", PortErrorKind::Corrupt);
        assert!(matches!(corrupt, UseCaseError::Internal(_)));
    }
}

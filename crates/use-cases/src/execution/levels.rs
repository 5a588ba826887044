//! UC-013: how the nesting levels of a run stand.

use domain::ids::ExecutionId;
use domain::workflow::fractal::{LevelRun, RunLevel, RunLevels, status_of};

use super::access;
use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{Execution, Executions, Ports};

/// The run and those nested in it, level by level.
///
/// # Errors
/// `EXECUTION_NOT_FOUND` when the run is missing or hidden.
pub async fn levels(
    ports: &impl Ports,
    context: &Context,
    execution_id: ExecutionId,
) -> Result<RunLevels, UseCaseError> {
    let mut runs = vec![access::view(ports, context, execution_id).await?];
    let mut levels = Vec::new();
    while !runs.is_empty() {
        let ids: Vec<ExecutionId> = runs.iter().map(|run| run.execution_id).collect();
        let runs_of_level: Vec<LevelRun> = runs.into_iter().map(level_run).collect();
        levels.push(RunLevel {
            level: levels.len(),
            status: status_of(&runs_of_level),
            runs: runs_of_level,
        });
        runs = ports.executions().nested(context, &ids).await?;
    }
    Ok(RunLevels { levels })
}

fn level_run(run: Execution) -> LevelRun {
    LevelRun {
        execution_id: run.execution_id,
        model_id: run.model_id,
        version_number: run.version_number,
        parent_execution_id: run.parent_execution_id,
        status: run.status,
        outputs: run.outputs,
    }
}

#[cfg(test)]
mod tests {
    use domain::error::Code;
    use domain::vocabulary::ExecutionStatus;
    use serde_json::json;

    use super::*;
    use crate::in_memory::World;
    use crate::ports::OutcomeKind;
    use crate::testing::{Draft, Run, alice, bob};

    #[test]
    fn nested_runs_are_a_level_below() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let mut run = Run::pending(&world, &draft);
        run.claim(&world);
        let child = Box::new(run.child(&world));
        let nested = child.execution_id;
        run.report(&world, OutcomeKind::Child { child });
        let look = |who: &Context| world.run(levels(&world, who, run.execution_id));
        let found = look(&alice()).unwrap().levels;
        assert_eq!(found.len(), 2);
        assert_eq!(found[1].runs[0].execution_id, nested);
        assert_eq!(found[1].runs[0].parent_execution_id, Some(run.execution_id));
        assert_eq!(found[1].status, ExecutionStatus::Running);
        let hidden = look(&bob()).unwrap_err();
        assert_eq!(hidden, UseCaseError::NotFound(Code::ExecutionNotFound));
        assert!(found[0].runs[0].outputs.is_none());
        assert_eq!(json!(found[0].status), "running");
    }
}

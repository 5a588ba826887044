//! UC-013: says which models a run would reach, level by level.

use domain::error::Code;
use domain::function_model::Act;
use domain::ids::ModelId;
use domain::sorted;
use domain::workflow::estimate::estimate;
use domain::workflow::fractal::{
    FractalLevel, FractalModel, FractalPlan, Nesting, PlanFractal, missing_parameters, nestings,
};

use super::execute::runnable;
use super::{access, nesting};
use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{Executions, Extent, FunctionModels, Ports, VersionRef};

/// Follows the published version of a model into the models it nests.
///
/// # Errors
/// Those of access; `DEPTH_INVALID`; `MODEL_NOT_PUBLISHED` and its kin; `NESTING_TOO_DEEP`,
/// `NESTING_CYCLE`, `NESTED_MODEL_UNAVAILABLE`.
pub async fn fractal_plan(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    command: &PlanFractal,
) -> Result<FractalPlan, UseCaseError> {
    let found = access::load(ports, context, model_id, Extent::Header, Act::Execute).await?;
    let limit = command.depth()?;
    let version = runnable(&found)?.clone();
    let plan = plan_of(ports, &version).await?;
    let mut open = nestings(&plan)?;
    let children: Vec<ModelId> = open.iter().map(|nesting| nesting.model_id).collect();
    let readiness = nesting::Readiness::Published;
    let known = nesting::gather(ports, context, &children, readiness).await?;
    known.check(model_id, &children, limit.min(plan.max_depth))?;
    let given = command.parameters.clone().unwrap_or_default();
    let mut fractal = FractalPlan {
        levels: vec![FractalLevel {
            level: 0,
            models: vec![FractalModel {
                model_id,
                name: found.model.name.as_str().to_owned(),
                version_number: version.version_number,
                parent_action_id: None,
                orchestration_mode: None,
            }],
        }],
        total_models: 1,
        depth: 0,
        estimate_minutes: estimate(&plan).duration_minutes,
        warnings: missing_parameters(&plan, &given),
    };
    while !open.is_empty() {
        open = descend(ports, context, &open, &mut fractal).await?;
    }
    Ok(fractal)
}

/// Adds one level; answers what its models nest.
async fn descend(
    ports: &impl Ports,
    context: &Context,
    open: &[Nesting],
    fractal: &mut FractalPlan,
) -> Result<Vec<Nesting>, UseCaseError> {
    let mut ids: Vec<ModelId> = open.iter().map(|nesting| nesting.model_id).collect();
    sorted::sort(&mut ids);
    ids.dedup();
    let models = ports.function_models().nested_models(context, &ids).await?;
    let mut level = FractalLevel {
        level: fractal.levels.len(),
        models: Vec::new(),
    };
    let mut below = Vec::new();
    for id in ids {
        let model = models.get(&id);
        let Some((model, version)) = model.and_then(|m| Some((m, m.published.as_ref()?))) else {
            let code = Code::NestedModelUnavailable;
            let message = "A nested model went away meanwhile.";
            return Err(domain::error::DomainError::new(code, message).into());
        };
        let plan = plan_of(ports, version).await?;
        below.extend(nestings(&plan)?);
        for nesting in open.iter().filter(|nesting| nesting.model_id == id) {
            fractal.warnings.extend(nesting.warning());
            level.models.push(FractalModel {
                model_id: id,
                name: model.name.clone(),
                version_number: version.version_number.clone(),
                parent_action_id: Some(nesting.action_id),
                orchestration_mode: Some(nesting.mode),
            });
        }
    }
    fractal.total_models += level.models.len();
    fractal.depth = level.level;
    fractal.levels.push(level);
    Ok(below)
}

async fn plan_of(
    ports: &impl Ports,
    version: &VersionRef,
) -> Result<std::rc::Rc<domain::workflow::plan::Plan>, UseCaseError> {
    let plan = ports.executions().plan(version.version_id).await?;
    plan.ok_or_else(|| crate::execution::no_plan(version.version_id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function_model::add_action_node;
    use crate::in_memory::World;
    use crate::testing::{Draft, alice, bob, nests, refusal, rendered};

    fn ask(
        world: &World,
        who: &Context,
        model_id: ModelId,
        max_depth: Option<i64>,
    ) -> Result<FractalPlan, UseCaseError> {
        let command = PlanFractal {
            max_depth,
            parameters: None,
        };
        world.run(fractal_plan(world, who, model_id, &command))
    }

    /// `top → middle → leaf`, and `top → leaf`.
    fn tower(world: &World) -> Draft {
        let [top, middle, leaf] = ["Top", "Middle", "Leaf"].map(|name| Draft::named(world, name));
        for (above, below) in [(&middle, &leaf), (&top, &middle), (&top, &leaf)] {
            let (who, add) = (alice(), nests(above.stage, below.model_id));
            let added = add_action_node(world, &who, above.model_id, add, rendered);
            world.run(added).unwrap();
        }
        for draft in [&leaf, &middle, &top] {
            draft.publish(world, "1.0.1");
        }
        top
    }

    #[test]
    fn every_level_is_listed() {
        let world = World::new();
        let top = tower(&world);
        let plan = ask(&world, &alice(), top.model_id, None).unwrap();
        let names = |level: usize| {
            let models = plan.levels[level].models.iter();
            models.map(|m| m.name.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(names(0), ["Top"]);
        assert_eq!(plan.levels[1].models.len(), 2);
        assert_eq!(names(2), ["Leaf"]);
        assert_eq!((plan.total_models, plan.depth), (4, 2));
        assert!(plan.levels[1].models[0].parent_action_id.is_some());
        assert_eq!(plan.estimate_minutes, 22.0);
    }

    #[test]
    fn limits_and_rights_are_kept() {
        let world = World::new();
        let top = tower(&world);
        let code = |depth| refusal(ask(&world, &alice(), top.model_id, Some(depth)).unwrap_err());
        assert_eq!(code(0), Code::DepthInvalid);
        assert_eq!(code(1), Code::NestingTooDeep);
        assert!(ask(&world, &alice(), top.model_id, Some(2)).is_ok());
        let fresh = Draft::named(&world, "Fresh");
        let never = ask(&world, &alice(), fresh.model_id, None).unwrap_err();
        assert_eq!(refusal(never), Code::ModelNotPublished);
        world.let_view(top.model_id, &bob());
        let viewer = ask(&world, &bob(), top.model_id, None).unwrap_err();
        assert!(matches!(viewer, UseCaseError::Forbidden { .. }));
    }
}

//! Which models nest which: cycles, depth, and models that cannot run.

use crate::sorted::{self, SortedMap};

use crate::error::{Code, DomainError};
use crate::function_model::nested_action::MAX_NESTING_DEPTH;
use crate::function_model::{ActionKind, FunctionModel};
use crate::ids::ModelId;

/// What is known about models that are nested, directly or through others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NestedModels {
    models: SortedMap<ModelId, NestedModel>,
}

/// One nested model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NestedModel {
    /// Whether it is published, neither archived nor deleted, and the caller may see it.
    pub is_available: bool,
    /// The models its published snapshot nests.
    pub nests: Vec<ModelId>,
}

impl NestedModels {
    /// Nothing known.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what is known about a model; one that cannot be found is not available.
    pub fn insert(&mut self, model_id: ModelId, model: NestedModel) {
        self.models.insert(model_id, model);
    }

    /// What is known about a model.
    pub fn get(&self, model_id: ModelId) -> Option<&NestedModel> {
        self.models.get(&model_id)
    }

    /// The models named somewhere of which nothing is known yet.
    pub fn unknown(&self, start: &[ModelId]) -> Vec<ModelId> {
        let named = self.models.values().flat_map(|model| &model.nests);
        let mut unknown: Vec<ModelId> = start
            .iter()
            .chain(named)
            .copied()
            .filter(|id| !self.models.contains_key(id))
            .collect();
        sorted::sort(&mut unknown);
        unknown.dedup();
        unknown
    }

    /// Follows the nested models breadth first, with the path that leads to each.
    ///
    /// # Errors
    /// `NESTING_CYCLE` with the path, `NESTED_MODEL_UNAVAILABLE`, `NESTING_TOO_DEEP`.
    pub fn check(&self, top: ModelId, children: &[ModelId], limit: u32) -> Result<(), DomainError> {
        let limit = limit.min(MAX_NESTING_DEPTH) as usize;
        if let Some(path) = self.find_cycle(top, children) {
            return Err(cycle(path));
        }
        // Without cycles the longest path to each model decides; levels are visited in order, a
        // model again whenever it turns up deeper, which the limit bounds.
        let mut level: Vec<ModelId> = children.to_vec();
        let mut depth = 1;
        while !level.is_empty() {
            if depth > limit {
                let message = format!("Models nest at most {limit} deep here.");
                return Err(DomainError::new(Code::NestingTooDeep, message).with("limit", limit));
            }
            sorted::sort(&mut level);
            level.dedup();
            let mut below = Vec::new();
            for id in level {
                match self.models.get(&id) {
                    Some(model) if model.is_available => below.extend(&model.nests),
                    _ => return Err(unavailable(id)),
                }
            }
            level = below;
            depth += 1;
        }
        Ok(())
    }

    /// The path of a model back to itself, if one of those below `top` leads there.
    pub fn find_cycle(&self, top: ModelId, children: &[ModelId]) -> Option<Vec<ModelId>> {
        let mut path = vec![top];
        let mut branches = vec![children.to_vec()];
        let mut finished = crate::sorted::SortedSet::new();
        while let Some(branch) = branches.last_mut() {
            let Some(next) = branch.pop() else {
                branches.pop();
                finished.extend(path.pop());
                continue;
            };
            if let Some(start) = path.iter().position(|id| *id == next) {
                let mut cycle = path.split_off(start);
                cycle.push(next);
                return Some(cycle);
            }
            if finished.contains(&next) {
                continue;
            }
            path.push(next);
            let below = self.models.get(&next).map(|model| model.nests.clone());
            branches.push(below.unwrap_or_default());
        }
        None
    }
}

fn cycle(path: Vec<ModelId>) -> DomainError {
    let path: Vec<String> = path.iter().map(ModelId::to_string).collect();
    let message = format!("A model would nest itself: {}.", path.join(" → "));
    DomainError::new(Code::NestingCycle, message).with("path", path)
}

fn unavailable(model_id: ModelId) -> DomainError {
    let message = "A nested model is not published, or not there.";
    DomainError::new(Code::NestedModelUnavailable, message).with("modelId", model_id.to_string())
}

/// The models that the actions of a model nest, each once, sorted.
pub fn nested_models_of(model: &FunctionModel) -> Vec<ModelId> {
    let mut ids: Vec<ModelId> = model
        .action_nodes
        .values()
        .filter_map(|action| match &action.kind {
            ActionKind::Nested(nested) => Some(nested.nested_model_id),
            _ => None,
        })
        .collect();
    sorted::sort(&mut ids);
    ids.dedup();
    ids
}

/// The smallest nesting limit that a request and the containers of a model state.
pub fn depth_limit(model: &FunctionModel, requested: Option<u32>) -> u32 {
    model
        .action_nodes
        .values()
        .filter_map(|action| match &action.kind {
            ActionKind::Nested(nested) => Some(nested.max_depth()),
            _ => None,
        })
        .chain(requested)
        .min()
        .unwrap_or(MAX_NESTING_DEPTH)
        .min(MAX_NESTING_DEPTH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn id(n: u128) -> ModelId {
        ModelId::from_uuid(Uuid::from_u128(n))
    }

    fn models(edges: &[(u128, &[u128])]) -> NestedModels {
        let mut models = NestedModels::new();
        for (model, nests) in edges {
            let nests = nests.iter().map(|n| id(*n)).collect();
            let model_known = NestedModel {
                is_available: true,
                nests,
            };
            models.insert(id(*model), model_known);
        }
        models
    }

    fn check(edges: &[(u128, &[u128])], limit: u32) -> Option<Code> {
        let result = models(edges).check(id(1), &[id(2)], limit);
        result.err().map(|refusal| refusal.code)
    }

    #[test]
    fn cycles_are_found_with_their_path() {
        assert_eq!(check(&[(2, &[3]), (3, &[1])], 10), Some(Code::NestingCycle));
        assert_eq!(check(&[(2, &[2])], 10), Some(Code::NestingCycle));
        let path = models(&[(2, &[3]), (3, &[2])]).find_cycle(id(1), &[id(2)]);
        assert_eq!(path.unwrap(), [id(2), id(3), id(2)]);
        let own = models(&[]).check(id(1), &[id(1)], 10).unwrap_err();
        assert_eq!(own.data["path"].as_array().map(Vec::len), Some(2));
    }

    #[test]
    fn diamonds_are_no_cycles() {
        assert_eq!(
            check(&[(2, &[3, 4]), (3, &[5]), (4, &[5]), (5, &[])], 3),
            None
        );
    }

    #[test]
    fn depth_and_availability_are_checked() {
        assert_eq!(check(&[(2, &[3]), (3, &[])], 2), None);
        assert_eq!(check(&[(2, &[3]), (3, &[])], 1), Some(Code::NestingTooDeep));
        assert_eq!(check(&[(2, &[3])], 5), Some(Code::NestedModelUnavailable));
        let unknown = models(&[(2, &[3])]).unknown(&[id(2), id(4)]);
        assert_eq!(unknown, [id(3), id(4)]);
        assert!(models(&[(2, &[])]).get(id(2)).is_some());
    }
}

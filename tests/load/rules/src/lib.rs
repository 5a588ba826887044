//! The rules over large models, as a module of their own for the benchmark: the shipped one offers
//! nothing but requests, and must not grow for being measured.

use domain::function_model::FunctionModel;
use domain::function_model::comparison::compare;
use domain::workflow::compile::compile;
use domain::workflow::nesting::NestedModels;
use domain::workflow::ordering::Graph;
use domain::workflow::structure::validate;
use wasm_bindgen::prelude::*;

/// A model, and the same one after some changes.
#[wasm_bindgen]
pub struct Rules {
    model: FunctionModel,
    later: FunctionModel,
}

#[wasm_bindgen]
impl Rules {
    /// Reads both.
    ///
    /// # Errors
    /// When one is no model.
    #[wasm_bindgen(constructor)]
    pub fn new(model: &str, later: &str) -> Result<Rules, JsError> {
        Ok(Self {
            model: serde_json::from_str(model)?,
            later: serde_json::from_str(later)?,
        })
    }

    /// How many findings there are about the structure.
    pub fn validate(&self) -> usize {
        validate(&self.model, &NestedModels::default()).len()
    }

    /// How many steps the plan has.
    ///
    /// # Errors
    /// When there is no plan.
    pub fn plan(&self) -> Result<usize, JsError> {
        Ok(compile(&self.model)?.steps.len())
    }

    /// How many cycles there are.
    pub fn cycles(&self) -> usize {
        Graph::of(&self.model).find_cycles().len()
    }

    /// How many containers differ.
    pub fn compare(&self) -> usize {
        compare(&self.model, &self.later).containers.modified.len()
    }
}

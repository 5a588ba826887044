//! How a model runs: its graph, its plan, its conditions and what its steps see.
//!
//! `ordering` sorts the graph, `compile` makes the `plan` of a version from it, `nesting` follows
//! the models inside. `condition`, `expression`, `mapping` and `transformation` read data.

mod cycles;
pub mod ordering;

pub mod compile;
pub mod nesting;
pub mod plan;

pub mod context;
pub mod failure;

pub mod condition;
pub mod expression;
mod expression_values;
pub mod mapping;
pub mod transformation;

pub use compile::compile;

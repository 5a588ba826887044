//! How a model runs: its graph, its plan, its conditions and what its steps see.
//!
//! `structure` finds what is wrong with the graph, `ordering` sorts it, `nesting` follows the
//! models inside, `compile` makes the `plan` of a version. `condition`, `expression`, `mapping`
//! and `transformation` read data. During a run, `context` says what a step sees, `guard` whether
//! it runs, `handover` what goes down to a nested model and comes up again, `retry` and `failure`
//! what follows a fault.

pub mod analysis;
pub(crate) mod cycles;
pub(crate) mod edges;
pub mod ordering;

pub mod compile;
pub mod nesting;
pub mod orchestration;
pub mod plan;

pub mod condition;
pub mod expression;
mod expression_values;
pub mod mapping;
pub mod transformation;

pub mod context;
pub mod estimate;
pub mod failure;
pub mod fractal;
pub mod guard;
pub mod handover;
pub mod recovery;
pub mod resumption;
pub mod retry;
pub mod structure;
pub mod time_limit;

pub use compile::compile;

#[cfg(test)]
pub(crate) mod tests;

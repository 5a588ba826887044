//! The rules of function models, as pure functions over values.
//!
//! Nothing here reads a clock, makes an identifier, logs or waits: time and identifiers are
//! arguments, answers are values, and a rule that says no is a [`error::DomainError`].
//!
//! To add a command: give it a struct in `function_model::commands`, a rule in
//! `function_model::decide`, the event it raises in `function_model::events`, and what the event
//! does to the model in `function_model::evolve`. To add a check of models, give it a finding in
//! `finding` and look for it in `workflow::structure`, `business_rules` or `validation`.

pub mod error;
pub mod ids;
pub mod instant;
pub mod json;
pub mod limits;
pub mod patch;
#[cfg(feature = "schema")]
mod schema;
pub mod sorted;
pub mod vocabulary;

pub mod function_model;
pub mod workflow;

pub mod action_failure;
pub mod business_rules;
pub mod finding;
pub mod highlight;
pub mod validation;

pub mod execution;
pub mod execution_context;

pub mod ai_agent;
pub mod audit;
pub mod built_in_workflow;
pub mod event_feed;
#[cfg(feature = "schema")]
pub mod event_schema;
pub mod knowledge;
pub mod node_context;
pub mod node_link;
pub mod node_metadata;
pub mod organization;
pub mod schedule;
pub mod secret;
pub mod upcast;
pub mod verification;

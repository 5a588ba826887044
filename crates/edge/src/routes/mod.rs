//! One file for each kind of thing: decode, call one use case, encode.

pub(crate) mod actions;
pub(crate) mod dependencies;
pub(crate) mod events;
pub(crate) mod executions;
pub(crate) mod function_models;
pub(crate) mod health;
pub(crate) mod knowledge_contents;
pub(crate) mod nodes;
pub(crate) mod organizations;
pub(crate) mod versions;
pub(crate) mod workflows;

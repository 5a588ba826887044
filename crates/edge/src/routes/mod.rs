//! One file for each kind of thing: decode, call one use case, encode.

pub(crate) mod actions;
pub(crate) mod agent_tasks;
pub(crate) mod ai_agents;
pub(crate) mod audit;
pub(crate) mod contexts;
pub(crate) mod dependencies;
pub(crate) mod description;
pub(crate) mod event_subscriptions;
pub(crate) mod events;
pub(crate) mod execution_actions;
pub(crate) mod executions;
pub(crate) mod function_models;
pub(crate) mod health;
pub(crate) mod knowledge_contents;
pub(crate) mod lifecycle;
pub(crate) mod node_links;
pub(crate) mod node_metadata;
pub(crate) mod nodes;
pub(crate) mod orchestration;
pub(crate) mod organizations;
pub(crate) mod schedules;
pub(crate) mod secrets;
pub(crate) mod structure;
pub(crate) mod verification;
pub(crate) mod versions;
pub(crate) mod workflows;

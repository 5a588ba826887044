//! The collections over PostgREST, one file each, named like their ports.
//!
//! `client` is the way there, `command` what every change travels in, `table` reads rows, `query`
//! writes what needs care in a query. To add a collection: a file with the table's columns and
//! the port's methods; rows arrive under their wire names, so most ports' types are read as is.

pub mod client;
mod command;
mod query;
mod table;

mod agent_tasks;
mod aggregates;
mod ai_agents;
mod audit_logs;
mod contexts;
mod described_nodes;
mod event_feed;
mod event_log;
mod executions;
mod function_models;
mod idempotent_answers;
mod knowledge_contents;
mod model_versions;
mod nested_models;
mod node_links;
mod organizations;
mod parts;
mod plans;
mod schedules;
mod secrets;
mod workflows;

pub use agent_tasks::PostgrestAgentTasks;
pub use aggregates::PostgrestAggregates;
pub use ai_agents::PostgrestAiAgents;
pub use audit_logs::PostgrestAuditLogs;
pub use client::{Client, Session};
pub use contexts::PostgrestContexts;
pub use described_nodes::PostgrestDescribedNodes;
pub use event_feed::PostgrestEventFeed;
pub use event_log::PostgrestEventLog;
pub use executions::PostgrestExecutions;
pub use function_models::PostgrestFunctionModels;
pub use idempotent_answers::PostgrestIdempotentAnswers;
pub use knowledge_contents::PostgrestKnowledgeContents;
pub use model_versions::PostgrestModelVersions;
pub use node_links::PostgrestNodeLinks;
pub use organizations::PostgrestOrganizations;
pub use plans::Plans;
pub use schedules::PostgrestSchedules;
pub use secrets::PostgrestSecrets;
pub(crate) use secrets::sealed as sealed_secrets;
pub use workflows::PostgrestWorkflows;

#[cfg(test)]
pub(crate) mod script;

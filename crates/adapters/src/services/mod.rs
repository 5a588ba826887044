//! The services that runs call. The providers here are built in: they need no other product.

mod agent_service;
mod answer;
mod knowledge_base;
mod secrets;
mod spindle;

pub use agent_service::ChatCompletions;
pub use knowledge_base::BuiltInKnowledgeBase;
pub use spindle::BuiltInSpindle;

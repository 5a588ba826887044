//! The services that runs call. The providers here are built in: they need no other product.

mod answer;
mod knowledge_base;

pub use knowledge_base::BuiltInKnowledgeBase;

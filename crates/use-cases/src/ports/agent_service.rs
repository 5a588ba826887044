//! The service behind the agents: a language model that may ask for tools.

use domain::ai_agent::tools::ToolDescription;

use super::ServiceError;

/// A tool the model wants to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolCall {
    /// Names the call in the conversation.
    pub id: String,
    /// The tool.
    pub name: String,
    /// Its arguments, JSON as text.
    pub arguments: String,
}

/// A part of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// What the agent is.
    Instructions(String),
    /// What it is to do.
    Request(String),
    /// Tools it wanted to use.
    Calls(Vec<ToolCall>),
    /// What came of one.
    Result {
        /// The call.
        id: String,
        /// JSON or words.
        content: String,
    },
}

/// A conversation to be continued.
#[derive(Clone, Copy, Debug)]
pub struct Turn<'a> {
    /// What was said so far.
    pub messages: &'a [Message],
    /// Tools the model may ask for.
    pub tools: &'a [ToolDescription],
    /// The same for every repetition of this turn, so that the far side can recognise it.
    pub idempotency_key: &'a str,
    /// After this time it is given up.
    pub timeout_ms: u64,
}

/// What a model says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Its answer.
    Content(String),
    /// Tools it wants to use first; at least one.
    Calls(Vec<ToolCall>),
}

/// The service.
pub trait AgentService {
    /// Continues a conversation.
    async fn next(&self, turn: Turn<'_>) -> Result<Reply, ServiceError>;
}

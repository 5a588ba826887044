//! A language model that answers what a test told it to.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use super::store::Shared;
use crate::ports::{self, Clock, Message, Reply, ServiceError, Turn};

/// What a turn is going to answer, and after which time in milliseconds.
type Planned = (u64, Result<Reply, ServiceError>);

/// A twin of the service: records turns, answers as told, else with the last request.
#[derive(Debug)]
pub struct AgentService {
    pub(super) shared: Rc<Shared>,
    pub(super) replies: RefCell<VecDeque<Planned>>,
    pub(super) turns: RefCell<Vec<(String, Vec<Message>)>>,
}

impl AgentService {
    /// Decides what the next turn answers after this many milliseconds.
    pub fn reply_next(&self, after_ms: u64, reply: Result<Reply, ServiceError>) {
        self.replies.borrow_mut().push_back((after_ms, reply));
    }

    /// The turns that were taken: their idempotency keys and what was said before.
    pub fn turns(&self) -> Vec<(String, Vec<Message>)> {
        self.turns.borrow().clone()
    }
}

impl ports::AgentService for AgentService {
    async fn next(&self, turn: Turn<'_>) -> Result<Reply, ServiceError> {
        let said = (turn.idempotency_key.to_owned(), turn.messages.to_vec());
        self.turns.borrow_mut().push(said);
        let told = self.replies.borrow_mut().pop_front();
        let echo = || {
            let request = turn.messages.iter().find_map(|message| match message {
                Message::Request(text) => Some(text.clone()),
                _ => None,
            });
            (0, Ok(Reply::Content(request.unwrap_or_default())))
        };
        let (after_ms, reply) = told.unwrap_or_else(echo);
        self.shared.clock.sleep(after_ms).await;
        reply
    }
}

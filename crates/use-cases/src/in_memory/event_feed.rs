//! A feed that answers what a test told it to.

use std::cell::RefCell;
use std::collections::VecDeque;

use serde_json::{Value, json};

use crate::ports::{self, FeedCall, PortError};

/// A twin of the feed: records calls, answers as told, else that nothing is there.
#[derive(Debug, Default)]
pub struct EventFeed {
    replies: RefCell<VecDeque<Result<Value, PortError>>>,
    calls: RefCell<Vec<(FeedCall, Value)>>,
}

impl EventFeed {
    /// Decides what the next call answers.
    pub fn reply_next(&self, reply: Result<Value, PortError>) {
        self.replies.borrow_mut().push_back(reply);
    }

    /// The calls that were made, in their order.
    pub fn calls(&self) -> Vec<(FeedCall, Value)> {
        self.calls.borrow().clone()
    }
}

impl ports::EventFeed for EventFeed {
    async fn call(&self, call: FeedCall, command: &Value) -> Result<Value, PortError> {
        self.calls.borrow_mut().push((call, command.clone()));
        let told = self.replies.borrow_mut().pop_front();
        told.unwrap_or_else(|| match command.get("name") {
            None => Ok(json!([])),
            Some(_) => Ok(Value::Null),
        })
    }
}

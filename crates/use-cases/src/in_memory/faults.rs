//! Failures on order.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};

use crate::ports::{PortError, PortErrorKind};

/// What the next calls of a port's method are going to answer instead of doing their work.
#[derive(Debug, Default)]
pub struct Faults {
    ordered: RefCell<BTreeMap<&'static str, VecDeque<PortErrorKind>>>,
    calls: Cell<u64>,
}

impl Faults {
    /// Lets the next call of this operation, such as `function_models.save`, fail.
    pub fn fail_next(&self, operation: &'static str, kind: PortErrorKind) {
        let mut ordered = self.ordered.borrow_mut();
        ordered.entry(operation).or_default().push_back(kind);
    }

    /// How many calls of any port there were.
    pub fn calls(&self) -> u64 {
        self.calls.get()
    }

    /// The failure that was ordered for this call.
    pub(super) fn check(&self, operation: &'static str) -> Result<(), PortError> {
        self.calls.set(self.calls.get() + 1);
        let mut ordered = self.ordered.borrow_mut();
        match ordered.get_mut(operation).and_then(VecDeque::pop_front) {
            Some(kind) => Err(PortError::new(kind, operation, "ordered by a test")),
            None => Ok(()),
        }
    }
}

//! Identifiers that come out the same in every test.

use std::cell::Cell;

use uuid::Uuid;

use crate::ports;

/// Counts: the n-th identifier ends in n.
#[derive(Debug)]
pub struct Ids {
    given: Cell<u64>,
    fraction: Cell<f64>,
}

impl Default for Ids {
    fn default() -> Self {
        Self {
            given: Cell::new(0),
            fraction: Cell::new(0.0),
        }
    }
}

impl Ids {
    /// Chooses the "random" number, from 0 up to but not including 1.
    pub fn set_fraction(&self, fraction: f64) {
        self.fraction.set(fraction);
    }
}

/// The n-th identifier: `01990000-0000-7000-8000-…` with n in hexadecimal digits at the end.
pub fn nth_id(n: u64) -> Uuid {
    Uuid::from_u64_pair(0x0199_0000_0000_7000, 0x8000_0000_0000_0000 | n)
}

impl ports::Ids for Ids {
    fn new_id(&self) -> Uuid {
        let n = self.given.get() + 1;
        self.given.set(n);
        nth_id(n)
    }

    fn fraction(&self) -> f64 {
        self.fraction.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::Ids as _;

    #[test]
    fn identifiers_are_of_version_7_and_rise() {
        let ids = Ids::default();
        let (first, second) = (ids.new_id(), ids.new_id());
        assert_eq!(first.to_string(), "01990000-0000-7000-8000-000000000001");
        assert!(domain::ids::ModelId::parse(&second.to_string()).is_ok());
        assert!(second > first);
        ids.set_fraction(0.5);
        assert!((ids.fraction() - 0.5).abs() < f64::EPSILON);
    }
}

//! Chance that repeats itself: the same seed, the same throws.

use std::cell::RefCell;
use std::rc::Rc;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// The one source of everything that is left to chance in a simulation. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Chance(Rc<RefCell<ChaCha8Rng>>);

impl Chance {
    /// Begins anew.
    pub(crate) fn new(seed: u64) -> Self {
        Self(Rc::new(RefCell::new(ChaCha8Rng::seed_from_u64(seed))))
    }

    /// A number below another; 0 when that is 0.
    pub(crate) fn below(&self, limit: u64) -> u64 {
        let thrown = self.0.borrow_mut().next_u64();
        // The remainder's bias is below 2⁻⁴⁰ for the small limits in use.
        thrown.checked_rem(limit).unwrap_or(0)
    }

    /// A number from one to another, both included.
    pub(crate) fn between(&self, least: u64, most: u64) -> u64 {
        least + self.below(most.saturating_sub(least) + 1)
    }

    /// Whether something happens that happens once in so many times; never when that is 0.
    pub(crate) fn one_in(&self, times: u64) -> bool {
        times > 0 && self.below(times) == 0
    }

    /// One of some things.
    pub(crate) fn pick<'a, T>(&self, things: &'a [T]) -> Option<&'a T> {
        let place = self.below(things.len() as u64);
        things.get(usize::try_from(place).ok()?)
    }

    /// A number from 0 up to but not including 1.
    pub(crate) fn fraction(&self) -> f64 {
        let thousandths = u32::try_from(self.below(1000)).unwrap_or(0);
        f64::from(thousandths) / 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_throws_the_same() {
        let throws = |seed| {
            let chance = Chance::new(seed);
            (0..100).map(|_| chance.below(1000)).collect::<Vec<_>>()
        };
        assert_eq!(throws(7), throws(7));
        assert_ne!(throws(7), throws(8));
    }

    #[test]
    fn throws_stay_within_their_limits() {
        let chance = Chance::new(1);
        for _ in 0..1000 {
            assert!(chance.below(3) < 3);
            assert!((5..=7).contains(&chance.between(5, 7)));
            assert!((0.0..1.0).contains(&chance.fraction()));
        }
        assert_eq!(chance.below(0), 0);
        assert!(!chance.one_in(0) && chance.one_in(1));
        assert!(chance.pick::<u8>(&[]).is_none());
    }
}

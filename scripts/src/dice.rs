//! Chance that repeats itself: the same seed, the same throws.

/// A source of numbers.
pub(crate) struct Dice(u64);

impl Dice {
    /// Starts anew.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below another, which must not be zero.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        // A step of Weyl's sequence, then mixed.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        for (shift, factor) in [(30, 0xbf58_476d_1ce4_e5b9), (27, 0x94d0_49bb_1331_11eb)] {
            mixed = (mixed ^ (mixed >> shift)).wrapping_mul(factor);
        }
        let limit = u64::try_from(limit).unwrap_or(u64::MAX).max(1);
        usize::try_from((mixed ^ (mixed >> 31)) % limit).unwrap_or(0)
    }

    /// Two different numbers below another, which must be two at least; the smaller first.
    pub(crate) fn pair(&mut self, limit: usize) -> (usize, usize) {
        let one = self.below(limit);
        let other = (one + 1 + self.below(limit - 1)) % limit;
        (one.min(other), one.max(other))
    }
}

//! Numbers that a seed decides.

use super::variable;

#[derive(Clone, Debug)]
pub(crate) struct Random {
    pub(crate) seed: u64,
    state: u64,
}

impl Random {
    /// Other ones in every run, unless `TAPEDECK_TEST_SEED` says which.
    pub(crate) fn new() -> Self {
        let seed = variable("TAPEDECK_TEST_SEED").and_then(|text| text.parse().ok());
        Self::of(seed.unwrap_or_else(|| getrandom::u64().unwrap()))
    }

    pub(crate) fn of(seed: u64) -> Self {
        Self { seed, state: seed }
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state =
            self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mixed = (self.state ^ (self.state >> 31)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        mixed ^ (mixed >> 29)
    }

    pub(crate) fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % most as u64).unwrap()
    }

    pub(crate) fn one_in(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }
}

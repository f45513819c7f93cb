/// Seeded chance: thrown at the same place of the same world, it always falls alike.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// The dice for one place: a chat, a message, a file.
    pub(crate) fn at(seed: u64, place: &[i64]) -> Self {
        let start = place.iter().fold(mixed(seed), |state, part| mixed(state ^ mixed(part.cast_unsigned())));
        Self(start)
    }

    /// SplitMix64.
    pub(crate) fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.0)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.throw() % end).unwrap_or_default()
    }

    /// From `low` up to `high`, both included.
    pub(crate) fn between(&mut self, low: i32, high: i32) -> i32 {
        let width = usize::try_from(high.saturating_sub(low)).unwrap_or_default() + 1;
        low + i32::try_from(self.below(width)).unwrap_or_default()
    }

    pub(crate) fn one_in(&mut self, sides: usize) -> bool {
        self.below(sides) == 0
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// A positive number that looks like one of Telegram's.
    pub(crate) fn long(&mut self) -> i64 {
        (self.throw() >> 2).cast_signed()
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.throw().to_le_bytes()[0]).collect()
    }
}

fn mixed(mut state: u64) -> u64 {
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_place_falls_alike() {
        let throws = |seed, place: &[i64]| {
            let mut dice = Dice::at(seed, place);
            [dice.throw(), dice.throw(), dice.throw()]
        };
        assert_eq!(throws(1, &[2, 3]), throws(1, &[2, 3]));
        assert_ne!(throws(1, &[2, 3]), throws(1, &[3, 2]));
        assert_ne!(throws(1, &[2, 3]), throws(2, &[2, 3]));
    }

    #[test]
    fn all_sides_come_up() {
        let mut dice = Dice::at(7, &[]);
        let mut seen = [false; 6];
        for _ in 0..200 {
            seen[dice.below(6)] = true;
        }
        assert_eq!(seen, [true; 6]);
        assert!((0..200).all(|_| (-2..=2).contains(&dice.between(-2, 2))));
    }
}

//! How much two texts have in common, from 0 to 100: twice the length of their longest common subsequence through both
//! lengths. The same figure as `fuzz.ratio` of RapidFuzz.

/// Bits of one word of the machine.
const BITS: usize = 64;
/// Longer texts are compared by their beginning.
const LONGEST: usize = 4 * BITS;

pub(crate) fn ratio(one: &str, other: &str) -> f64 {
    if one == other {
        return if one.is_empty() { 0.0 } else { 100.0 };
    }
    let one = &one.as_bytes()[..one.len().min(LONGEST)];
    let other = &other.as_bytes()[..other.len().min(LONGEST)];
    let both = one.len() + other.len();
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    if short.is_empty() {
        return 0.0;
    }
    let common = if short.len() <= BITS { common_of_short(short, long) } else { common_of_long(short, long) };
    #[expect(clippy::cast_precision_loss, reason = "texts are short")]
    let ratio = 200.0 * common as f64 / both as f64;
    ratio
}

/// A bit for each letter of `short` that is not yet in a common subsequence; Hyyrö's way.
fn common_of_short(short: &[u8], long: &[u8]) -> u32 {
    let mut places = [0_u64; 256];
    for (at, byte) in short.iter().enumerate() {
        places[usize::from(*byte)] |= 1 << at;
    }
    let mut open = u64::MAX;
    for byte in long {
        let met = open & places[usize::from(*byte)];
        open = open.wrapping_add(met) | (open - met);
    }
    (!open).count_ones()
}

/// The same over several words of the machine.
fn common_of_long(short: &[u8], long: &[u8]) -> u32 {
    const WORDS: usize = LONGEST / BITS;
    let mut places = [[0_u64; WORDS]; 256];
    for (at, byte) in short.iter().enumerate() {
        places[usize::from(*byte)][at / BITS] |= 1 << (at % BITS);
    }
    let mut open = [u64::MAX; WORDS];
    for byte in long {
        let mut carry = false;
        for (open, place) in open.iter_mut().zip(places[usize::from(*byte)]) {
            let met = *open & place;
            let (sum, first) = open.overflowing_add(met);
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            carry = first || second;
            *open = sum | (*open - met);
        }
    }
    open.iter().map(|open| (!open).count_ones()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By the book, cell by cell.
    fn common(one: &[u8], other: &[u8]) -> usize {
        let mut row = vec![0; other.len() + 1];
        for a in one {
            let mut corner = 0;
            for (at, b) in other.iter().enumerate() {
                let above = row[at + 1];
                row[at + 1] = if a == b { corner + 1 } else { above.max(row[at]) };
                corner = above;
            }
        }
        row[other.len()]
    }

    #[test]
    fn agrees_with_the_book() {
        let mut seed = 7_u32;
        let mut letters = |count: usize| -> String {
            (0..count)
                .map(|_| {
                    seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12_345);
                    char::from(b'a' + (seed >> 16) as u8 % 5)
                })
                .collect()
        };
        for (a, b) in [(1, 1), (5, 9), (64, 64), (64, 65), (65, 70), (128, 129), (200, 30), (256, 256)] {
            let (one, other) = (letters(a), letters(b));
            let expected = 200.0 * common(one.as_bytes(), other.as_bytes()) as f64 / (a + b) as f64;
            assert!((ratio(&one, &other) - expected).abs() < 1e-9, "{a} {b}");
        }
    }

    /// Figures that RapidFuzz 3.14 gives.
    #[test]
    fn agrees_with_rapidfuzz() {
        for (one, other, expected) in [
            ("hello", "hello", 100.0),
            ("hello", "yellow", 72.727_272_727_272_73),
            ("bohemian-rhapsody", "bohemian-rhapsody-remastered-2011", 68.0),
            ("a", "b", 0.0),
            ("this-is-a-test", "this-is-a-test-", 96.551_724_137_931_03),
            ("mark-ronson", "bruno-mars", 38.095_238_095_238_095),
        ] {
            assert!((ratio(one, other) - expected).abs() < 1e-9, "{one} {other} {}", ratio(one, other));
            assert!((ratio(one, other) - ratio(other, one)).abs() < 1e-9);
        }
    }
}

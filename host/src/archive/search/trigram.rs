//! Three letters in a row, as one number.

/// Every three letters in a row of a word, each once; none for shorter words.
pub(crate) fn trigrams(word: &str) -> Vec<i64> {
    let letters: Vec<i64> = word.chars().map(|c| i64::from(u32::from(c))).collect();
    let mut found: Vec<i64> =
        letters.windows(3).map(|three| three[0] << 42 | three[1] << 21 | three[2]).collect();
    found.sort_unstable();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trigrams_are_distinct_numbers() {
        assert_eq!(trigrams("ab"), [0; 0]);
        assert_eq!(trigrams("aaaa").len(), 1);
        assert_eq!(trigrams("abcd").len(), 2);
        assert_ne!(trigrams("abc"), trigrams("acb"));
        assert_ne!(trigrams("мир"), trigrams("рим"));
        assert!(trigrams("\u{10ffff}\u{10ffff}\u{10ffff}")[0] > 0);
    }

    #[test]
    fn a_part_has_trigrams_of_its_whole() {
        let whole = trigrams("достопримечательность");
        assert!(trigrams("примечат").iter().all(|it| whole.contains(it)));
    }
}

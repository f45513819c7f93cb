//! Names of songs and people, made comparable: the same song is written in many ways.

pub(crate) use crate::model::fold;

/// What follows these words in brackets or after a dash names the same song.
const ASIDES: [&str; 10] = [
    "feat",
    "ft",
    "featuring",
    "with",
    "remaster",
    "remastered",
    "explicit",
    "original mix",
    "album version",
    "mono",
];

/// The title without what does not tell songs apart: guests, remasters. Live and remix do.
pub(crate) fn fold_title(title: &str) -> String {
    let mut plain = title;
    while let Some(cut) = aside(plain) {
        plain = cut;
    }
    fold(plain)
}

/// The text before an aside at its end.
fn aside(title: &str) -> Option<&str> {
    let title = title.trim_end();
    let (start, inner) = match title.chars().next_back()? {
        ')' => bracket(title, '(')?,
        ']' => bracket(title, '[')?,
        _ => title.rfind(" - ").map(|at| (at, &title[at + 3..]))?,
    };
    let before = title[..start].trim_end();
    (!before.is_empty() && is_aside(inner)).then_some(before)
}

fn bracket(title: &str, open: char) -> Option<(usize, &str)> {
    let at = title.rfind(open)?;
    Some((at, &title[at + open.len_utf8()..title.len() - 1]))
}

/// `feat. Somebody`, `Remastered 2011`, `2011 Remaster`.
fn is_aside(inner: &str) -> bool {
    let inner = fold(inner);
    let unyeared = inner.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
    ASIDES
        .iter()
        .any(|word| unyeared.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')))
}

/// How alike two folded texts are: 0 to 100.
pub(crate) fn likeness(a: &str, b: &str) -> f64 {
    if a == b {
        return 100.0;
    }
    // The order of words says little.
    let sorted = |text: &str| {
        let mut words: Vec<&str> = text.split(' ').collect();
        words.sort_unstable();
        words.join(" ")
    };
    strsim::normalized_levenshtein(a, b).max(strsim::normalized_levenshtein(&sorted(a), &sorted(b))) * 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_case_accents_and_signs() {
        assert_eq!(fold("  Beyoncé — Déjà-Vu! "), "beyonce deja vu");
        assert_eq!(fold("Don’t Stop / Can't Stop"), "dont stop cant stop");
        assert_eq!(fold("Кино"), "кино");
        assert_eq!(fold("!!!"), "!!!");
    }

    #[test]
    fn drops_guests_and_remasters_only() {
        for (title, plain) in [
            ("Song (feat. Somebody)", "song"),
            ("Song [ft. A & B] - 2011 Remaster", "song"),
            ("Song - Remastered 2009", "song"),
            ("Song - Live", "song live"),
            ("Song (Remix)", "song remix"),
            ("(I Can't Get No) Satisfaction", "i cant get no satisfaction"),
            ("(feat. nobody)", "feat nobody"),
            ("Within (Without)", "within without"),
        ] {
            assert_eq!(fold_title(title), plain, "{title}");
        }
    }

    #[test]
    fn likeness_ignores_the_order_of_words() {
        assert!(likeness("simon garfunkel", "garfunkel simon") > 99.0);
        assert!(likeness("blue", "red") < 50.0);
    }
}

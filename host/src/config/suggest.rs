//! Did you mean …?

/// The nearest of `known`, when it is near enough to be a typing mistake.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > 100 {
        return None;
    }
    let word = word.to_lowercase().replace('_', "-");
    let distance = |known: &str| strsim::osa_distance(&word, &known.to_lowercase().replace('_', "-"));
    let (distance, best) = known.into_iter().map(|known| (distance(known), known)).min()?;
    let allowed = (word.chars().count().max(best.chars().count()) / 3).clamp(1, 4);
    (distance <= allowed).then_some(best)
}

/// The fix for an unknown word: the nearest known one, else all of them.
pub(super) fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    match nearest(word, known.clone()) {
        Some(best) => format!("Did you mean `{best}`?"),
        None => one_of(known),
    }
}

pub(super) fn one_of<'a>(known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<String> = known.into_iter().map(|known| format!("`{known}`")).collect();
    match known.as_slice() {
        [] => "Remove it.".to_owned(),
        [only] => format!("Only {only} is known here."),
        [first @ .., last] if known.len() <= 40 => format!("Known here: {} and {last}.", first.join(", ")),
        _ => format!("Known here: {} and {} more.", known[..40].join(", "), known.len() - 40),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_typing_mistakes_only() {
        let known = ["cron", "every", "timezone", "missed_window", "on"];
        assert_eq!(nearest("crn", known), Some("cron"));
        assert_eq!(nearest("time_zone", known), Some("timezone"));
        assert_eq!(nearest("missed-window", known), Some("missed_window"));
        assert_eq!(nearest("schedule", known), None);
        assert_eq!(nearest(&"x".repeat(1_000_000), known), None);
        assert_eq!(nearest("x", []), None);
    }
}

/// Drops ANSI sequences and shows other control characters as one sign, so that no program can
/// steer the terminal of whoever reads the log.
pub(crate) fn without_controls(text: &str) -> String {
    if !text.contains(|c: char| c.is_control() && c != '\t') {
        return text.to_owned();
    }
    let mut clean = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' if chars.next_if_eq(&'[').is_some() => {
                // A control sequence ends with a letter or one of `@[\]^_{|}~`.
                chars.by_ref().find(|c| ('\u{40}'..='\u{7e}').contains(c));
            }
            '\t' => clean.push(c),
            c if c.is_control() => clean.push('\u{fffd}'),
            c => clean.push(c),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_are_not_steered() {
        assert_eq!(
            without_controls("\u{1b}[1;31mred\u{1b}[0m\ttab\r\n\u{7}\u{9b}"),
            "red\ttab\u{fffd}\u{fffd}\u{fffd}\u{fffd}"
        );
    }
}

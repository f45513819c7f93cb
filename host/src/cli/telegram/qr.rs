//! A QR code on a terminal: two modules to a character, in colours of its own where there are
//! colours, so that it reads on dark and light.

use qrcode::{Color, EcLevel, QrCode};

/// What the standard asks for; many phones need it.
const QUIET_ZONE: usize = 4;

const DARK_ON_WHITE: &str = "\x1b[30;107m";
const PLAIN: &str = "\x1b[0m";

/// The lines; `None` when the terminal is narrower than the code.
pub(super) fn draw(link: &str, columns: Option<usize>, has_colour: bool) -> Option<Vec<String>> {
    let code = QrCode::with_error_correction_level(link, EcLevel::L).ok()?;
    let width = code.width() + 2 * QUIET_ZONE;
    if columns.is_some_and(|columns| columns < width) {
        return None;
    }
    let is_dark = |x: usize, y: usize| {
        let inside = |at: usize| at.checked_sub(QUIET_ZONE).filter(|at| *at < code.width());
        matches!((inside(x), inside(y)), (Some(x), Some(y)) if code[(x, y)] == Color::Dark)
    };
    let line = |row: usize| {
        let blocks = (0..width).map(|x| {
            let (upper, lower) = (is_dark(x, 2 * row), is_dark(x, 2 * row + 1));
            // Without colours most terminals are dark: there the light modules are drawn.
            if has_colour { block(upper, lower) } else { block(!upper, !lower) }
        });
        let blocks: String = blocks.collect();
        if has_colour { format!("{DARK_ON_WHITE}{blocks}{PLAIN}") } else { blocks }
    };
    Some((0..width.div_ceil(2)).map(line).collect())
}

/// How many rows of the terminal a line takes.
pub(super) fn rows(line: &str, columns: Option<usize>) -> usize {
    let shown = line.strip_prefix(DARK_ON_WHITE).and_then(|line| line.strip_suffix(PLAIN)).unwrap_or(line);
    columns.map_or(1, |columns| shown.chars().count().div_ceil(columns.max(1)).max(1))
}

fn block(upper: bool, lower: bool) -> char {
    match (upper, lower) {
        (true, true) => '█',
        (true, false) => '▀',
        (false, true) => '▄',
        (false, false) => ' ',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: &str = "tg://login?token=AQJ0aGUgdG9rZW4gb2YgYSBsb2dpbiBpcyAzMiBieXRlcw";

    #[test]
    fn fits_on_an_ordinary_terminal() {
        let lines = draw(LINK, Some(80), true).unwrap();
        assert!(lines.len() <= 22, "{}", lines.len());
        let plain = draw(LINK, None, false).unwrap();
        let width = plain[0].chars().count();
        assert!(width <= 42 && plain.iter().all(|line| line.chars().count() == width));
        assert!(plain[0].chars().all(|c| c == '█'), "the quiet zone is light");
    }

    #[test]
    fn is_not_drawn_where_it_would_wrap() {
        assert!(draw(LINK, Some(40), true).is_none());
    }

    #[test]
    fn long_lines_take_more_rows() {
        let code = draw(LINK, Some(42), true).unwrap();
        assert!(code.iter().all(|line| rows(line, Some(42)) == 1), "colours take no room");
        assert_eq!(
            [rows(LINK, Some(42)), rows(LINK, Some(80)), rows(LINK, None), rows("", Some(42))],
            [2, 1, 1, 1]
        );
    }

    /// With the quiet zone, whatever colours the terminal has.
    #[test]
    fn colours_are_its_own() {
        for line in draw(LINK, Some(80), true).unwrap() {
            assert!(line.starts_with("\x1b[30;107m") && line.ends_with("\x1b[0m"), "{line}");
        }
        let first = draw(LINK, Some(80), true).unwrap().remove(0);
        assert!(first[DARK_ON_WHITE.len()..first.len() - PLAIN.len()].chars().all(|c| c == ' '), "{first}");
    }

    /// Whoever reads the characters back gets the code's modules.
    #[test]
    fn modules_come_out_as_they_went_in() {
        let code = QrCode::with_error_correction_level(LINK, EcLevel::L).unwrap();
        let lines: Vec<Vec<char>> =
            draw(LINK, None, false).unwrap().iter().map(|line| line.chars().collect()).collect();
        for y in 0..code.width() {
            for x in 0..code.width() {
                let c = lines[(y + QUIET_ZONE) / 2][x + QUIET_ZONE];
                let is_light = if (y + QUIET_ZONE).is_multiple_of(2) { "█▀" } else { "█▄" }.contains(c);
                assert_eq!(code[(x, y)] == Color::Dark, !is_light, "{x} {y}");
            }
        }
    }
}

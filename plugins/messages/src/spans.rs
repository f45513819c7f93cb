//! Marks on text, as stretches that follow each other: each with all the marks that lie on it.

use crate::facts::Entity;

/// A stretch of text with the same marks, the outermost first.
#[derive(Clone, Debug, PartialEq)]
pub struct Span<'a> {
    pub text: &'a str,
    pub marks: Vec<&'a Entity>,
}

/// Cuts a text where marks begin and end. Together the stretches are the text, whatever the
/// marks say: those that reach beyond it are cut, those without length are left out.
pub fn spans<'a>(text: &'a str, entities: &'a [Entity]) -> Vec<Span<'a>> {
    if text.is_empty() {
        return Vec::new();
    }
    let whole = || vec![Span { text, marks: Vec::new() }];
    if entities.is_empty() {
        return whole();
    }
    let mut cuts: Vec<i64> =
        entities.iter().flat_map(|it| [it.offset, it.offset.saturating_add(it.length)]).collect();
    cuts.sort_unstable();
    cuts.dedup();
    let places = places(text, &cuts);
    let mut order: Vec<(usize, usize, &Entity)> = entities
        .iter()
        .map(|it| {
            (byte(&places, it.offset, text), byte(&places, it.offset.saturating_add(it.length), text), it)
        })
        .filter(|(from, to, _)| from < to)
        .collect();
    // The longer one is around the shorter one.
    order.sort_by_key(|&(from, to, _)| (from, std::cmp::Reverse(to)));
    let mut edges: Vec<usize> =
        order.iter().flat_map(|&(from, to, _)| [from, to]).chain([0, text.len()]).collect();
    edges.sort_unstable();
    edges.dedup();
    let pieces = edges.windows(2).map(|edge| Span {
        text: &text[edge[0]..edge[1]],
        marks: order
            .iter()
            .filter(|(from, to, _)| *from <= edge[0] && edge[1] <= *to)
            .map(|&(.., it)| it)
            .collect(),
    });
    pieces.collect()
}

/// The bytes at which these UTF-16 units begin; a unit inside a character is that character's end.
fn places(text: &str, units: &[i64]) -> Vec<(i64, usize)> {
    let mut found = Vec::with_capacity(units.len());
    let mut wanted = units.iter().copied().peekable();
    let mut unit = 0_i64;
    for (at, letter) in text.char_indices() {
        while let Some(next) = wanted.next_if(|&next| next <= unit) {
            found.push((next, at));
        }
        if wanted.peek().is_none() {
            break;
        }
        unit += if letter.len_utf16() == 2 { 2 } else { 1 };
    }
    found.extend(wanted.map(|rest| (rest, text.len())));
    found
}

fn byte(places: &[(i64, usize)], unit: i64, text: &str) -> usize {
    let found = places.binary_search_by_key(&unit, |&(unit, _)| unit);
    found.map_or(text.len(), |at| places[at].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entity(offset: i64, length: i64, kind: &str) -> Entity {
        Entity { offset, length, kind: kind.into(), ..Entity::default() }
    }

    fn told(text: &str, entities: &[Entity]) -> Vec<(String, String)> {
        let cut = spans(text, entities);
        assert_eq!(cut.iter().map(|it| it.text).collect::<String>(), text);
        let words =
            |span: &Span<'_>| span.marks.iter().map(|it| it.kind.as_str()).collect::<Vec<_>>().join("+");
        cut.iter().map(|span| (span.text.to_owned(), words(span))).collect()
    }

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
    }

    #[test]
    fn units_are_those_of_utf_16() {
        let marked = told("a 👩‍👩 b", &[entity(2, 5, "bold"), entity(8, 1, "code")]);
        assert_eq!(marked, pairs(&[("a ", ""), ("👩‍👩", "bold"), (" ", ""), ("b", "code")]));
    }

    #[test]
    fn marks_lie_inside_and_across_each_other() {
        let marked = told("abcdef", &[entity(2, 3, "italic"), entity(0, 4, "bold"), entity(0, 6, "spoiler")]);
        assert_eq!(
            marked,
            pairs(&[
                ("ab", "spoiler+bold"),
                ("cd", "spoiler+bold+italic"),
                ("e", "spoiler+italic"),
                ("f", "spoiler")
            ])
        );
    }

    #[test]
    fn nonsense_does_no_harm() {
        for (offset, length) in
            [(-4, 2), (0, 0), (2, -1), (90, 4), (i64::MAX, i64::MAX), (3, i64::MAX), (1, 1)]
        {
            told("ab👩cd", &[entity(offset, length, "bold")]);
        }
        // Half of a character is all of it, or nothing.
        assert_eq!(told("👩x", &[entity(1, 1, "bold")]), pairs(&[("👩x", "")]));
    }
}

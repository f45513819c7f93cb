//! What a filter says of messages: believed only after it was checked.

use std::{borrow::Cow, ops::Range};

use tapedeck_bindings::{
    chat_filter::exports::tapedeck::plugin::chat_filter as columns,
    chat_filter_records::exports::tapedeck::plugin::chat_filter_records as records,
};

use crate::{
    model::{Message, OnError},
    plugin_host::{Failure, PluginError, Secrets},
};

/// What becomes of one message. Those without a decision are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Its place in the list that was judged.
    pub index: usize,
    pub verdict: Verdict,
    /// Why, in the plugin's words without its secrets; may be empty.
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Drop,
    /// Kept, with these stretches of its text replaced.
    Redact(Vec<Cut>),
}

/// In bytes, inside the text, in order, between characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    pub range: Range<usize>,
    pub replacement: String,
}

const KEEP: u8 = 0;
const DROP: u8 = 1;
const REDACT: u8 = 2;

/// No message of Telegram's comes near it. Longer ones are a plugin's mistake, or worse.
const LONGEST_TEXT: usize = 64 << 10;

/// Longer reasons are cut: they are for people.
const LONGEST_REASON: usize = 500;

pub(super) fn from_columns(
    messages: &[Message],
    decisions: Vec<columns::Decision>,
    secrets: &Secrets,
) -> Result<Vec<Decision>, Failure> {
    let mut reader = Reader::new(messages);
    let mut read = Vec::with_capacity(decisions.len());
    for columns::Decision { index, verdict, cuts, reason } in decisions {
        let text = reader.text(index)?;
        if verdict != REDACT && !cuts.is_empty() {
            return Err(garbage(format!("decision {index} has cuts, but its verdict is {verdict}")));
        }
        let verdict = match verdict {
            KEEP => continue,
            DROP => Verdict::Drop,
            REDACT => Verdict::Redact(checked(index, text, cuts)?),
            other => return Err(unknown(index, other)),
        };
        read.push(Decision { index: index as usize, verdict, reason: told(reason, secrets) });
    }
    Ok(read)
}

pub(super) fn from_records(
    messages: &[Message],
    decisions: Vec<records::Decision>,
    secrets: &Secrets,
) -> Result<Vec<Decision>, Failure> {
    let mut reader = Reader::new(messages);
    let mut read = Vec::with_capacity(decisions.len());
    for records::Decision { index, verdict, text: new, reason } in decisions {
        let text = reader.text(index)?;
        if verdict != REDACT && !new.is_empty() {
            return Err(garbage(format!("decision {index} has a text, but its verdict is {verdict}")));
        }
        let verdict = match verdict {
            KEEP => continue,
            DROP => Verdict::Drop,
            REDACT => Verdict::Redact(fitting(index, text, difference(text, &new))?),
            other => return Err(unknown(index, other)),
        };
        read.push(Decision { index: index as usize, verdict, reason: told(reason, secrets) });
    }
    Ok(read)
}

/// Finds the texts that decisions are about, and holds that these come in order.
struct Reader<'a> {
    messages: &'a [Message],
    last: Option<u32>,
}

impl<'a> Reader<'a> {
    const fn new(messages: &'a [Message]) -> Self {
        Self { messages, last: None }
    }

    fn text(&mut self, index: u32) -> Result<&'a str, Failure> {
        if let Some(last) = self.last.filter(|last| index <= *last) {
            return Err(garbage(format!("decision {index} comes after decision {last}")));
        }
        self.last = Some(index);
        let message = self.messages.get(index as usize);
        let message = message
            .ok_or_else(|| garbage(format!("it decides on message {index} of {}", self.messages.len())))?;
        Ok(&message.text)
    }
}

fn checked(index: u32, text: &str, cuts: Vec<columns::Cut>) -> Result<Vec<Cut>, Failure> {
    let mut end_of_last = 0;
    let check = |columns::Cut { start, end, replacement }| {
        let range = start as usize..end as usize;
        let is_fine =
            end_of_last <= range.start && range.start <= range.end && text.get(range.clone()).is_some();
        if !is_fine {
            let len = text.len();
            return Err(garbage(format!("decision {index} cuts {start} to {end} of a text of {len} bytes")));
        }
        end_of_last = range.end;
        Ok(Cut { range, replacement })
    };
    let cuts = cuts.into_iter().map(check).collect::<Result<_, _>>()?;
    fitting(index, text, cuts)
}

/// Unless they make too long a text.
fn fitting(index: u32, text: &str, cuts: Vec<Cut>) -> Result<Vec<Cut>, Failure> {
    let added: usize = cuts.iter().map(|cut| cut.replacement.len()).sum();
    let len = text.len() + added - cuts.iter().map(|cut| cut.range.len()).sum::<usize>();
    if added > 0 && len > LONGEST_TEXT.max(text.len()) {
        return Err(garbage(format!(
            "decision {index} makes a text of {len} bytes, more than {LONGEST_TEXT}"
        )));
    }
    Ok(cuts)
}

/// One cut that makes the new text out of the old: marks on what they share stay where they are.
fn difference(old: &str, new: &str) -> Vec<Cut> {
    if old == new {
        return Vec::new();
    }
    let start: usize =
        old.chars().zip(new.chars()).take_while(|(a, b)| a == b).map(|(c, _)| c.len_utf8()).sum();
    let (old_rest, new_rest) = (&old[start..], &new[start..]);
    let from_end = old_rest.chars().rev().zip(new_rest.chars().rev());
    let tail: usize = from_end.take_while(|(a, b)| a == b).map(|(c, _)| c.len_utf8()).sum();
    let replacement = new_rest[..new_rest.len() - tail].to_owned();
    vec![Cut { range: start..old.len() - tail, replacement }]
}

/// Masked first: half a secret would not be found.
fn told(reason: String, secrets: &Secrets) -> String {
    let masked = match secrets.conceal(&reason) {
        Cow::Owned(masked) => Some(masked),
        Cow::Borrowed(_) => None,
    };
    let mut reason = masked.unwrap_or(reason);
    reason.truncate(reason.floor_char_boundary(LONGEST_REASON));
    reason
}

fn unknown(index: u32, verdict: u8) -> Failure {
    garbage(format!("decision {index} has the verdict {verdict}, which this version does not know"))
}

fn garbage(what: String) -> Failure {
    Failure::Garbage { what }
}

/// What a failing filter means, as the operator said.
pub fn settle(
    judged: Result<Vec<Decision>, PluginError>,
    messages: usize,
    on_error: OnError,
) -> Result<Vec<Decision>, PluginError> {
    let error = match judged {
        Ok(decisions) => return Ok(decisions),
        Err(error) => error,
    };
    let drop = |index| Decision { index, verdict: Verdict::Drop, reason: error.to_string() };
    match on_error {
        OnError::Keep => Ok(Vec::new()),
        OnError::Drop => Ok((0..messages).map(drop).collect()),
        OnError::FailRun => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::plugin_host::{Who, calls::samples::message};

    fn cut(start: u32, end: u32) -> columns::Cut {
        columns::Cut { start, end, replacement: "*".into() }
    }

    fn decision(index: u32, verdict: u8, cuts: Vec<columns::Cut>) -> columns::Decision {
        columns::Decision { index, verdict, cuts, reason: String::new() }
    }

    fn read(decisions: Vec<columns::Decision>) -> Result<Vec<Decision>, Failure> {
        let messages = [message(1, "grüß dich"), message(2, "hello")];
        from_columns(&messages, decisions, &Secrets::default())
    }

    #[test]
    fn kept_messages_leave_no_trace() {
        let read = read(vec![decision(0, KEEP, vec![]), decision(1, DROP, vec![])]).unwrap();
        assert_eq!(read, [Decision { index: 1, verdict: Verdict::Drop, reason: String::new() }]);
    }

    #[test]
    fn cuts_may_touch_and_end_the_text() {
        let read = read(vec![decision(0, REDACT, vec![cut(0, 2), cut(2, 4), cut(11, 11)])]).unwrap();
        let Verdict::Redact(cuts) = &read[0].verdict else { panic!("{read:?}") };
        assert_eq!(cuts.iter().map(|cut| cut.range.clone()).collect::<Vec<_>>(), [0..2, 2..4, 11..11]);
    }

    #[test]
    fn answers_that_make_no_sense_are_refused() {
        for (decisions, told) in [
            (vec![decision(2, DROP, vec![])], "message 2 of 2"),
            (vec![decision(1, DROP, vec![]), decision(0, DROP, vec![])], "0 comes after decision 1"),
            (vec![decision(1, KEEP, vec![]), decision(1, KEEP, vec![])], "1 comes after decision 1"),
            (vec![decision(0, 3, vec![])], "verdict 3"),
            (vec![decision(0, DROP, vec![cut(0, 1)])], "has cuts"),
            (vec![decision(0, REDACT, vec![cut(2, 3)])], "cuts 2 to 3"),
            (vec![decision(0, REDACT, vec![cut(4, 2)])], "cuts 4 to 2"),
            (vec![decision(0, REDACT, vec![cut(0, 99)])], "of a text of 11 bytes"),
            (vec![decision(0, REDACT, vec![cut(0, 4), cut(2, 4)])], "cuts 2 to 4"),
        ] {
            match read(decisions) {
                Err(Failure::Garbage { what }) => assert!(what.contains(told), "{what}"),
                other => panic!("{told}: {other:?}"),
            }
        }
    }

    #[test]
    fn new_texts_become_one_cut() {
        let messages = [message(1, "call +34 600 now"), message(2, "same")];
        let new = |index, text: &str| records::Decision {
            index,
            verdict: REDACT,
            text: text.into(),
            reason: String::new(),
        };
        let read = from_records(&messages, vec![new(0, "call *** now"), new(1, "same")], &Secrets::default());
        let read = read.unwrap();
        let cut = Cut { range: 5..12, replacement: "***".into() };
        assert_eq!(read[0].verdict, Verdict::Redact(vec![cut]));
        assert_eq!(read[1].verdict, Verdict::Redact(vec![]));
        assert_eq!(difference("aa", "aaa"), [Cut { range: 2..2, replacement: "a".into() }]);
        assert_eq!(difference("ä", "ö"), [Cut { range: 0..2, replacement: "ö".into() }]);
    }

    #[test]
    fn reasons_are_masked_before_they_are_cut() {
        let secrets = Secrets::among(&json!({ "key": "hunter2-hunter2" }), &json!({ "key": "•••" }));
        let reason = format!("{}hunter2-hunter2", "x".repeat(LONGEST_REASON - 4));
        let decision = columns::Decision { index: 0, verdict: DROP, cuts: vec![], reason };
        let read = from_columns(&[message(1, "hello")], vec![decision], &secrets).unwrap();
        assert!(!read[0].reason.contains("hunt") && read[0].reason.len() <= LONGEST_REASON, "{read:?}");
    }

    #[test]
    fn the_operator_says_what_failing_means() {
        let fail = || {
            let who = Who { name: "words".into(), id: None, version: None };
            Err(PluginError::new(&who, Failure::Trap { what: "unreachable".into() }))
        };
        assert_eq!(settle(fail(), 3, OnError::Keep).unwrap(), []);
        let dropped = settle(fail(), 3, OnError::Drop).unwrap();
        assert!(dropped.len() == 3 && dropped[2].reason.contains("unreachable"));
        assert!(settle(fail(), 3, OnError::FailRun).is_err());
    }

    #[test]
    fn records_that_make_no_sense_are_refused() {
        let answer = |verdict, text: &str| {
            let decision = records::Decision { index: 0, verdict, text: text.into(), reason: String::new() };
            from_records(&[message(1, "hello")], vec![decision], &Secrets::default())
        };
        for (verdict, text, told) in
            [(9, "", "the verdict 9"), (DROP, "new", "has a text"), (KEEP, "new", "has a text")]
        {
            match answer(verdict, text) {
                Err(Failure::Garbage { what }) => assert!(what.contains(told), "{what}"),
                other => panic!("{told}: {other:?}"),
            }
        }
        assert!(answer(REDACT, &"x".repeat(LONGEST_TEXT)).is_ok());
        assert!(answer(REDACT, &"x".repeat(LONGEST_TEXT + 1)).is_err());
    }

    #[test]
    fn reasons_of_records_are_masked_too() {
        let secrets = Secrets::among(&json!({ "key": "hunter2-hunter2" }), &json!({ "key": "•••" }));
        let reason = "hunter2-hunter2".into();
        let decision = records::Decision { index: 0, verdict: DROP, text: String::new(), reason };
        let read = from_records(&[message(1, "hello")], vec![decision], &secrets).unwrap();
        assert!(!read[0].reason.contains("hunt"), "{read:?}");
    }
}

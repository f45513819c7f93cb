//! Both kinds of filter: they do what the settings or a message's text ask, and answer garbage.

use super::{
    PluginError, Probe, act, asked_of, configure,
    exports::tapedeck::plugin::{
        chat_filter::{self, Cut, Decision},
        chat_filter_records,
    },
    tapedeck::plugin::{chats::Chat, messages::Batch, records::Message},
    wish_of,
};
use crate::request::Request;

/// What the numbers of verdicts mean.
mod verdict {
    pub(super) const KEEP: u8 = 0;
    pub(super) const DROP: u8 = 1;
    pub(super) const CUT: u8 = 2;
    pub(super) const UNKNOWN: u8 = 9;
}

impl chat_filter::Guest for Probe {
    fn configure(settings: String) -> Result<(), String> {
        configure(&settings)
    }

    fn select_chat(chat: Chat) -> Result<bool, PluginError> {
        select(&chat)
    }

    fn judge(batch: Batch) -> Result<Vec<Decision>, PluginError> {
        let count = batch.ids.len();
        let (what, argument) = wish_of("judge");
        if what == "garbage" {
            return Ok(garbage(&argument, count));
        }
        asked_of("judge")?;
        let mut decisions = Vec::new();
        for (index, text) in texts(&batch).enumerate() {
            decide(text)?.into_iter().for_each(|verdict| decisions.push(decided(index, verdict)));
        }
        Ok(decisions)
    }
}

impl chat_filter_records::Guest for Probe {
    fn configure(settings: String) -> Result<(), String> {
        configure(&settings)
    }

    fn select_chat(chat: Chat) -> Result<bool, PluginError> {
        select(&chat)
    }

    fn judge(messages: Vec<Message>) -> Result<Vec<chat_filter_records::Decision>, PluginError> {
        let (what, argument) = wish_of("judge");
        let decisions = if what == "garbage" {
            garbage(&argument, messages.len())
        } else {
            asked_of("judge")?;
            let mut decisions = Vec::new();
            for (index, message) in messages.iter().enumerate() {
                decide(&message.text)?.into_iter().for_each(|it| decisions.push(decided(index, it)));
            }
            decisions
        };
        Ok(decisions.into_iter().map(as_record).collect())
    }
}

fn as_record(decision: Decision) -> chat_filter_records::Decision {
    let text = decision.cuts.into_iter().map(|cut| cut.replacement).collect();
    let Decision { index, verdict, reason, .. } = decision;
    chat_filter_records::Decision { index, verdict, text, reason }
}

fn select(chat: &Chat) -> Result<bool, PluginError> {
    asked_of("select-chat")?;
    if let Some(request) = Request::inside(&chat.title) {
        act::act(request)?;
    }
    Ok(chat.title != "not this one")
}

/// `drop` and `redact` are texts that a test can send without knowing more of the probe. `tell` in front of
/// any other request drops the message, with the answer as the reason.
fn decide(text: &str) -> Result<Option<(u8, String)>, PluginError> {
    let reason = "probe".to_owned();
    match Request::inside(text) {
        Some(Request { what: "drop", .. }) => Ok(Some((verdict::DROP, reason))),
        Some(Request { what: "redact", .. }) => Ok(Some((verdict::CUT, reason))),
        Some(Request { what: "tell", argument }) => {
            act::act(Request::parse(argument)).map(|answer| Some((verdict::DROP, answer)))
        }
        Some(request) => act::act(request).map(|_| None),
        None => Ok(None),
    }
}

fn decision(index: usize, verdict: u8) -> Decision {
    decided(index, (verdict, "probe".to_owned()))
}

fn decided(index: usize, (verdict, reason): (u8, String)) -> Decision {
    let cuts = if verdict == verdict::CUT { vec![cut(0, 5)] } else { Vec::new() };
    Decision { index: index as u32, verdict, cuts, reason }
}

fn cut(start: u32, end: u32) -> Cut {
    Cut { start, end, replacement: "█".to_owned() }
}

/// Answers that no filter may give.
fn garbage(kind: &str, count: usize) -> Vec<Decision> {
    let with = |cuts| vec![Decision { cuts, ..decision(0, verdict::CUT) }];
    match kind {
        "verdict" => vec![decision(0, verdict::UNKNOWN)],
        "index" => vec![decision(count, verdict::DROP)],
        "order" => vec![decision(1, verdict::DROP), decision(0, verdict::DROP)],
        "twice" => vec![decision(0, verdict::DROP), decision(0, verdict::DROP)],
        "many" => (0..count * 2).map(|index| decision(index, verdict::DROP)).collect(),
        "cut-past-end" => with(vec![cut(0, u32::MAX)]),
        "cut-backwards" => with(vec![cut(3, 1)]),
        "cut-overlap" => with(vec![cut(0, 3), cut(1, 4)]),
        "cut-inside-character" => with(vec![cut(1, 2)]),
        "cut-on-drop" => vec![Decision { cuts: vec![cut(0, 1)], ..decision(0, verdict::DROP) }],
        "keep" => vec![decision(0, verdict::KEEP)],
        _ => Vec::new(),
    }
}

/// Texts of a batch, as the host promises them.
fn texts(batch: &Batch) -> impl Iterator<Item = &str> {
    batch.texts.offsets.windows(2).map(|ends| {
        let bytes = batch.texts.bytes.get(ends[0] as usize..ends[1] as usize).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    })
}

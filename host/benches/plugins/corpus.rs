//! Messages that are always the same: about 96 bytes of text, several scripts, some with media.

use serde_json::json;
use tapedeck::model::Message;

const WORDS: [&str; 24] = [
    "the",
    "channel",
    "today",
    "we",
    "meet",
    "at",
    "noon",
    "привет",
    "сегодня",
    "встреча",
    "hola",
    "mañana",
    "gracias",
    "你好",
    "今天",
    "música",
    "download",
    "price",
    "https://example.com/a",
    "and",
    "or",
    "it",
    "was",
    "😀",
];

/// What the filter of the benches looks for.
pub(crate) fn settings() -> serde_json::Value {
    json!({ "rules": [
        { "name": "advertising", "action": "drop", "words": ["casino", "airdrop", "crypto signal", "заработок"] },
        { "name": "numbers", "action": "redact", "patterns": [r"\+\d[\d -]{7,}\d"] },
    ]})
}

pub(crate) fn messages(count: usize) -> Vec<Message> {
    let mut chance = Chance(0x5eed);
    (1..=count).map(|id| message(id, &mut chance)).collect()
}

fn text(chance: &mut Chance) -> String {
    let mut text = String::new();
    let length = 40 + chance.below(112);
    while text.len() < length {
        text.push_str(WORDS[chance.below(WORDS.len())]);
        text.push(' ');
    }
    match chance.below(50) {
        0 => text.push_str("best casino"),
        1 => text.push_str("call +34 600 123 456"),
        _ => {}
    }
    text
}

fn message(id: usize, chance: &mut Chance) -> Message {
    let mut message = json!({
        "id": id,
        "chat": -1_001_234_567_890_i64,
        "date": "2026-01-01T00:00:00Z",
        "sender": 1_000 + chance.below(500),
        "text": text(chance),
    });
    if chance.below(4) == 0 {
        message["media"] = json!({ "kind": "photo" });
    }
    if chance.below(5) == 0 {
        message["entities"] = json!([{ "type": "bold", "offset": 0, "length": 3 }]);
    }
    serde_json::from_value(message).expect("a message")
}

struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % end
    }
}

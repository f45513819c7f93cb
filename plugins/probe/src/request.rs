//! What the probe is asked to do.

use serde_json::Value;

/// A word and what it is about: `log-lines 1000` asks for `log-lines` with `1000`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    pub what: &'a str,
    pub argument: &'a str,
}

impl<'a> Request<'a> {
    pub fn parse(text: &'a str) -> Self {
        let (what, argument) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        Self { what, argument: argument.trim() }
    }

    /// The request inside a message's text, a track's title or a name: `probe: log-lines 1000`.
    pub fn inside(text: &'a str) -> Option<Self> {
        text.strip_prefix("probe:").map(Self::parse)
    }

    /// A number, or what stands for none.
    pub fn number(&self, absent: u64) -> u64 {
        self.argument.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(absent)
    }
}

/// What the settings ask to be done in a call: `{"judge": "loop"}`.
pub fn of_call<'a>(settings: &'a Value, call: &str) -> Option<Request<'a>> {
    settings.get(call).and_then(Value::as_str).map(Request::parse)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn requests_split_at_the_first_space() {
        assert_eq!(Request::parse(" run ls -l "), Request { what: "run", argument: "ls -l" });
        assert_eq!(Request::parse("trap"), Request { what: "trap", argument: "" });
        assert_eq!(Request::inside("probe: loop"), Some(Request { what: "loop", argument: "" }));
        assert_eq!(Request::inside("a probe: loop"), None);
    }

    #[test]
    fn numbers_have_a_default() {
        assert_eq!(Request::parse("log-lines 12 x").number(5), 12);
        assert_eq!(Request::parse("log-lines").number(5), 5);
    }

    #[test]
    fn settings_name_the_call() {
        let settings = json!({ "judge": "garbage order", "finish": 5 });
        assert_eq!(of_call(&settings, "judge"), Some(Request { what: "garbage", argument: "order" }));
        assert_eq!(of_call(&settings, "finish"), None);
    }
}

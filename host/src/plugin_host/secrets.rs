//! What a plugin was told in confidence: it gets it, and nobody reads it in what the plugin says.

use std::{borrow::Cow, fmt};

use serde_json::Value;

use crate::config::MASK;

/// Shorter ones would black out half of every line, and are no secrets.
const SHORTEST: usize = 4;

/// The secrets among a plugin's settings.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets(Vec<String>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

impl Secrets {
    /// All texts in `settings` that people are shown otherwise.
    pub fn among(settings: &Value, shown: &Value) -> Self {
        let mut secrets = Self::default();
        secrets.collect(settings, shown);
        // What holds another one is masked before it.
        secrets.0.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets.0.dedup();
        secrets
    }

    fn collect(&mut self, settings: &Value, shown: &Value) {
        match (settings, shown) {
            (Value::Object(settings), shown) => {
                settings.iter().for_each(|(key, value)| self.collect(value, &shown[key]));
            }
            (Value::Array(items), shown) => {
                items.iter().enumerate().for_each(|(number, item)| self.collect(item, &shown[number]));
            }
            (Value::String(secret), shown) if shown.as_str() != Some(secret) => {
                // Logs come line by line.
                let lines = secret.lines().map(str::trim).filter(|line| line.len() >= SHORTEST);
                self.0.extend(lines.map(str::to_owned));
            }
            _ => {}
        }
    }

    /// The text without them.
    pub(crate) fn conceal<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for secret in &self.0 {
            if text.contains(secret.as_str()) {
                text = Cow::Owned(text.replace(secret.as_str(), MASK));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_what_people_are_not_shown() {
        let settings = json!({ "name": "open sesame", "keys": ["k-12345", "shown"], "n": { "pem": "top line\n-\nlast line\n" }, "pin": "12" });
        let shown =
            json!({ "name": "open sesame", "keys": [MASK, "shown"], "n": { "pem": MASK }, "pin": MASK });
        let secrets = Secrets::among(&settings, &shown);
        let said = secrets.conceal("open sesame: k-12345k-12345, 12, shown, top line and last line");
        assert_eq!(said, format!("open sesame: {MASK}{MASK}, 12, shown, {MASK} and {MASK}"));
        assert_eq!(format!("{secrets:?}"), "Secrets(3)");
    }

    #[test]
    fn longer_secrets_are_masked_whole() {
        let settings = json!(["pass", "password-long"]);
        let secrets = Secrets::among(&settings, &json!([MASK, MASK]));
        assert_eq!(secrets.conceal("password-long"), MASK);
    }
}

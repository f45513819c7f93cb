use serde::Deserialize;
use serde_json::{Value, json};
use tapedeck_plugin::testing::{Filtering, Judged, message};

use super::*;

/// One line of the cases on which all languages agree.
#[derive(Deserialize)]
struct Case {
    says: String,
    text: String,
    #[serde(default)]
    hidden: Vec<String>,
    settings: Value,
    verdict: String,
    #[serde(default)]
    result: String,
}

#[test]
fn agrees_with_all_cases() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("../cases.json")).unwrap();
    for case in cases {
        let entity = |url| json!({ "type": "text-url", "offset": 0, "length": 5, "url": url });
        let entities: Vec<Value> = case.hidden.iter().map(entity).collect();
        let draft = message(case.text).extra("entities", &Value::from(entities).to_string());
        let mut filter = Filtering::<NoLinks>::new(case.settings).unwrap();
        let wanted = match case.verdict.as_str() {
            "keep" => Judged::Kept,
            "drop" => Judged::Dropped,
            _ => Judged::Redacted(case.result),
        };
        assert_eq!(filter.judge([draft]), [wanted], "{}", case.says);
    }
}

#[test]
fn refuses_an_empty_domain() {
    assert!(Filtering::<NoLinks>::new(json!({ "domains": [""] })).is_err());
}

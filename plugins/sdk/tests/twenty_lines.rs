//! The promise that a filter is 20 lines, and that those do what they say.

#[expect(unreachable_pub, reason = "on its own the example is a library")]
#[path = "../examples/twenty_lines.rs"]
mod example;

use example::NoLinks;
use serde_json::json;
use tapedeck_plugin::testing::{Filtering, Judged, message};

#[test]
fn a_filter_is_twenty_lines() {
    let lines = include_str!("../examples/twenty_lines.rs").lines().map(str::trim);
    let code = lines.filter(|line| !line.is_empty() && !line.starts_with("//"));
    assert_eq!(code.count(), 20, "blank lines and comments left out");
}

#[test]
fn the_example_drops_links() {
    let settings = json!({ "hosts": ["spam.example"] });
    let mut filter = Filtering::<NoLinks>::new(settings).expect("the settings fit");
    let judged = filter.judge([message("see https://spam.example/x"), message("see https://example.org/")]);
    assert_eq!(judged, [Judged::Dropped, Judged::Kept]);
}

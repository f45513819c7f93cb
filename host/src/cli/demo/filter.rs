//! The demo's filter: every now and then the plugin `tidy` becomes another file with other
//! settings, while a job uses it. Nothing fails of that, and the page shows it.

use std::{path::Path, time::Duration};

use anyhow::Context as _;
use toml_edit::{DocumentMut, Item};

use crate::app::App;

/// What `[plugins.tidy]` is, in turn. The first is what the demo begins with.
const TURNS: [&str; 2] = [
    r#"
file     = "keywords.wasm"
settings = { rules = [
    { name = "advertising", action = "drop", words = ["free", "buy", "offer"], patterns = ["https?://"] },
    { name = "numbers", action = "redact", patterns = ["[0-9]{3,}"], replacement = "•••" },
] }
"#,
    r#"
file     = "types.wasm"
settings = { drop = ["sticker", "service", "dice"], forwarded = "drop" }
"#,
];

/// The table that the demo begins with.
pub(super) const fn first() -> &'static str {
    TURNS[0]
}

/// Changes `[plugins.tidy]` in `file` until the demo ends, as somebody with an editor would.
pub(super) fn spawn_swaps(app: &App, file: &Path, every: Duration) {
    let (file, draining) = (file.to_owned(), app.lifecycle.draining());
    app.lifecycle.spawn("demo-filter", async move {
        for turn in TURNS.iter().cycle().skip(1) {
            tokio::select! {
                () = tokio::time::sleep(every) => {}
                () = draining.cancelled() => return,
            }
            if let Err(error) = swap(&file, turn).await {
                tracing::warn!(error = %format!("{error:#}"), "The demo keeps its filter");
            }
        }
    });
}

/// Everything else in the file stays as people left it.
async fn swap(file: &Path, turn: &str) -> anyhow::Result<()> {
    let text = tokio::fs::read_to_string(file).await.context("cannot read the demo's configuration")?;
    let text = with_turn(&text, turn)?;
    let beside = file.with_extension("toml.new");
    tokio::fs::write(&beside, text).await.context("cannot write the demo's configuration")?;
    tokio::fs::rename(&beside, file).await.context("cannot replace the demo's configuration")
}

fn with_turn(text: &str, turn: &str) -> anyhow::Result<String> {
    let mut document: DocumentMut = text.parse().context("the demo's configuration is no TOML any more")?;
    let turn: DocumentMut = turn.parse().expect("a constant that tests read");
    let tidy = document.get_mut("plugins").and_then(|plugins| plugins.get_mut("tidy"));
    let tidy = tidy.and_then(Item::as_table_mut).context("[plugins.tidy] is gone")?;
    for (key, value) in turn.iter() {
        tidy[key] = value.clone();
    }
    Ok(document.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swaps_change_one_table_alone() {
        let text = format!("# Mine\n[jobs.a]\nevery = \"1s\"\n\n# Two\n[plugins.tidy]\n{}\n[log]\n", first());
        let other = with_turn(&text, TURNS[1]).unwrap();
        assert!(other.contains("types.wasm") && !other.contains("keywords.wasm"), "{other}");
        assert!(other.contains("# Mine\n[jobs.a]\nevery = \"1s\"\n\n# Two\n[plugins.tidy]\n"), "{other}");
        assert_eq!(with_turn(&other, TURNS[0]).unwrap(), text);
    }

    #[test]
    fn without_its_table_nothing_is_changed() {
        assert!(with_turn("[log]\n", TURNS[1]).is_err());
    }
}

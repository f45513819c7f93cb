//! What the job needs of others, and what to write when they may not do it.

use std::collections::BTreeMap;

use super::{KIND, Settings};
use crate::{
    config::JobSection,
    jobs::read_settings,
    model::{AccountName, CapabilityView, PluginName, PluginView},
};

/// What a job of this kind leans on.
#[derive(Debug)]
pub struct ProfileNeeds {
    pub account: Option<AccountName>,
    pub backends: Vec<String>,
}

/// `None` for a job of another kind, and for one whose settings cannot be read.
pub fn profile_needs(job: &JobSection) -> Option<ProfileNeeds> {
    let settings = (job.kind == KIND.name).then(|| read_settings::<Settings>(&job.settings))?;
    let Settings { account, backends, .. } = settings.ok()?;
    Some(ProfileNeeds { account, backends })
}

/// What to write so that a backend may do its work. Who asks for nothing but addresses can do something
/// without them, and some of the addresses are enough for the others.
pub fn missing_grants(plugin: &PluginView) -> Option<String> {
    lacks_any(&plugin.capabilities).then(|| lines(&plugin.name, &plugin.capabilities))
}

fn lacks_any(capabilities: &[CapabilityView]) -> bool {
    let (addresses, others): (Vec<_>, Vec<_>) = capabilities.iter().partition(|it| it.capability == "http");
    let has_none = !addresses.is_empty() && !addresses.iter().any(|it| it.is_granted);
    !others.is_empty() && (has_none || others.iter().any(|it| !it.is_granted))
}

fn lines(name: &PluginName, capabilities: &[CapabilityView]) -> String {
    let mut asked: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    // The whole net is nothing to give in passing.
    for it in capabilities.iter().filter(|it| it.what != "*") {
        // Behind a comma stand details that the plugin's own list has too.
        let what = it.what.split(',').next().unwrap_or_default();
        asked.entry(&it.capability).or_default().push(format!("\"{what}\""));
    }
    let line = |(capability, what): (&str, Vec<String>)| match capability {
        "http" | "run" => format!("{capability} = [{}]", what.join(", ")),
        _ => format!("{capability} = {}", what.concat()),
    };
    let lines: Vec<String> = asked.into_iter().map(line).collect();
    format!(
        "If you trust it, run `tapedeck plugins grant {name} --all`, or write:\n\n[plugins.{name}.grants]\n{}\n",
        lines.join("\n")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(capability: &str, what: &str, is_granted: bool) -> CapabilityView {
        let (why, decided_by) = (None, None);
        CapabilityView {
            capability: capability.into(),
            what: what.into(),
            why,
            is_granted,
            decided_by,
            given: None,
        }
    }

    #[test]
    fn some_addresses_are_enough() {
        let of = |youtube, other, program| {
            lacks_any(&[
                asks("http", "music.example.com", youtube),
                asks("http", "*", other),
                asks("run", "yt-dlp", program),
            ])
        };
        assert!(of(false, false, true) && of(true, true, false) && of(false, false, false));
        assert!(!of(true, false, true));
        assert!(!lacks_any(&[asks("http", "*.example.org", false)]), "covers are no need");
        assert!(!lacks_any(&[]));
    }

    #[test]
    fn lines_can_be_pasted() {
        let name: PluginName = "spotdl".parse().unwrap();
        let capabilities = [
            asks("http", "music.example.com,methods=POST", false),
            asks("http", "*.example.org", false),
            asks("http", "*", false),
            asks("run", "yt-dlp", true),
            asks("kv", "1MiB", false),
        ];
        let said = lines(&name, &capabilities);
        insta::assert_snapshot!(said, @r#"
        If you trust it, run `tapedeck plugins grant spotdl --all`, or write:

        [plugins.spotdl.grants]
        http = ["music.example.com", "*.example.org"]
        kv = "1MiB"
        run = ["yt-dlp"]
        "#);
        let (_, table) = said.split_once("\n\n").unwrap();
        let read: toml_edit::DocumentMut = table.parse().unwrap();
        assert_eq!(read["plugins"]["spotdl"]["grants"]["kv"].as_str(), Some("1MiB"));
    }
}

//! Which file belongs to which name, and whether the operator's table fits it: found out from
//! outside, without running or compiling anything.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use url::Url;

use super::{
    FileProblem, HostSettings, Inspection, PluginSettings,
    folders::{Choice, Shelf, Source, choose, files, name_of_file},
    grants::Permit,
    inspect,
};
use crate::{
    model::{Grant, Grants, PluginFigures, PluginName, PluginState, PluginView, Wants},
    state::GrantDecision,
};

/// One name, and the file behind it.
#[derive(Debug)]
pub struct Surveyed {
    pub name: PluginName,
    /// Where it is, or was looked for first.
    pub path: PathBuf,
    pub outcome: Result<Inspection, FileProblem>,
    /// What of the table does not fit the file.
    pub complaints: Vec<Complaint>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The key in `[plugins.<name>]`, such as `settings.words`.
    pub part: String,
    /// The plugin cannot work as it is.
    pub is_error: bool,
    pub message: String,
    pub fix: String,
}

/// Those that have a table, and the files in the folders that no table names.
pub fn survey(host: &HostSettings, plugins: &BTreeMap<PluginName, PluginSettings>) -> Vec<Surveyed> {
    let folders: Vec<&Path> =
        [Some(host.folder.as_path()), host.bundled.as_deref()].into_iter().flatten().collect();
    let mut looked = Looked { limit: host.max_file_bytes, outcomes: BTreeMap::new() };
    let chosen = choose(&folders, plugins, &BTreeMap::new(), &mut looked);
    let surveyed = |(name, Choice { source, .. }): (PluginName, Choice)| {
        let outcome = looked.outcomes.remove(&source.path).unwrap_or_else(|| looked.inspect(&source));
        let complaints = plugins.get(&name).map(|settings| complaints(settings, &outcome));
        Surveyed { name, path: source.path, outcome, complaints: complaints.unwrap_or_default() }
    };
    chosen.into_iter().map(surveyed).collect()
}

/// What was seen in files: each is read once.
struct Looked {
    limit: u64,
    outcomes: BTreeMap<PathBuf, Result<Inspection, FileProblem>>,
}

impl Looked {
    fn inspect(&self, source: &Source) -> Result<Inspection, FileProblem> {
        inspect::inspect_within(&source.path, source.reach(), self.limit)
    }
}

impl Shelf for Looked {
    fn files(&mut self, folder: &Path) -> Vec<PathBuf> {
        files(folder).unwrap_or_else(|error| {
            tracing::warn!(folder = %folder.display(), %error, "The plugin folder cannot be read");
            Vec::new()
        })
    }

    fn name(&mut self, source: &Source) -> PluginName {
        let outcome = self.inspect(source);
        let name = name_of(&source.path, outcome.as_ref().ok());
        self.outcomes.insert(source.path.clone(), outcome);
        name
    }
}

/// The id that it gives itself, else the name of the file.
fn name_of(path: &Path, inspection: Option<&Inspection>) -> PluginName {
    let id = inspection.and_then(|it| it.manifest.as_ref()).and_then(|manifest| manifest.id.parse().ok());
    id.unwrap_or_else(|| name_of_file(path))
}

fn complaints(settings: &PluginSettings, outcome: &Result<Inspection, FileProblem>) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    if settings.is_enabled {
        match outcome {
            Ok(inspection) => complain(settings, inspection, &mut complaints),
            Err(problem) => complaints.push(Complaint {
                part: "file".into(),
                // It may be on its way into the folder.
                is_error: !matches!(problem, FileProblem::Missing { .. }),
                message: said(problem),
                fix: "`tapedeck plugins list` shows the files that are there.".into(),
            }),
        }
    }
    complaints
}

/// The problem and what it comes from.
fn said(problem: &FileProblem) -> String {
    let cause = std::error::Error::source(problem).map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{problem}{cause}")
}

fn complain(settings: &PluginSettings, inspection: &Inspection, complaints: &mut Vec<Complaint>) {
    // Without a manifest nothing is known before the plugin was asked.
    let Some(manifest) = &inspection.manifest else { return };
    if let Some(schema) = &manifest.settings_schema
        && let Err(faults) = schema.settle(settings.settings.clone())
    {
        let fix = format!("`tapedeck plugins inspect {}` lists its settings.", inspection.path.display());
        complaints.extend(faults.into_iter().map(|message| Complaint {
            part: "settings".into(),
            is_error: true,
            message,
            fix: fix.clone(),
        }));
    }
    for grant in settings.grants.lines() {
        if !is_wanted(&grant, &manifest.wants) {
            let wants: Vec<String> =
                manifest.wants.lines().iter().map(|(grant, _)| grant.to_string()).collect();
            let fix = match wants.is_empty() {
                true => "Remove it: the plugin asks for nothing.".to_owned(),
                false => format!("Remove it. The plugin asks for {}.", wants.join(", ")),
            };
            complaints.push(Complaint {
                part: format!("grants.{}", grant.key().capability()),
                is_error: false,
                message: format!("it has no effect: the plugin does not ask for `{grant}`"),
                fix,
            });
        }
    }
}

/// Whether a plugin that asks for `wants` could ever use this.
pub(super) fn is_wanted(grant: &Grant, wants: &Wants) -> bool {
    let Grant::Http(http) = grant else { return wants.find(&grant.key()).is_some() };
    let url = Url::parse(&http.host.to_string()).or_else(|_| Url::parse(&format!("https://{}", http.host)));
    wants.http.iter().any(|want| {
        want.host.includes(&http.host)
            || http.host.includes(&want.host)
            || url.as_ref().is_ok_and(|url| want.host.asks_for(url))
    })
}

impl Surveyed {
    /// As the page would show it, had a daemon looked.
    pub fn view(
        &self,
        host: &HostSettings,
        settings: Option<&PluginSettings>,
        decisions: &[GrantDecision],
    ) -> PluginView {
        let inspection = self.outcome.as_ref().ok();
        let manifest = inspection.and_then(|it| it.manifest.as_ref());
        let nothing = Grants::default();
        let grants = settings.map_or(&nothing, |settings| &settings.grants);
        let permit = |wants: Wants| Permit::new(self.name.clone(), wants, grants, decisions);
        let capabilities = match manifest {
            Some(manifest) => permit(manifest.wants.clone()).views(),
            None => permit(Wants::default()).views_of_decisions(),
        };
        PluginView {
            name: self.name.clone(),
            state: self.state(settings),
            problem: None,
            id: manifest.map(|it| it.id.clone()),
            version: manifest.map(|it| it.version.clone()),
            summary: manifest.map(|it| it.summary.clone()),
            sdk: manifest.and_then(|it| it.sdk.clone()),
            kinds: inspection.map(|it| it.kinds.clone()).unwrap_or_default(),
            is_pure: inspection.is_some_and(|it| it.is_pure),
            file: Some(self.path.clone()),
            file_bytes: inspection.map(|it| it.file_bytes),
            sha256: inspection.map(|it| it.sha256.clone()),
            loaded_at: None,
            compile_ms: None,
            capabilities,
            settings_schema: manifest.and_then(|it| Some(it.settings_schema.as_ref()?.json().clone())),
            limits: settings.map_or_else(|| host.limits.clone(), |settings| settings.limits.clone()),
            figures: PluginFigures::default(),
            log: Vec::new(),
        }
    }

    fn state(&self, settings: Option<&PluginSettings>) -> PluginState {
        if settings.is_some_and(|settings| !settings.is_enabled) {
            return PluginState::Disabled;
        }
        match &self.outcome {
            Err(problem @ FileProblem::Missing { .. }) => PluginState::Missing { reason: said(problem) },
            Err(problem) => PluginState::Broken { reason: said(problem) },
            Ok(_) => match self.complaints.iter().find(|complaint| complaint.is_error) {
                Some(complaint) => {
                    PluginState::Broken { reason: format!("{}: {}", complaint.part, complaint.message) }
                }
                None => PluginState::Found,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;
    use crate::plugin_host::guest::Guest;

    fn guest(id: &str) -> Vec<u8> {
        let manifest = json!({
            "id": id, "version": "1.2.0", "summary": "A test.",
            "wants": { "http": [{ "host": "*.example.com", "methods": ["GET"] }] },
            "settings_schema": { "type": "object", "additionalProperties": false,
                "properties": { "word": { "type": "string" } } },
        });
        Guest::of_wit_beside("package test:guest; world guest { export tapedeck:plugin/chat-filter@1.0.0; }")
            .manifest(&manifest.to_string())
            .component()
    }

    struct Place {
        _folder: tempfile::TempDir,
        host: HostSettings,
        tables: BTreeMap<PluginName, PluginSettings>,
    }

    impl Place {
        fn with(files: &[(&str, &[u8])]) -> Self {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join(".hidden.wasm"), "x").unwrap();
            for (name, bytes) in files {
                fs::write(folder.path().join(name), bytes).unwrap();
            }
            let host = HostSettings::in_folder(folder.path(), &folder.path().join("cache"));
            Self { _folder: folder, host, tables: BTreeMap::new() }
        }

        fn table(mut self, name: &str, edit: impl FnOnce(&mut PluginSettings)) -> Self {
            let mut settings = PluginSettings::unnamed(&self.host);
            edit(&mut settings);
            self.tables.insert(name.parse().unwrap(), settings);
            self
        }

        fn survey(&self) -> BTreeMap<String, Surveyed> {
            survey(&self.host, &self.tables).into_iter().map(|it| (it.name.to_string(), it)).collect()
        }
    }

    #[test]
    fn files_and_tables_come_together() {
        let place =
            Place::with(&[("a-1.wasm", &guest("words")), ("b.wasm", &guest("other")), ("C c.wasm", b"x")])
                .table("family", |table| table.file = Some("b.wasm".into()))
                .table("gone", |_| {});
        let found = place.survey();
        assert_eq!(found.keys().collect::<Vec<_>>(), ["c-c", "family", "gone", "words"]);
        let state = |name: &str| found[name].view(&place.host, place.tables.get(name), &[]).state;
        assert_eq!(state("words"), PluginState::Found);
        assert!(matches!(state("c-c"), PluginState::Broken { .. }));
        assert!(matches!(state("gone"), PluginState::Missing { .. }));
        assert!(!found["gone"].complaints[0].is_error, "it may be on its way");
    }

    #[test]
    fn tables_find_files_by_their_id() {
        let place = Place::with(&[("a_b.wasm", &guest("a-b"))])
            .table("a-b", |table| table.settings = json!({ "word": 3 }));
        let found = place.survey();
        assert_eq!(found.len(), 1);
        assert!(found["a-b"].path.ends_with("a_b.wasm") && found["a-b"].complaints[0].is_error);
    }

    #[test]
    fn withdrawals_from_broken_files_are_shown() {
        let place = Place::with(&[("words.wasm", b"junk")])
            .table("words", |table| table.grants.put("run=sleep".parse().unwrap()));
        let decision = GrantDecision {
            plugin: "words".into(),
            key: "run=sleep".parse().unwrap(),
            approved: None,
            at: jiff::Timestamp::UNIX_EPOCH,
            by: "ann".into(),
        };
        let settings = place.tables.get("words");
        let view = place.survey()["words"].view(&place.host, settings, &[decision]);
        assert!(!view.capabilities[0].is_granted, "{:?}", view.capabilities);
    }

    #[test]
    fn settings_are_held_against_the_file() {
        let place = Place::with(&[("words.wasm", &guest("words"))])
            .table("words", |table| table.settings = json!({ "word": 3, "wrod": "x" }));
        let complaints = &place.survey()["words"].complaints;
        assert_eq!(complaints.len(), 2, "{complaints:?}");
        assert!(complaints.iter().all(|it| it.is_error && it.part == "settings"), "{complaints:?}");
    }

    #[test]
    fn grants_without_effect_are_told() {
        let granted = |grants: &[&str]| {
            let place = Place::with(&[("words.wasm", &guest("words"))]).table("words", |table| {
                grants.iter().for_each(|grant| table.grants.put(grant.parse().unwrap()));
            });
            let complaints = place.survey().remove("words").unwrap().complaints;
            complaints.into_iter().map(|it| it.part).collect::<Vec<_>>()
        };
        assert_eq!(granted(&["http=api.example.com", "http=*.example.com", "http=*"]), [""; 0]);
        assert_eq!(
            granted(&["http=example.org", "run=yt-dlp", "kv=1MiB"]),
            ["grants.http", "grants.run", "grants.kv"]
        );
    }
}

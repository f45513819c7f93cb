//! What tables of backends lean on: folders, programs, and jobs that name them.

use std::{ffi::OsStr, path::Path};

use super::{Lacks, Surroundings};
use crate::{
    config::{BackendKind, BackendSection, Config},
    jobs,
    model::PluginName,
    music::backends::program_of,
};

pub(super) fn look(config: &Config, around: Surroundings<'_>, lacks: &mut Lacks) {
    // Jobs that are switched off name them as well.
    let named: Vec<String> =
        config.jobs.values().filter_map(jobs::profile_needs).flat_map(|needs| needs.backends).collect();
    for (name, section) in &config.backends {
        if named.iter().any(|named| named == name.as_str()) {
            look_at(name, section, around, lacks);
        } else {
            let fix = format!(
                "Write it into `backends` of a job of kind profile-music, or remove [backends.{name}]."
            );
            lacks.tell(format!("backends.{name}"), "no job uses it", fix);
        }
    }
}

fn look_at(name: &PluginName, section: &BackendSection, around: Surroundings<'_>, lacks: &mut Lacks) {
    match section.kind {
        BackendKind::Files => {
            let folder = section.folder.as_ref().map(|folder| around.folder.join(folder));
            if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
                let message = format!("there is no folder {}", folder.display());
                lacks.tell(format!("backends.{name}.folder"), message, "Make it, or correct `folder`.");
            }
        }
        BackendKind::Command => {
            let program = program_of(section, around.folder);
            // A `PATH` of its own is where it is looked up.
            let search = around.search.filter(|_| !section.environment.contains_key("PATH"));
            if let Some(program) = program.filter(|program| !is_there(program, search)) {
                let message = format!("the program {} is not installed", program.display());
                lacks.tell(format!("backends.{name}.program"), message, "Install it, or correct `program`.");
            }
        }
    }
}

/// Where the folders are not known, a name alone may be anywhere.
fn is_there(program: &Path, search: Option<&OsStr>) -> bool {
    if program.components().count() > 1 {
        return program.is_file();
    }
    search.is_none_or(|folders| std::env::split_paths(folders).any(|folder| folder.join(program).is_file()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        clock::{ManualClock, SharedClock},
        config::JobSection,
        model::Policy,
    };

    #[test]
    fn folders_and_programs_have_to_be_there() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("music")).unwrap();
        std::fs::write(folder.path().join("recorder"), "x").unwrap();
        let mut config = Config::default();
        for (name, table) in [
            ("a", json!({ "kind": "files", "folder": "music" })),
            ("b", json!({ "kind": "files", "folder": "musik" })),
            ("c", json!({ "kind": "command", "program": "recorder" })),
            ("d", json!({ "kind": "command", "program": "recordre" })),
            ("e", json!({ "kind": "command", "program": "./recorder" })),
            ("f", json!({ "kind": "command", "program": "bin/recorder" })),
            ("g", json!({ "kind": "command", "program": "else", "environment": { "PATH": "/elsewhere" } })),
            ("h", json!({ "kind": "files", "folder": "nowhere" })),
        ] {
            config.backends.insert(name.parse().unwrap(), serde_json::from_value(table).unwrap());
        }
        let policy = Policy { enabled: false, ..Policy::default() };
        let job = JobSection {
            kind: "profile-music".into(),
            policy,
            settings: json!({ "backends": ["a", "b", "c", "d", "e", "f", "g"] }),
            shown_settings: serde_json::Value::Null,
        };
        config.jobs.insert("show".parse().unwrap(), job);
        let clock: SharedClock = ManualClock::at("2026-01-01T12:00:00Z".parse().unwrap());
        let search = Some(folder.path().as_os_str());
        let mut lacks = Lacks::default();
        look(
            &config,
            Surroundings { program: None, search, folder: folder.path(), clock: &clock },
            &mut lacks,
        );
        let base = format!("{}/", folder.path().display());
        let told = lacks.list.iter().map(|it| format!("{}: {}", it.key, it.message.replace(&base, "")));
        assert_eq!(
            told.collect::<Vec<_>>(),
            [
                "backends.b.folder: there is no folder musik",
                "backends.d.program: the program recordre is not installed",
                "backends.f.program: the program bin/recorder is not installed",
                "backends.h: no job uses it",
            ]
        );
    }
}

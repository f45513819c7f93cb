//! Where a daemon is to be found, for those who only look for it.

use std::{net::SocketAddr, path::PathBuf};

use super::{
    DataSection, ServerSection, Sources, Vocabulary, file,
    node::{Layer, Node, Table, Value},
    overrides, shape,
};

/// The keys that lead to a daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    pub data_folder: PathBuf,
    pub listen: SocketAddr,
}

/// Reads these keys alone and forgives everything: a daemon goes on with its last good
/// configuration while the file is broken, so it can be asked then too. What cannot be read has
/// its default.
pub fn load_places(sources: &Sources) -> Places {
    let no_kinds = Vocabulary { kinds: Vec::new(), check_cron: |_| Ok(()) };
    let mut tree = Node::new(Value::Table(Table::new()), Layer::File(file::name(sources)));
    if let Ok(Some(node)) = file::read(sources) {
        tree.lay_over(node);
    }
    let _ = overrides::apply(&sources.environment, &shape::read(&no_kinds).root, &mut tree);
    let text = |section: &str, key: &str| tree.get(section)?.get(key)?.as_text();
    let folder = text("data", "folder").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let listen = text("server", "listen").and_then(|listen| listen.parse().ok());
    Places {
        data_folder: sources.folder().join(folder.unwrap_or_else(|| DataSection::default().folder)),
        listen: listen.unwrap_or_else(|| ServerSection::default().listen),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::config::Environment;

    fn places(text: &str, variables: &[(&str, &str)]) -> (String, String) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        fs::write(&file, text).unwrap();
        let environment: Environment = variables.iter().copied().collect();
        let places = load_places(&Sources::new(Some(file), environment));
        let data = places.data_folder.strip_prefix(folder.path()).unwrap_or(&places.data_folder);
        (data.display().to_string(), places.listen.to_string())
    }

    fn is(data: &str, listen: &str) -> (String, String) {
        (data.to_owned(), listen.to_owned())
    }

    #[test]
    fn wrong_keys_elsewhere_do_not_matter() {
        let text = "auth.password = { env = \"NOT_SET\" }\nlogg = 1\n[data]\nfolder = \"here\"\n\
                    [server]\nlisten = \"[::1]:9\"\n[jobs.a]\nkind = \"nothing\"\n";
        assert_eq!(places(text, &[]), is("here", "[::1]:9"));
    }

    #[test]
    fn what_cannot_be_read_has_its_default() {
        let default = is("tapedeck-data", "127.0.0.1:8484");
        assert_eq!(places("[data\n", &[]), default);
        assert_eq!(places("data = 3\nserver.listen = \"nowhere\"", &[]), default);
    }

    #[test]
    fn variables_win_over_broken_files() {
        let variables = [
            ("TAPEDECK__DATA__FOLDER", "/var/lib/deck"),
            ("TAPEDECK__SERVER__LISTEN", "127.0.0.1:7"),
            ("TAPEDECK__NONSENSE", "1"),
        ];
        assert_eq!(places("[data\n", &variables), is("/var/lib/deck", "127.0.0.1:7"));
    }
}

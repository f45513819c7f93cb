//! Archives to measure with: a file, or a PostgreSQL of the bench's own.

use std::{
    cell::RefCell,
    io::{BufRead as _, BufReader, Write as _},
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use tapedeck::archive::{PostgresStore, SharedStore, SqliteStore};
use tempfile::TempDir;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Engine {
    Sqlite { file: PathBuf },
    Postgres { address: String },
}

pub(crate) async fn open(engine: &Engine) -> SharedStore {
    match engine {
        Engine::Sqlite { file } => Arc::new(SqliteStore::open(file).expect("a store")),
        Engine::Postgres { address } => Arc::new(PostgresStore::open(address).await.expect("a store")),
    }
}

/// As Debian sets it up, on a socket in a folder of its own. Names of databases on its standard input; when that ends, so does
/// the server.
const SCRIPT: &str = r#"
set -e
folder=$1
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
as() { "$@"; }
if [ "$(id -u)" = 0 ]; then
    chown postgres "$folder"
    as() { setpriv --reuid postgres --regid "$(id -g postgres)" --clear-groups "$@"; }
fi
cd "$folder"
as "$bin/initdb" --pgdata data --username deck --auth trust --encoding UTF8 --locale C >log 2>&1 || { cat log >&2; exit 1; }
as "$bin/pg_ctl" --pgdata data --log server.log --options "-k '$folder' -c listen_addresses=" --wait start >/dev/null 2>&1 || { cat server.log >&2; exit 1; }
echo up
while read -r name; do
    as "$bin/createdb" -h "$folder" -U deck "$name"
    echo "$name"
done
as "$bin/pg_ctl" --pgdata data --mode immediate --wait stop >/dev/null 2>&1 || true
cd / && rm -rf "$folder"
"#;

pub(crate) struct Server {
    folder: TempDir,
    process: Child,
    /// None when it was told to end.
    names: RefCell<Option<ChildStdin>>,
    answers: RefCell<BufReader<ChildStdout>>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut process = Command::new("sh")
            .args(["-c", SCRIPT, "sh"])
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let (input, output) = (process.stdin.take().expect("piped"), process.stdout.take().expect("piped"));
        let (names, answers) = (Some(input).into(), BufReader::new(output).into());
        let server = Self { folder, process, names, answers };
        server.hear("up");
        server
    }

    /// The address of an empty database.
    pub(crate) fn database(&self, name: &str) -> String {
        let mut names = self.names.borrow_mut();
        writeln!(names.as_mut().expect("it was not told to end"), "{name}").expect("it listens");
        self.hear(name);
        format!("host={} user=deck dbname={name}", self.folder.path().display())
    }

    fn hear(&self, word: &str) {
        let mut heard = String::new();
        self.answers.borrow_mut().read_line(&mut heard).expect("it speaks");
        assert_eq!(heard.trim(), word, "PostgreSQL does not start: run `scripts/need postgres`");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.names.take());
        // The measurement is over; how it ends is tested elsewhere.
        let _ = self.process.wait();
    }
}

//! A PostgreSQL of the tests' own: made when the first test needs it, on a socket in a folder of its own, and gone
//! with the process that asked for it, however that ends.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use tempfile::TempDir;

/// Words on its standard input say what to do; when that ends, so does the server.
const SCRIPT: &str = r#"
set -e
bin=$1 folder=$2
as() { "$@"; }
if [ "$(id -u)" = 0 ]; then
    user=nobody
    if id postgres >/dev/null 2>&1; then user=postgres; fi
    chown "$user" "$folder"
    as() { setpriv --reuid "$user" --regid "$(id -g "$user")" --clear-groups "$@"; }
fi
cd "$folder"
as "$bin/initdb" --pgdata data --username deck --auth trust --encoding UTF8 --locale C --no-sync >log 2>&1 || { cat log >&2; exit 1; }
settings="-k '$folder' -c listen_addresses= -c fsync=off -c full_page_writes=off -c autovacuum=off -c max_connections=200 -c shared_buffers=64MB"
up() { as "$bin/pg_ctl" --pgdata data --log server.log --options "$settings" --wait start >/dev/null 2>&1 || { cat server.log >&2; exit 1; }; }
up
echo up
while read -r word; do
    case $word in
    stop) as "$bin/pg_ctl" --pgdata data --mode immediate --wait stop >/dev/null ;;
    start) up ;;
    esac
    echo "$word"
done
as "$bin/pg_ctl" --pgdata data --mode immediate --wait stop >/dev/null 2>&1 || true
cd / && rm -rf "$folder"
"#;

pub(crate) struct Server {
    folder: TempDir,
    databases: AtomicU32,
    talk: Mutex<Talk>,
    _process: Child,
}

struct Talk {
    words: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Server {
    /// The one that tests share.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// One that a test may stop.
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut process = Command::new("sh")
            .args(["-c", SCRIPT, "sh"])
            .arg(programs())
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let (words, answers) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        let talk = Mutex::new(Talk { words, answers: BufReader::new(answers) });
        let server = Self { folder, databases: AtomicU32::new(0), talk, _process: process };
        server.hear("up");
        server
    }

    /// At once, as when the machine loses power.
    pub(crate) fn stop(&self) {
        self.say("stop");
    }

    pub(crate) fn restart(&self) {
        self.say("start");
    }

    fn say(&self, word: &str) {
        let mut talk = self.talk.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(talk.words, "{word}").unwrap();
        drop(talk);
        self.hear(word);
    }

    fn hear(&self, word: &str) {
        let mut heard = String::new();
        let mut talk = self.talk.lock().unwrap_or_else(PoisonError::into_inner);
        talk.answers.read_line(&mut heard).unwrap();
        assert_eq!(heard.trim(), word, "PostgreSQL does not start; what it says stands above");
    }

    fn address_of(&self, database: &str) -> String {
        format!("host={} user=deck dbname={database}", self.folder.path().display())
    }

    /// The address of an empty database.
    pub(crate) async fn database(&self) -> String {
        let name = format!("deck_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let client = connect(&self.address_of("postgres")).await;
        client.batch_execute(&format!("create database {name} template template0")).await.unwrap();
        self.address_of(&name)
    }
}

/// A connection that is not the store's. It lives as long as the process.
#[expect(clippy::disallowed_methods, reason = "a test has no lifecycle that could wait for it")]
pub(crate) async fn connect(address: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(address, tokio_postgres::NoTls).await.unwrap();
    drop(tokio::task::spawn(async { drop(connection.await) }));
    client
}

/// The folder that `initdb` lies in: Debian keeps each version apart and none of them in the path.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, folder)| folder.join("initdb").exists())
        .collect();
    versions.sort();
    let newest = versions.pop().map(|(_, folder)| folder);
    let found = newest.or_else(|| {
        let output = Command::new("sh").args(["-c", "command -v initdb"]).output().ok()?;
        let path = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
        Some(path.parent()?.to_owned()).filter(|folder| folder.join("initdb").exists())
    });
    found.expect("PostgreSQL is missing, which the archive is tested with: run `scripts/need postgres`")
}

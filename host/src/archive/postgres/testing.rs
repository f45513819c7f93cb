//! A PostgreSQL of the tests' own, on a socket in a folder of its own.
//!
//! - An empty one is made once and copied from then on: `initdb` takes longer than most tests.
//! - All test processes that run at the same time share one. Whoever comes first starts it; it ends some seconds after
//!   the last of them, however that one ended.
//! - One that a test may stop is that test's alone, and goes with its process.

use std::{
    collections::hash_map::DefaultHasher,
    fs::{self, File, OpenOptions},
    hash::{Hash as _, Hasher as _},
    io::{BufRead as _, BufReader, Write as _},
    os::unix::{net::UnixStream, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use tempfile::TempDir;

/// What all scripts begin with. PostgreSQL does not run as root.
const BEGIN: &str = r#"
set -e
bin=$1 folder=$2 empty=$3
as() { "$@"; }
if [ "$(id -u)" = 0 ]; then
    user=nobody
    if id postgres >/dev/null 2>&1; then user=postgres; fi
    chown "$user" "$folder"
    as() { setpriv --reuid "$user" --regid "$(id -g "$user")" --clear-groups "$@"; }
fi
cd "$folder"
settings="-k '$folder' -c listen_addresses= -c fsync=off -c full_page_writes=off -c autovacuum=off -c max_connections=300 -c shared_buffers=64MB"
up() { as "$bin/pg_ctl" --pgdata data --log server.log --options "$settings" --wait start >/dev/null 2>&1 || { cat server.log >&2; exit 1; }; }
down() { as "$bin/pg_ctl" --pgdata data --mode immediate --wait stop >/dev/null 2>&1; }
"#;

/// An empty cluster, for others to copy.
const MAKE: &str = r#"
as "$bin/initdb" --pgdata data --username deck --auth trust --encoding UTF8 --locale C --no-sync >log 2>&1 || { cat log >&2; exit 1; }
rm -rf "$empty.part"
cp -a data "$empty.part"
mv "$empty.part" "$empty"
"#;

/// Words on its standard input say what to do; when that ends, so does the server.
const OWN: &str = r#"
cp -a "$empty" data
up
echo up
while read -r word; do
    case $word in
    stop) down ;;
    start) up ;;
    esac
    echo "$word"
done
down || true
cd / && rm -rf "$folder"
"#;

/// Stays until nobody holds the file that its users hold.
const SHARED: &str = r#"
users=$4 place=$5
cp -a "$empty" data
up
printf '%s' "$folder" >"$place.part"
mv "$place.part" "$place"
echo up
exec >/dev/null 2>&1 <"$users"
while sleep 2; do
    if flock --exclusive --nonblock 0; then
        rm -f "$place"
        down || true
        cd / && rm -rf "$folder"
        exit
    fi
done
"#;

pub(crate) struct Server {
    folder: PathBuf,
    databases: AtomicU32,
    how: How,
}

enum How {
    /// It stays as long as somebody holds the file.
    Shared {
        _users: File,
        _started: Option<Child>,
    },
    Own {
        _folder: TempDir,
        talk: Mutex<Talk>,
        _process: Child,
    },
}

struct Talk {
    words: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Talk {
    fn hear(&mut self, word: &str) {
        let mut heard = String::new();
        self.answers.read_line(&mut heard).unwrap();
        assert_eq!(heard.trim(), word, "PostgreSQL does not start; what it says stands above");
    }
}

impl Server {
    /// The one that tests share.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(Self::find_or_start)
    }

    fn find_or_start() -> Self {
        let empty = empty();
        let shelf = shelf();
        let users = open(&shelf.join("users"));
        // From here on nobody stops the one that runs; one that is being stopped is waited for.
        users.lock_shared().unwrap();
        let door = open(&shelf.join("door"));
        door.lock().unwrap();
        let place = shelf.join("place");
        let running = fs::read_to_string(&place).map(PathBuf::from).ok();
        let is_up = |folder: &PathBuf| UnixStream::connect(folder.join(".s.PGSQL.5432")).is_ok();
        let (folder, started) = running.filter(is_up).map(|folder| (folder, None)).unwrap_or_else(|| {
            let folder = tempfile::tempdir().unwrap().keep();
            let mut command = script(SHARED, &folder, &empty);
            command.args([&shelf.join("users"), &place]).stdin(Stdio::null()).stderr(Stdio::inherit());
            // It outlives this process, and whatever ends the group of it.
            let mut started = command.process_group(0).spawn().expect("a shell");
            let mut heard = String::new();
            BufReader::new(started.stdout.take().unwrap()).read_line(&mut heard).unwrap();
            assert_eq!(heard.trim(), "up", "PostgreSQL does not start; what it says stands above");
            (folder, Some(started))
        });
        let how = How::Shared { _users: users, _started: started };
        Self { folder, databases: AtomicU32::new(0), how }
    }

    /// One that a test may stop.
    pub(crate) fn start() -> Self {
        let empty = empty();
        let folder = tempfile::tempdir().unwrap();
        let mut process = script(OWN, folder.path(), &empty).stdin(Stdio::piped()).spawn().expect("a shell");
        let (words, answers) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        let mut talk = Talk { words, answers: BufReader::new(answers) };
        talk.hear("up");
        let place = folder.path().to_owned();
        let how = How::Own { _folder: folder, talk: Mutex::new(talk), _process: process };
        Self { folder: place, databases: AtomicU32::new(0), how }
    }

    /// At once, as when the machine loses power.
    pub(crate) fn stop(&self) {
        self.say("stop");
    }

    pub(crate) fn restart(&self) {
        self.say("start");
    }

    fn say(&self, word: &str) {
        let How::Own { talk, .. } = &self.how else { panic!("others use this server, too") };
        let mut talk = talk.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(talk.words, "{word}").unwrap();
        talk.hear(word);
    }

    fn address_of(&self, database: &str) -> String {
        format!("host={} user=deck dbname={database}", self.folder.display())
    }

    /// The address of an empty database.
    pub(crate) async fn database(&self) -> String {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("deck_{}_{number}", std::process::id());
        let client = connect(&self.address_of("postgres")).await;
        // Of a process that had the same number.
        client.batch_execute(&format!("drop database if exists {name} with (force)")).await.unwrap();
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

/// Waits until nobody else is connected: what a killed process has begun is over then, one way or the other.
pub(crate) async fn abandoned(address: &str) {
    const OTHERS: &str = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";
    let client = connect(address).await;
    while client.query_one(OTHERS, &[]).await.unwrap().get::<_, i64>(0) > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
}

/// What lies there is kept from one run of the tests to the next.
fn shelf() -> PathBuf {
    let shelf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tmp/postgres");
    fs::create_dir_all(&shelf).unwrap();
    shelf.canonicalize().unwrap()
}

/// The folder of an empty cluster, made by the first who asks.
fn empty() -> PathBuf {
    let programs = programs();
    let shelf = shelf();
    let mut hash = DefaultHasher::new();
    (&programs, fs::metadata(programs.join("initdb")).unwrap().modified().ok()).hash(&mut hash);
    let empty = shelf.join(format!("empty-{:016x}", hash.finish()));
    let lock = open(&shelf.join("making"));
    lock.lock().unwrap();
    if !empty.exists() {
        let folder = tempfile::tempdir().unwrap();
        let made = script(MAKE, folder.path(), &empty).stdin(Stdio::null()).status().expect("a shell");
        assert!(made.success(), "there is no PostgreSQL; what it says stands above");
    }
    empty
}

fn open(path: &Path) -> File {
    OpenOptions::new().create(true).append(true).read(true).open(path).unwrap()
}

fn script(text: &str, folder: &Path, empty: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{BEGIN}{text}"), "sh"]).arg(programs()).arg(folder).arg(empty);
    command.stdout(Stdio::piped());
    command
}

/// The folder that `initdb` lies in: Debian keeps each version apart and none of them in the path.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
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

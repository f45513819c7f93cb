use std::fs;

use crate::support::*;

#[test]
fn second_daemon_is_refused_by_name() {
    let folder = Folder::with("");
    let daemon = folder.start();
    let output = folder.cli(&["run"]);
    let error = text(&output.stderr);
    assert!(!output.status.success());
    assert!(error.contains("is in use by another tapedeck (process "), "{error}");
    daemon.stop();
}

#[test]
fn no_job_runs_before_the_start_is_certain() {
    let folder = Folder::with(
        "[jobs.a]\nkind = \"command\"\nprogram = \"touch\"\nargs = [\"begun\"]\nat_start = true\n",
    );
    fs::create_dir_all(folder.data().join("daemon.json")).unwrap();
    let output = folder.cli(&["run"]);
    assert!(
        !output.status.success() && text(&output.stderr).contains("daemon.json"),
        "{}",
        text(&output.stderr)
    );
    assert!(!folder.path("begun").exists());
    fs::remove_dir(folder.data().join("daemon.json")).unwrap();
    let mut daemon = folder.start();
    daemon.wait_until("the job has run", |_| folder.path("begun").exists());
    daemon.stop();
}

#[test]
fn all_mistakes_are_told_at_once() {
    let folder = Folder::with(
        "[jobs.a]\nkind = \"command\"\nprogramm = \"true\"\ncron = \"61 * * * *\"\nafter = [\"a\"]\n\
         [jobs.b]\nkind = \"command\"\nprogram = \"true\"\nevery = \"soon\"\nafter = [\"nope\"]\n",
    );
    for command in ["check", "run"] {
        let output = folder.cli(&[command]);
        let said = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        for mistake in ["programm", "61", "soon", "nope"] {
            assert!(said.contains(mistake), "{command} says nothing of {mistake}:\n{said}");
        }
    }
}

#[test]
fn strange_files_give_clear_errors() {
    let folder = Folder::with("");
    let huge = vec![b'#'; 9 * 1024 * 1024];
    for (what, bytes) in [("non-UTF-8", &b"\xff\xfe[jobs]"[..]), ("broken", b"[jobs"), ("huge", &huge)] {
        fs::write(folder.path("config.toml"), bytes).unwrap();
        let output = folder.cli(&["run"]);
        assert_eq!(output.status.code(), Some(2), "{what}: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains("config.toml"), "{what}: {}", text(&output.stderr));
    }
}

#[test]
fn empty_file_is_a_configuration() {
    let folder = Folder::with("");
    fs::write(folder.path("config.toml"), "").unwrap();
    assert_eq!(folder.cli(&["check"]).status.code(), Some(0));
}

#[test]
fn file_in_place_of_the_data_folder_is_explained() {
    let folder = Folder::with("");
    fs::write(folder.data(), "I am a file").unwrap();
    let output = folder.cli(&["run"]);
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("tapedeck-data") && !error.contains("panicked"), "{error}");
}

#[test]
fn cut_state_is_never_taken_for_empty() {
    let folder = Folder::with("[jobs.a]\nkind = \"command\"\nprogram = \"true\"\nat_start = true\n");
    for _ in 0..3 {
        let mut daemon = folder.start();
        daemon.wait_until("it has run", |daemon| {
            daemon.statuses("a").last().is_some_and(|last| last == "succeeded")
        });
        daemon.stop();
    }
    let db = fs::File::options().write(true).open(folder.data().join("state/db")).unwrap();
    db.set_len(0).unwrap();
    let output = folder.cli(&["run"]);
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("backup") && !error.contains("panicked"), "{error}");
}

#[test]
fn taken_port_is_explained() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = Folder::with("");
    let address = taken.local_addr().unwrap();
    fs::write(folder.path("config.toml"), format!("[server]\nlisten = \"{address}\"\n")).unwrap();
    let output = folder.cli(&["run"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("server.listen"), "{}", text(&output.stderr));
}

#[test]
fn without_a_user_only_this_machine_is_served() {
    let folder = Folder::with("");
    fs::write(folder.path("config.toml"), "[server]\nlisten = \"0.0.0.0:0\"\n").unwrap();
    let daemon = folder.start();
    assert!(daemon.log().contains("tapedeck user add"), "{}", daemon.log());
    assert_eq!(daemon.get("/api/v1/status")["loopback_only"], true);
    daemon.stop();
}

//! `tapedeck archive merge` and `copy`, from one archive into another.

use serde_json::Value;

use crate::{
    postgres,
    support::{sources::*, *},
};

/// With messages from one number to another, and a picture.
fn archive(first: usize, last: usize) -> Folder {
    let folder = Folder::with("");
    let mut messages: Vec<Value> = (first..=last).map(said).collect();
    messages[0]["photo"] = "photos/a.jpg".into();
    let path = desktop(&folder, "desktop", &messages);
    std::fs::write(path.join("photos/a.jpg"), b"a picture").unwrap();
    folder.cli_json(&["import", path.to_str().unwrap()]);
    folder
}

fn pictures(folder: &Folder) -> usize {
    let named = std::fs::read_dir(folder.data().join(format!("archive/media/{CHAT}")));
    let names = named.into_iter().flatten().map(|name| std::fs::read(name.unwrap().path()).unwrap());
    names.filter(|bytes| bytes == b"a picture").count()
}

#[test]
fn two_archives_become_one() {
    let (ours, theirs) = (archive(1, 20), archive(11, 40));
    let other = theirs.data().join("archive");
    let merge =
        |more: &[&str]| ours.cli_json(&[&["archive", "merge", other.to_str().unwrap()], more].concat());
    let merged = &merge(&[])["summary"];
    assert_eq!(
        (&merged["messages"], &merged["new"], &merged["files"]),
        (&30.into(), &20.into(), &1.into()),
        "{merged}"
    );
    assert_eq!((count(&ours), pictures(&ours)), (40, 2));
    let again = &merge(&[])["summary"];
    assert_eq!((&again["new"], &again["changed"]), (&0.into(), &0.into()), "{again}");
    assert_eq!((count(&theirs), pictures(&theirs)), (30, 1), "the other one is as it was");
    let own = ours.data().join("archive");
    let output = ours.cli(&["archive", "merge", own.to_str().unwrap()]);
    assert!(
        output.status.code() == Some(2) && text(&output.stderr).contains("itself"),
        "{}",
        text(&output.stderr)
    );
    let output = ours.cli(&["archive", "merge", "nowhere"]);
    assert!(
        output.status.code() == Some(2) && text(&output.stderr).contains("no archive"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn a_copy_in_another_folder_has_its_own_files() {
    let (folder, target) = (archive(1, 20), Folder::with(""));
    let to = target.data().join("archive");
    let copied = folder.cli_json(&["archive", "copy", "--to", to.to_str().unwrap()]);
    assert_eq!((&copied["summary"]["new"], &copied["summary"]["files"]), (&20.into(), &1.into()), "{copied}");
    assert_eq!(copied["verification"]["differences"], serde_json::json!([]), "{copied}");
    std::fs::remove_dir_all(folder.data()).unwrap();
    assert_eq!((count(&target), pictures(&target)), (20, 1));
    let noticed = archive(1, 3).cli(&["archive", "copy", "--to", to.to_str().unwrap()]);
    assert_eq!(noticed.status.code(), Some(1));
    assert!(text(&noticed.stderr).contains("the copy differs"), "{}", text(&noticed.stderr));
}

#[test]
fn a_copy_on_a_server_is_compared_message_by_message() {
    let folder = archive(1, 1200);
    let address = postgres::database();
    let copy = || folder.cli(&["--json", "archive", "copy", "--to", &address]);
    let first = copy();
    assert!(first.status.success(), "{}", text(&first.stderr));
    let copied: Value = serde_json::from_slice(&first.stdout).unwrap();
    assert_eq!(
        (&copied["summary"]["new"], &copied["verification"]["messages"]),
        (&1200.into(), &1200.into())
    );
    // The same archive, now on the server, with the same files.
    let mut onwards = folder.command();
    onwards.env("TAPEDECK__ARCHIVE__URL", &address).args(["--json", "archive", "show", &CHAT.to_string()]);
    let shown = onwards.output().unwrap();
    assert!(text(&shown.stdout).contains("message 1200"), "{}", text(&shown.stderr));
    // Somebody has been at the copy.
    postgres::execute(&address, "update messages set deleted = 5 where id = 7");
    let second = copy();
    assert_eq!(second.status.code(), Some(1), "{}", text(&second.stdout));
    assert!(text(&second.stderr).contains("the copy differs in 1 place"), "{}", text(&second.stderr));
    postgres::execute(
        &address,
        "update messages set deleted = null where id = 7; delete from messages where id = 9",
    );
    assert!(copy().status.success(), "what is missing is copied again");
}

#[test]
fn a_server_that_goes_away_is_noticed_and_the_copy_goes_on() {
    let folder = archive(1, 3_000);
    let server = postgres::Server::start();
    let address = postgres::database_of(&server);
    let mut child = folder.command();
    child.args(["archive", "copy", "--to", &address]).stdout(std::process::Stdio::null());
    let child = child.stderr(std::process::Stdio::piped()).spawn().unwrap();
    while postgres::count(&address, "messages") < 500 {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    server.stop();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("cannot be used just now"), "{}", text(&output.stderr));
    server.restart();
    let rest = folder.cli_json(&["archive", "copy", "--to", &address]);
    assert!(rest["summary"]["new"].as_u64().unwrap() < 3_000, "{rest}");
    assert_eq!(
        (&rest["verification"]["messages"], &rest["verification"]["differences"]),
        (&3_000.into(), &serde_json::json!([]))
    );
}

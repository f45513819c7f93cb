//! `tapedeck login telegram --import tdata/`, with folders of Telegram Desktop that hold real logins.

use std::{fs, path::Path};

use crate::support::{
    accounts::{ANN, BOB},
    desk::Desk,
    tdata::{Account, Key, Writer, login, name},
};

/// Telegram Desktop, logged in at the simulated Telegram.
fn program(desk: &Desk, index: i32, user: i64, home: i32) -> Account {
    let keys = desk.world.telegram(|t| {
        let keys = t.new_keys();
        t.log_in_keys(&keys, user);
        keys
    });
    let keys: Vec<(i32, Key)> = keys.into_iter().collect();
    Account { index, blocks: login(user, home, &keys, true) }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test]
async fn desktop_lets_us_in_and_keeps_its_key() {
    let desk = Desk::start().await;
    let folder = Writer::modern(&[program(&desk, 0, ANN, 4)], 0, "");
    assert_eq!(desk.talk(&["--import", text(folder.path())]).end().await["user"]["id"], ANN);
    assert_eq!(desk.devices(ANN), 2, "two programs, two keys");
    assert_eq!(desk.account().await["user"]["id"], ANN);
    // From the folder that it lies in, by the key itself, under another name.
    let outer = tempfile::tempdir().unwrap();
    fs::rename(folder.path(), outer.path().join("tdata")).unwrap();
    let talk = desk.talk(&["--account", "same", "--import", text(outer.path()), "--take-over"]);
    assert_eq!(talk.end().await["user"]["id"], ANN);
    assert_eq!(desk.devices(ANN), 2, "the login of Telegram Desktop is ours now");
    desk.world.finish().unwrap();
}

#[tokio::test]
async fn local_passcode_is_asked_for() {
    let desk = Desk::start().await;
    let folder = Writer::modern(&[program(&desk, 0, ANN, 4)], 0, "pässcode");
    let mut talk = desk.talk(&["--import", text(folder.path())]);
    talk.answer("wrong").await;
    talk.answer("pässcode").await;
    assert_eq!(talk.end().await["user"]["id"], ANN);
    let (code, _, errors) = desk.run(&["login", "telegram", "--import", text(folder.path())]).await;
    assert_eq!(code, 2, "{errors}");
    assert!(errors.contains("local passcode") && errors.contains("nobody to answer"), "{errors}");
    let mut talk = desk.talk(&["--import", text(folder.path())]);
    for _ in 0..3 {
        talk.answer("wrong").await;
    }
    let errors = talk.refusal(2).await;
    assert!(errors.contains("not the folder's local passcode"), "{errors}");
    assert_eq!(desk.devices(ANN), 2, "nothing was tried at Telegram");
    desk.world.finish().unwrap();
}

#[tokio::test]
async fn one_of_several_accounts_has_to_be_named() {
    let desk = Desk::start().await;
    let folder = Writer::modern(&[program(&desk, 0, ANN, 4), program(&desk, 2, BOB, 2)], 2, "");
    let import = ["login", "telegram", "--import", text(folder.path())];
    let (code, _, errors) = desk.run(&import).await;
    assert_eq!(code, 2, "{errors}");
    for part in ["several accounts", "--user", &ANN.to_string(), &BOB.to_string()] {
        assert!(errors.contains(part), "{part}: {errors}");
    }
    let (code, _, errors) = desk.run(&[&import[..], &["--user", "9"]].concat()).await;
    assert_eq!(code, 2, "{errors}");
    assert!(errors.contains("no account of user 9") && errors.contains(&BOB.to_string()), "{errors}");
    for user in [BOB, ANN] {
        let id = user.to_string();
        let arguments = ["--account", &format!("user{id}"), "--user", &id, "--import", text(folder.path())];
        assert_eq!(desk.talk(&arguments).end().await["user"]["id"], user);
    }
    assert_eq!((desk.devices(ANN), desk.devices(BOB)), (2, 2));
    desk.world.finish().unwrap();
}

#[tokio::test]
async fn running_daemon_gets_the_login_and_not_the_key() {
    let desk = Desk::start().await;
    let mut daemon = desk.daemon().await;
    let folder = Writer::modern(&[program(&desk, 0, ANN, 4)], 0, "");
    let import = ["--import", text(folder.path())];
    let errors = desk.talk(&[&import[..], &["--take-over"]].concat()).refusal(1).await;
    assert!(errors.contains("stop it for --take-over"), "{errors}");
    assert_eq!(desk.talk(&import).end().await["user"]["id"], ANN);
    assert_eq!((desk.account().await["user"]["id"].as_i64(), desk.devices(ANN)), (Some(ANN), 2));
    daemon.kill().await.unwrap();
    desk.world.finish().unwrap();
}

#[tokio::test]
async fn damaged_folders_name_the_file_and_what_to_do() {
    let desk = Desk::start().await;
    let whole = program(&desk, 0, ANN, 4);
    let damage = |file: &str, change: fn(&Path)| {
        let folder = Writer::modern(std::slice::from_ref(&whole), 0, "");
        change(&folder.path().join(file));
        folder
    };
    let cut = |path: &Path| {
        let bytes = fs::read(path).unwrap();
        fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
    };
    let account = format!("{}s", name(0));
    let gone = |path: &Path| fs::remove_file(path).unwrap();
    let empty = |path: &Path| fs::write(path, "").unwrap();
    for (folder, file, why) in [
        (damage("key_datas", cut), "key_datas", "checksum"),
        (damage("key_datas", gone), "key_datas", "not there"),
        (damage("key_datas", empty), "key_datas", "no file of Telegram Desktop"),
        (damage(&account, cut), account.as_str(), "checksum"),
        // Without its file, an account is one that was only just added.
        (damage(&account, gone), "", "nobody is logged in"),
    ] {
        let (code, _, errors) = desk.run(&["login", "telegram", "--import", text(folder.path())]).await;
        assert_eq!(code, 2, "{errors}");
        assert!(errors.contains(file) && errors.contains(why), "{file}, {why}: {errors}");
        assert!(why.starts_with("nobody") || errors.contains("copy the folder again"), "{errors}");
    }
    desk.world.finish().unwrap();
}

#[tokio::test]
async fn paths_that_lead_nowhere_say_so() {
    let desk = Desk::start().await;
    let empty = tempfile::tempdir().unwrap();
    let picture = desk.path("picture.session");
    fs::write(&picture, [0xFF, 0xD8, 0xFF, 0xE0]).unwrap();
    for (path, why) in [
        (desk.path("missing"), "there is nothing at"),
        (empty.path().to_owned(), "no folder of Telegram Desktop"),
        (picture, "no session of Telethon or Pyrogram"),
    ] {
        let (code, _, errors) = desk.run(&["login", "telegram", "--import", text(&path)]).await;
        assert_eq!(code, 2, "{errors}");
        assert!(errors.contains(why) && errors.contains(text(&path)), "{why}: {errors}");
    }
    assert_eq!(desk.world.telegram(|t| t.calls.made().len()), 0, "Telegram was not asked");
}

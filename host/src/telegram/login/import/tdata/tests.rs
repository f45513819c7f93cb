//! Folders as Telegram Desktop writes them, and what can happen to them.

use std::{
    fs,
    time::{Duration, SystemTime},
};

use proptest::prelude::*;

use super::{
    writer::{Account, Writer, bytes, int, lock},
    *,
};

/// With keys of one byte each.
fn login(user_id: i64, home: i32, keys: &[(i32, u8)], is_wide: bool) -> Vec<u8> {
    let keys: Vec<_> = keys.iter().map(|(dc, key)| (*dc, [*key; 256])).collect();
    writer::login(user_id, home, &keys, is_wide)
}

fn account(index: i32, user_id: i64) -> Account {
    Account { index, blocks: login(user_id, 2, &[(2, 0x22), (4, 0x44)], true) }
}

fn users(tdata: &Tdata) -> Vec<(i32, Option<i64>)> {
    tdata.accounts.iter().map(|account| (account.index, account.login.user_id)).collect()
}

#[test]
fn names_are_those_of_telegram_desktop() {
    assert_eq!(account_name(0), "D877F783D5D3EF8C");
    assert_eq!(account_name(1), "A7FDF864FBC10B77");
    assert_eq!(account_name(2), "F8806DD0C461824F");
    assert_eq!(writer::name(2), account_name(2));
}

#[test]
fn one_account_is_read() {
    let writer = Writer::modern(&[account(0, 5_000_000_000)], 0, "");
    let tdata = read(writer.path(), None).unwrap();
    let found = &tdata.accounts[0].login;
    assert_eq!((tdata.accounts.len(), found.dc_id, found.user_id), (1, 2, Some(5_000_000_000)));
    assert_eq!((found.auth_key, found.other_keys[&4], found.other_keys.len()), ([0x22; 256], [0x44; 256], 1));
}

#[test]
fn folder_is_found_from_around_it() {
    let writer = Writer::modern(&[account(0, 7)], 0, "");
    let outer = tempfile::tempdir().unwrap();
    let tdata = outer.path().join("TelegramDesktop/tdata");
    fs::create_dir_all(tdata.join("user_data/cache")).unwrap();
    for file in fs::read_dir(writer.path()).unwrap().flatten() {
        fs::copy(file.path(), tdata.join(file.file_name())).unwrap();
    }
    let session = tdata.join("some.session");
    fs::write(&session, "1BJWap1wBuz").unwrap();
    let inside = ["", "user_data", "user_data/cache", "key_datas"].map(|name| tdata.join(name));
    for path in inside.iter().map(PathBuf::as_path).chain([tdata.parent().unwrap(), outer.path()]) {
        let found = find(path).unwrap_or_else(|| panic!("{}", path.display()));
        assert_eq!(users(&read(&found, None).unwrap()), [(0, Some(7))]);
    }
    assert_eq!(find(&session), None, "it has a login of its own");
    fs::remove_file(tdata.join("key_datas")).unwrap();
    assert!(find(outer.path()).is_some(), "a damaged one too");
    assert_eq!(find(Path::new("/nowhere")), None);
}

#[test]
fn passcodes_protect_the_folder() {
    let writer = Writer::modern(&[account(0, 7)], 0, "pässcode");
    assert!(matches!(read(writer.path(), None), Err(TdataError::NeedsPasscode)));
    assert!(matches!(read(writer.path(), Some("")), Err(TdataError::NeedsPasscode)));
    assert!(matches!(read(writer.path(), Some("wrong")), Err(TdataError::WrongPasscode)));
    assert_eq!(users(&read(writer.path(), Some("pässcode")).unwrap()), [(0, Some(7))]);
}

#[test]
fn needless_passcodes_do_no_harm() {
    let writer = Writer::modern(&[account(0, 7)], 0, "");
    assert_eq!(users(&read(writer.path(), Some("needless")).unwrap()), [(0, Some(7))]);
}

#[test]
fn several_accounts_can_be_chosen_from() {
    let logged_out = Account { index: 1, blocks: login(0, 0, &[], true) };
    let accounts = [account(3, 30), logged_out, account(0, 10), account(2, 20)];
    let writer = Writer::modern(&accounts, 2, "");
    let tdata = read(writer.path(), None).unwrap();
    assert_eq!(users(&tdata), [(0, Some(10)), (2, Some(20)), (3, Some(30))]);
    assert_eq!((tdata.active, tdata.unreadable.len()), (2, 0));
}

#[test]
fn one_damaged_account_spares_the_others() {
    let writer = Writer::modern(&[account(0, 10), account(1, 20)], 0, "");
    let path = writer.path().join(format!("{}s", account_name(0)));
    fs::write(&path, "TDF$").unwrap();
    let tdata = read(writer.path(), None).unwrap();
    assert_eq!((users(&tdata), tdata.unreadable[0].0), (vec![(1, Some(20))], 0));
    fs::write(writer.path().join(format!("{}s", account_name(1))), "").unwrap();
    let error = read(writer.path(), None).unwrap_err();
    assert!(matches!(error, TdataError::File { source: Flaw::BadChecksum, .. }), "{error:?}");
}

#[test]
fn narrow_ids_are_read() {
    let blocks = [int(0x4A), bytes(b"addresses"), login(77, 2, &[(2, 0x22), (10_002, 0x99)], false)].concat();
    let writer = Writer::modern(&[Account { index: 0, blocks }], 0, "");
    let tdata = read(writer.path(), None).unwrap();
    assert_eq!((users(&tdata), tdata.accounts[0].login.other_keys.len()), (vec![(0, Some(77))], 0));
}

#[test]
fn the_oldest_folders_are_read() {
    let key = |dc: i32, key: u8| [int(0), int(dc), vec![key; 256]].concat();
    let host = [int(2), int(1), bytes(b"h\0o\0"), bytes(b""), int(443)].concat();
    let address = [int(0x27), int(1), int(0), bytes(b"1\0"), int(443)].concat();
    let unknown = [int(0x06), int(1)].concat();
    let blocks = [host, address, int(1), int(77), int(4), key(4, 0x44), key(1, 0x11), unknown].concat();
    for passcode in ["", "secret"] {
        let writer = Writer::legacy(&blocks, passcode);
        let tdata = read(writer.path(), Some(passcode)).unwrap();
        let found = &tdata.accounts[0].login;
        assert_eq!((users(&tdata), found.dc_id, found.auth_key), (vec![(0, Some(77))], 4, [0x44; 256]));
        assert_eq!(found.other_keys[&1], [0x11; 256]);
    }
    let writer = Writer::legacy(&blocks, "secret");
    assert!(matches!(read(writer.path(), None), Err(TdataError::NeedsPasscode)));
    assert!(matches!(read(writer.path(), Some("wrong")), Err(TdataError::WrongPasscode)));
}

#[test]
fn the_newer_of_a_pair_counts() {
    let writer = Writer::modern(&[account(0, 10)], 0, "");
    let name = account_name(0);
    let path = |ending: &str| writer.path().join(format!("{name}{ending}"));
    for (ending, user_id, age) in [("0", 20, 50), ("1", 30, 10)] {
        writer.write(&format!("{name}{ending}"), &bytes(&lock(&writer.key, &account(0, user_id).blocks)));
        let file = fs::OpenOptions::new().write(true).open(path(ending)).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1000 - age)).unwrap();
    }
    let found = || users(&read(writer.path(), None).unwrap())[0].1.unwrap();
    assert_eq!(found(), 10, "`s` is the newest way");
    fs::write(path("s"), "TDF$ cut short").unwrap();
    assert_eq!(found(), 30);
    fs::remove_file(path("s")).unwrap();
    assert_eq!(found(), 30, "the newer one");
    fs::write(path("1"), "").unwrap();
    assert_eq!(found(), 20, "the whole one");
}

#[test]
fn newer_programs_are_read() {
    let mut writer = Writer::new();
    writer.version = 99_000_000;
    writer.write_list(&[account(0, 7)], 0, "");
    writer.write_account(&account(0, 7));
    assert_eq!(users(&read(writer.path(), None).unwrap()), [(0, Some(7))]);
    writer.write("key_datas", &bytes(&[1; 32]));
    let error = read(writer.path(), None).unwrap_err();
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("99.0.0"), "{error:?}");
}

#[test]
fn flaws_are_told_apart() {
    let flaw = |change: &dyn Fn(&Path)| {
        let writer = Writer::modern(&[account(0, 7)], 0, "");
        change(writer.path());
        read(writer.path(), None).unwrap_err()
    };
    let replace = |path: &Path, bytes: &[u8]| fs::write(path.join("key_datas"), bytes).unwrap();
    let nothing = flaw(&|path| {
        fs::remove_file(path.join("key_datas")).unwrap();
        fs::remove_file(path.join(format!("{}s", account_name(0)))).unwrap();
    });
    assert!(matches!(nothing, TdataError::NotTdata { .. }), "{nothing:?}");
    let keyless = flaw(&|path| fs::remove_file(path.join("key_datas")).unwrap());
    assert!(keyless.to_string().contains("key_datas"), "{keyless:?}");
    assert!(matches!(keyless, TdataError::File { source: Flaw::Missing, .. }), "{keyless:?}");
    let empty = flaw(&|path| replace(path, b""));
    assert!(matches!(empty, TdataError::File { source: Flaw::NoMagic, .. }), "{empty:?}");
    let other = flaw(&|path| replace(path, b"PNG\x01 and so on"));
    assert!(matches!(other, TdataError::File { source: Flaw::NoMagic, .. }), "{other:?}");
    let cut = flaw(&|path| {
        let bytes = fs::read(path.join("key_datas")).unwrap();
        replace(path, &bytes[..bytes.len() - 1]);
    });
    assert!(matches!(cut, TdataError::File { source: Flaw::BadChecksum, .. }), "{cut:?}");
    let nobody = flaw(&|path| fs::remove_file(path.join(format!("{}s", account_name(0)))).unwrap());
    assert!(matches!(nobody, TdataError::NoAccounts { .. }), "{nobody:?}");
    let logged_out = Writer::modern(&[Account { index: 0, blocks: login(0, 0, &[], true) }], 0, "");
    assert!(matches!(read(logged_out.path(), None), Err(TdataError::NoAccounts { .. })));
    let no_list = Writer::modern(&[], 0, "");
    assert!(matches!(read(no_list.path(), None), Err(TdataError::NoAccounts { .. })));
    let keyless = Writer::modern(&[Account { index: 0, blocks: login(7, 3, &[(2, 1)], true) }], 0, "");
    let error = read(keyless.path(), None).unwrap_err();
    assert!(matches!(error, TdataError::File { source: Flaw::Content { .. }, .. }), "{error:?}");
    assert!(matches!(read(Path::new("/nowhere"), None), Err(TdataError::NotTdata { .. })));
}

#[test]
fn accounts_of_another_folder_do_not_open() {
    let writer = Writer::modern(&[account(0, 7)], 0, "");
    writer.write(&format!("{}s", account_name(0)), &bytes(&lock(&[3; 256], &account(0, 7).blocks)));
    let error = read(writer.path(), None).unwrap_err();
    assert!(matches!(error, TdataError::File { source: Flaw::Content { .. }, .. }), "{error:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Behind a checksum that fits, as somebody could make it on purpose.
    #[test]
    fn no_bytes_make_it_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
                              end in any::<prop::sample::Index>(), target in 0..4) {
        let change = |bytes: &[u8]| {
            let mut bytes = bytes.to_vec();
            for (at, value) in &changes {
                let at = at.index(bytes.len());
                bytes[at] = *value;
            }
            let end = end.index(bytes.len());
            if end % 2 == 0 { bytes.truncate(end) }
            bytes
        };
        let writer = Writer::modern(&[account(0, 7), account(1, 8)], 0, "");
        let name = format!("{}s", account_name(0));
        match target {
            0 => {
                let path = writer.path().join("key_datas");
                fs::write(&path, change(&fs::read(&path).unwrap())).unwrap();
            }
            1 => {
                let path = writer.path().join("key_datas");
                let bytes = fs::read(&path).unwrap();
                writer.write("key_datas", &change(&bytes[8..bytes.len() - 16]));
            }
            2 => drop(writer.write(&name, &change(&bytes(&lock(&writer.key, &account(0, 7).blocks))))),
            _ => drop(writer.write(&name, &bytes(&lock(&writer.key, &change(&account(0, 7).blocks))))),
        }
        // What comes out does not matter, only that something does.
        let _ = read(writer.path(), None);
    }
}

//! Writes folders as Telegram Desktop does, for tests.

use std::{
    fs,
    path::{Path, PathBuf},
};

use grammers_crypto::aes;

use super::{
    account_name,
    file::checksum,
    local_key::{LocalKey, sha1},
};

pub(super) const VERSION: i32 = 5_002_003;
const SALT: [u8; 32] = [0x5A; 32];

/// An account to be written.
pub(super) struct Account {
    pub(super) index: i32,
    pub(super) blocks: Vec<u8>,
}

pub(super) struct Writer {
    pub(super) folder: tempfile::TempDir,
    pub(super) version: i32,
    pub(super) key: LocalKey,
}

impl Writer {
    pub(super) fn new() -> Self {
        let bytes: Vec<u8> = (0..=255).map(|byte: u8| byte.wrapping_mul(31)).collect();
        let folder = tempfile::tempdir().unwrap();
        Self { folder, version: VERSION, key: LocalKey::from_bytes(&bytes).unwrap() }
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn modern(accounts: &[Account], active: i32, passcode: &str) -> Self {
        let writer = Self::new();
        writer.write_list(accounts, active, passcode);
        for account in accounts {
            writer.write_account(account);
        }
        writer
    }

    pub(super) fn write_list(&self, accounts: &[Account], active: i32, passcode: &str) {
        let mut list = int(i32::try_from(accounts.len()).unwrap());
        for account in accounts {
            list.extend(int(account.index));
        }
        list.extend(int(active));
        let parts = [
            bytes(&SALT),
            bytes(&lock(&LocalKey::of_passcode(passcode, &SALT), self.key.bytes())),
            bytes(&lock(&self.key, &list)),
        ];
        self.write("key_datas", &parts.concat());
    }

    pub(super) fn write_account(&self, account: &Account) -> PathBuf {
        let locked = bytes(&lock(&self.key, &account.blocks));
        self.write(&format!("{}s", account_name(account.index)), &locked)
    }

    pub(super) fn legacy(blocks: &[u8], passcode: &str) -> Self {
        let writer = Self::new();
        fs::create_dir(writer.path().join(account_name(0))).unwrap();
        let parts = [
            bytes(&SALT),
            bytes(&lock(&LocalKey::of_legacy_passcode(passcode, &SALT), writer.key.bytes())),
            bytes(&lock(&writer.key, b"the map itself")),
        ];
        writer.write(&format!("{}/map0", account_name(0)), &parts.concat());
        writer.write(&format!("{}1", account_name(0)), &bytes(&lock(&writer.key, blocks)));
        writer
    }

    pub(super) fn write(&self, name: &str, data: &[u8]) -> PathBuf {
        let version = self.version.to_le_bytes();
        let path = self.path().join(name);
        fs::write(&path, [b"TDF$", &version[..], data, &checksum(data, version)].concat()).unwrap();
        path
    }
}

pub(super) fn int(value: i32) -> Vec<u8> {
    value.to_be_bytes().to_vec()
}

pub(super) fn bytes(content: &[u8]) -> Vec<u8> {
    [&u32::try_from(content.len()).unwrap().to_be_bytes()[..], content].concat()
}

pub(super) fn lock(key: &LocalKey, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len() + 4).unwrap();
    let mut plain = [&length.to_le_bytes()[..], content].concat();
    plain.resize(plain.len().next_multiple_of(16), 0xEE);
    let tag: [u8; 16] = sha1(&[&plain])[..16].try_into().unwrap();
    let (aes_key, vector) = key.for_message(&tag);
    aes::ige_encrypt(&mut plain, &aes_key, &vector);
    [&tag[..], &plain].concat()
}

/// The block of a login. Ids of 64 bits since version 2.8.
pub(super) fn login(user_id: i64, home: i32, keys: &[(i32, u8)], is_wide: bool) -> Vec<u8> {
    let mut inner = if is_wide {
        [int(-1), int(-1), user_id.to_be_bytes().to_vec(), int(home)].concat()
    } else {
        [int(i32::try_from(user_id).unwrap()), int(home)].concat()
    };
    for keys in [keys, &[(home, 0xDD)]] {
        inner.extend(int(i32::try_from(keys.len()).unwrap()));
        for (dc, key) in keys {
            inner.extend([int(*dc), vec![*key; 256]].concat());
        }
    }
    [int(0x4B), bytes(&inner)].concat()
}

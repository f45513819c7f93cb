//! Takes the bytes of a file, and says what is wrong with files that cannot be plugins at all.

use std::{
    fs,
    io::{self, Read as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use crate::plugin_host::FileProblem;

/// Where links may lead.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reach<'a> {
    /// For what lies in a folder into which others may drop things: nowhere else.
    Within(&'a Path),
    /// For what the operator named: anywhere.
    Anywhere,
}

/// Reads at most `limit` bytes.
pub(crate) fn read(path: &Path, reach: Reach<'_>, limit: u64) -> Result<Vec<u8>, FileProblem> {
    let unreadable = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => FileProblem::Missing { path: path.to_owned() },
        _ => FileProblem::Unreadable { path: path.to_owned(), why: source },
    };
    let target = resolve(path, reach)?;
    let not_a_file = |kind: fs::FileType| FileProblem::NotAFile { path: path.to_owned(), is: name(kind) };
    let kind = fs::metadata(&target).map_err(unreadable)?.file_type();
    if !kind.is_file() {
        return Err(not_a_file(kind));
    }
    // Should a pipe have taken its place meanwhile, opening it must not wait for a writer.
    let flags = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).expect("open's flags fit");
    let file = fs::OpenOptions::new().read(true).custom_flags(flags).open(&target).map_err(unreadable)?;
    let about = file.metadata().map_err(unreadable)?;
    if !about.is_file() {
        return Err(not_a_file(about.file_type()));
    }
    let too_large = |bytes| FileProblem::TooLarge { path: path.to_owned(), bytes, limit };
    if about.len() > limit {
        return Err(too_large(about.len()));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(about.len()).unwrap_or(0));
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > limit {
        return Err(too_large(bytes.len() as u64));
    }
    sniff(path, &bytes)?;
    Ok(bytes)
}

/// What the name leads to.
fn resolve(path: &Path, reach: Reach<'_>) -> Result<PathBuf, FileProblem> {
    let is_link = fs::symlink_metadata(path).is_ok_and(|about| about.file_type().is_symlink());
    let target = fs::canonicalize(path).map_err(|source| match (source.kind(), is_link) {
        (io::ErrorKind::NotFound, true) => {
            FileProblem::NotAFile { path: path.to_owned(), is: "a link that leads nowhere" }
        }
        (io::ErrorKind::NotFound, false) => FileProblem::Missing { path: path.to_owned() },
        _ => FileProblem::Unreadable { path: path.to_owned(), why: source },
    })?;
    let Reach::Within(folder) = reach else { return Ok(target) };
    let folder = fs::canonicalize(folder)
        .map_err(|source| FileProblem::Unreadable { path: folder.to_owned(), why: source })?;
    if target.starts_with(&folder) {
        return Ok(target);
    }
    Err(FileProblem::OutsideFolder { path: path.to_owned(), target })
}

fn name(kind: fs::FileType) -> &'static str {
    if kind.is_dir() { "a folder" } else { "a pipe, a socket or a device" }
}

const MAGIC: &[u8] = b"\0asm";

/// Tells by the first bytes what somebody took for a plugin.
fn sniff(path: &Path, bytes: &[u8]) -> Result<(), FileProblem> {
    let path = path.to_owned();
    if bytes.is_empty() {
        return Err(FileProblem::Empty { path });
    }
    if bytes.len() < 8 && (bytes.starts_with(MAGIC) || MAGIC.starts_with(bytes)) {
        return Err(FileProblem::Truncated { path, reason: format!("{} bytes", bytes.len()) });
    }
    if bytes.starts_with(MAGIC) {
        return Ok(());
    }
    if wasmtime::Engine::detect_precompiled(bytes).is_some() {
        return Err(FileProblem::Precompiled { path });
    }
    let is = match bytes {
        [0x7f, b'E', b'L', b'F', ..] => "a native program or library",
        [0x1f, 0x8b, ..] => "a gzip archive",
        [b'P', b'K', 3, 4, ..] => "a ZIP archive",
        [b'\xfd', b'7', b'z', b'X', b'Z', ..] | [0x28, 0xb5, 0x2f, 0xfd, ..] => "a compressed file",
        _ if bytes.iter().all(|byte| *byte == 0) => "nothing but zeros: the copy did not end",
        _ => match std::str::from_utf8(&bytes[..bytes.len().min(4096)]) {
            Err(error) if error.error_len().is_some() => "something else",
            _ => text(bytes),
        },
    };
    Err(FileProblem::NotWasm { path, is })
}

fn text(bytes: &[u8]) -> &'static str {
    let start = bytes.trim_ascii_start();
    if start.starts_with(b"(module") || start.starts_with(b"(component") {
        "WebAssembly in its text form"
    } else if start.starts_with(b"<") {
        "a web page"
    } else {
        "a text file"
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    const WASM: &[u8] = b"\0asm\x0d\0\x01\0";

    fn written(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.wasm");
        fs::write(&path, bytes).unwrap();
        (folder, path)
    }

    fn refusal(bytes: &[u8]) -> String {
        let (folder, path) = written(bytes);
        let text = read(&path, Reach::Within(folder.path()), 1000).unwrap_err().to_string();
        assert!(text.contains("x.wasm"), "{text}");
        text
    }

    #[test]
    fn names_what_is_no_wasm() {
        for (bytes, told) in [
            (&b""[..], "is empty"),
            (b"\0as", "ends in the middle"),
            (b"\0asm\x0d\0", "ends in the middle"),
            (b"hello", "a text file"),
            (b"<!DOCTYPE html>", "a web page"),
            (b"  (component)", "text form"),
            (b"\x7fELF\x02\x01\x01", "a native program"),
            (b"\x1f\x8b\x08", "gzip"),
            (b"PK\x03\x04", "ZIP"),
            (&[0; 100], "zeros"),
            (&[0xff; 100], "something else"),
            (&[b'a'; 1001], "1001 bytes are more than"),
        ] {
            let text = refusal(bytes);
            assert!(text.contains(told), "{text}");
        }
    }

    #[test]
    fn compiled_code_is_never_taken() {
        let engine = wasmtime::Engine::default();
        let code = engine.precompile_component(WASM).unwrap();
        let (_folder, path) = written(&code);
        let refused = read(&path, Reach::Anywhere, u64::MAX).unwrap_err();
        assert!(matches!(refused, FileProblem::Precompiled { .. }), "{refused}");
    }

    #[test]
    fn folders_and_pipes_are_no_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.wasm");
        let refused = || read(&path, Reach::Within(folder.path()), 1000).unwrap_err();
        assert!(matches!(refused(), FileProblem::Missing { .. }));
        fs::create_dir(&path).unwrap();
        assert!(matches!(refused(), FileProblem::NotAFile { is: "a folder", .. }));
        fs::remove_dir(&path).unwrap();
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, mode).unwrap();
        assert!(matches!(refused(), FileProblem::NotAFile { is: "a pipe, a socket or a device", .. }));
    }

    #[test]
    fn links_stay_within_the_folder() {
        let (elsewhere, outside) = written(WASM);
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        symlink(&outside, at("out.wasm")).unwrap();
        symlink("nowhere", at("dead.wasm")).unwrap();
        fs::write(at("real.wasm"), WASM).unwrap();
        symlink("real.wasm", at("in.wasm")).unwrap();
        let within = |name: &str| read(&at(name), Reach::Within(folder.path()), 1000);
        assert_eq!(within("in.wasm").unwrap(), WASM);
        assert!(matches!(within("out.wasm").unwrap_err(), FileProblem::OutsideFolder { .. }));
        assert!(matches!(within("dead.wasm").unwrap_err(), FileProblem::NotAFile { .. }));
        let sly = folder.path().join("..").join(elsewhere.path().file_name().unwrap()).join("x.wasm");
        assert!(matches!(
            read(&sly, Reach::Within(folder.path()), 1000).unwrap_err(),
            FileProblem::OutsideFolder { .. }
        ));
        assert_eq!(read(&at("out.wasm"), Reach::Anywhere, 1000).unwrap(), WASM);
    }

    #[test]
    fn sockets_are_no_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.wasm");
        let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let refused = read(&path, Reach::Within(folder.path()), 1000).unwrap_err();
        assert!(
            matches!(refused, FileProblem::NotAFile { is: "a pipe, a socket or a device", .. }),
            "{refused}"
        );
    }

    #[test]
    fn large_files_are_refused_unread() {
        let told = refusal(&[b'a'; 5000]);
        assert!(told.contains("5000 bytes are more than"), "{told}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn files_that_grow_are_read_to_the_limit() {
        // It says that it has no bytes.
        let refused = read(Path::new("/proc/self/status"), Reach::Anywhere, 10).unwrap_err();
        assert!(matches!(refused, FileProblem::TooLarge { bytes: 11, limit: 10, .. }), "{refused}");
    }
}

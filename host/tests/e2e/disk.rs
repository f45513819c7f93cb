//! A full disk. The data folder lies on a small file system of its own, in a mount namespace that
//! ends with the test.

use std::{fs, process::Command};

use crate::support::*;

/// Runs `script` with sh where `$DATA` is a file system of 24 MiB and `$TAPEDECK` the binary.
pub(crate) fn on_a_small_disk(folder: &Folder, script: &str) -> std::process::Output {
    fs::create_dir_all(folder.data()).unwrap();
    let mount = "mount -t tmpfs -o size=24m tmpfs \"$DATA\" || exit 97";
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", &format!("{mount}\n{script}")])
        .env("DATA", folder.data())
        .env("TAPEDECK", env!("CARGO_BIN_EXE_tapedeck"))
        .env("NO_COLOR", "1")
        .current_dir(folder.path("."))
        .output()
        .expect("unshare is part of util-linux");
    assert_ne!(output.status.code(), Some(97), "no small file system: {}", text(&output.stderr));
    output
}

#[test]
fn full_disk_ends_with_a_clear_error() {
    let folder = Folder::with(
        "[jobs.a]\nkind = \"command\"\nprogram = \"/bin/sh\"\nargs = [\"-c\", \"echo ran >> ran\"]\nevery = \"1s\"\nat_start = true\n",
    );
    // Fills the disk under the running daemon, then frees it and starts again.
    let output = on_a_small_disk(
        &folder,
        r#"
"$TAPEDECK" run & daemon=$!
i=0; until [ -f "$DATA/daemon.json" ] && [ -f ran ]; do i=$((i+1)); [ $i -lt 200 ] || exit 96; sleep 0.05; done
dd if=/dev/zero of="$DATA/filler" bs=4k 2>/dev/null
i=0; while kill -0 $daemon 2>/dev/null; do i=$((i+1)); [ $i -lt 240 ] || { kill -9 $daemon; exit 95; }; sleep 0.05; done
wait $daemon; echo "ended with $?"
rm "$DATA/filler"
"$TAPEDECK" run & daemon=$!
before=$(wc -l < ran)
i=0; until [ "$(wc -l < ran)" -gt "$before" ]; do i=$((i+1)); [ $i -lt 200 ] || { kill -9 $daemon; exit 94; }; sleep 0.05; done
kill $daemon; wait $daemon; echo "then ended with $?"
"#,
    );
    let (said, errors) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{:?}\n{said}\n{errors}", output.status);
    assert!(said.contains("ended with 1"), "{said}\n{errors}");
    assert!(errors.contains("The ledger cannot be written"), "{errors}");
    assert!(said.contains("then ended with 0"), "{said}\n{errors}");
    let last = errors.lines().find(|line| line.starts_with("error: ")).unwrap_or_default();
    let folder = folder.data();
    assert!(last.contains(&format!("the ledger in {} cannot be written", folder.display())), "{errors}");
    assert!(last.contains("No space left on device"), "{errors}");
}

#[test]
fn start_on_a_full_disk_names_the_folder_and_the_cause() {
    let folder = Folder::with(
        "[jobs.a]\nkind = \"command\"\nprogram = \"/bin/true\"\nevery = \"1s\"\nat_start = true\n",
    );
    let output = on_a_small_disk(
        &folder,
        r#"
"$TAPEDECK" run & daemon=$!
i=0; until [ -f "$DATA/daemon.json" ]; do i=$((i+1)); [ $i -lt 200 ] || exit 96; sleep 0.05; done
kill -9 $daemon; wait $daemon 2>/dev/null
dd if=/dev/zero of="$DATA/filler" bs=4k 2>/dev/null
"$TAPEDECK" run; echo "ended with $?"
"#,
    );
    let (said, errors) = (text(&output.stdout), text(&output.stderr));
    assert!(said.contains("ended with 1"), "{said}\n{errors}");
    let last = errors.lines().rfind(|line| line.starts_with("error: ")).unwrap_or_default();
    assert!(last.contains(&*folder.data().to_string_lossy()), "{errors}");
    assert!(last.contains("full") || last.contains("No space"), "{errors}");
}

#[test]
fn read_only_folder_is_explained() {
    let folder = Folder::with("");
    let output = on_a_small_disk(
        &folder,
        "mount -o remount,ro \"$DATA\" || exit 93\n\"$TAPEDECK\" run; echo \"ended with $?\"",
    );
    let (said, errors) = (text(&output.stdout), text(&output.stderr));
    assert!(said.contains("ended with 1"), "{said}\n{errors}");
    assert!(errors.contains("cannot use the data folder"), "{errors}");
    assert!(!errors.contains("panicked"), "{errors}");
}

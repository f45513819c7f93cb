use crate::support::*;

/// A thousand million bytes, in lines of 8000.
const FLOOD: &str = r#"
# Their compiler would be measured, too.
[plugin_host]
bundled = false

[jobs.flood]
kind = "command"
program = "/bin/sh"
args = ["-c", "yes $(printf %07999d 0) | head -c 1000000000"]
"#;

const MIB: u64 = 1024 * 1024;

#[test]
fn a_gigabyte_of_output_needs_little_room() {
    let folder = Folder::with(FLOOD);
    let daemon = folder.start();
    let before = daemon.peak_memory();
    let output = folder.cli(&["jobs", "run", "flood", "--follow"]);
    assert!(output.status.success(), "{}", text(&output.stderr));

    let summary = &daemon.runs("flood")[0]["summary"]["data"];
    assert_eq!((&summary["lines"], &summary["bytes"]), (&125_000.into(), &1_000_000_000_u64.into()));
    let more = daemon.peak_memory() - before;
    assert!(more < 40 * MIB, "the daemon held {} MiB more than before", more / MIB);
    assert!(folder.data_size() < 32 * MIB, "the data folder holds {} MiB", folder.data_size() / MIB);
    daemon.stop();
}

//! Files that were damaged at random, by a seed: each is refused for a reason that is told, or does
//! no harm.

use super::*;
use crate::plugin_host::{Failure, FileProblem};

/// How many, `TAPEDECK_TEST_MUTANTS` says; `make prove` takes ten thousand.
const USUAL: u64 = 250;

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap()
    }

    /// Short ones more often than long ones.
    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length);
        let most = 1 << self.below(10);
        start..(start + 1 + self.below(most)).min(length)
    }
}

fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    match random.below(8) {
        0 => bytes.truncate(random.below(bytes.len())),
        1 => {
            let range = random.range(bytes.len());
            bytes.drain(range);
        }
        2 => {
            let copy = bytes[random.range(bytes.len())].to_vec();
            let at = random.below(bytes.len());
            bytes.splice(at..at, copy);
        }
        3 => swap_sections(bytes, random),
        4 => {
            let range = random.range(bytes.len());
            bytes[range].fill_with(|| random.next() as u8);
        }
        _ => {
            for _ in 0..=random.below(4) {
                let at = random.below(bytes.len());
                bytes[at] ^= 1 << random.below(8);
            }
        }
    }
}

/// Two sections of the outermost level change places.
fn swap_sections(bytes: &mut Vec<u8>, random: &mut Random) {
    let mut sections = Vec::new();
    let mut at = 8;
    while at < bytes.len() {
        let (mut length, mut shift, mut head) = (0_usize, 0, at + 1);
        while let Some(byte) = bytes.get(head) {
            length |= usize::from(byte & 0x7f) << shift;
            (head, shift) = (head + 1, shift + 7);
            if byte & 0x80 == 0 || shift > 28 {
                break;
            }
        }
        let end = head + length;
        if end > bytes.len() {
            break;
        }
        sections.push(bytes[at..end].to_vec());
        at = end;
    }
    if sections.len() > 1 {
        let (one, other) = (random.below(sections.len()), random.below(sections.len()));
        sections.swap(one, other);
        bytes.truncate(8);
        bytes.extend(sections.concat());
    }
}

#[tokio::test]
async fn mutants_are_refused_or_harmless() {
    let mut bench = Bench::new();
    bench.limits.deadline = Period(Duration::from_millis(50));
    bench.limits.start_deadline = Period(Duration::from_millis(50));
    bench.host.describe_deadline = Duration::from_millis(50);
    let wit = "package test:guest; world guest {
        export tapedeck:plugin/describe@1.0.0; export tapedeck:plugin/exporter@1.0.0;
    }";
    let script = Guest::of_wit_beside(wit).says(DESCRIBE, r#"{"id":"guest","version":"1.0.0","summary":""}"#);
    let filter = guest("chat-filter").says(DESCRIBE, "fine");
    let seeds = [filter.component(), filter.module(), script.component()];
    let mut random = Random(0x2545_F491_4F6C_DD1D);
    let (mut refused, mut failed, mut fine) = (0, 0, 0);
    for number in 0..variable("TAPEDECK_TEST_MUTANTS").and_then(|text| text.parse().ok()).unwrap_or(USUAL) {
        let mut bytes = seeds[random.below(seeds.len())].clone();
        for _ in 0..=random.below(3) {
            mutate(&mut bytes, &mut random);
            if bytes.is_empty() {
                break;
            }
        }
        let seed = random.0;
        match bench.load_bytes(&bytes).await {
            Err(error) => {
                check(&error, number, seed);
                refused += 1;
            }
            Ok(loaded) if loaded.component.get_export(None, "tapedeck:plugin/describe@1.0.0").is_none() => {
                fine += 1
            }
            Ok(loaded) => {
                match std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| try_call(&loaded))) {
                    Ok(Some(Err(error))) => {
                        check(&error, number, seed);
                        failed += 1;
                    }
                    Ok(_) => fine += 1,
                    Err(_) => panic!("mutant {number} (state {seed:#x}) made the host panic"),
                }
            }
        }
    }
    assert!(
        refused > 0 && fine > 0,
        "{refused} refused, {failed} failed, {fine} fine: the mutants are no good"
    );
    is_unharmed(&bench).await;
}

/// `None` when what is there is no `describe` any more.
fn try_call(loaded: &Loaded) -> Option<Result<String, PluginError>> {
    let (_, interface) = loaded.component.get_export(None, "tapedeck:plugin/describe@1.0.0")?;
    loaded.component.get_export(Some(&interface), "describe")?;
    Some(call(loaded))
}

/// Every refusal is one that we know, and names the plugin.
fn check(error: &PluginError, number: u64, seed: u64) {
    let text = error.to_string();
    assert!(text.starts_with("plugin guest"), "mutant {number} (state {seed:#x}): {text}");
    let is_ours = match &error.failure {
        Failure::Host { .. } => true,
        Failure::File(problem) => match &**problem {
            FileProblem::Compile { reason, .. } => reason.contains("gave up"),
            FileProblem::Unreadable { .. } | FileProblem::Missing { .. } | FileProblem::Cache { .. } => true,
            _ => false,
        },
        _ => false,
    };
    assert!(!is_ours, "mutant {number} (state {seed:#x}): {text}");
}

#[expect(clippy::disallowed_methods, reason = "a test reads how often")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

//! Files that were damaged at random and programs that were written at random, by a seed: each is refused for a
//! reason that is told, or does no harm.

use wasm_encoder::{
    BlockType::{Empty, Result},
    Instruction as I,
};

use super::*;
use crate::plugin_host::{
    Apart, Failure, FileProblem,
    calls::samples::call_as_all_kinds,
    guest::{Names, ZEROS, at},
};

/// How many, `TAPEDECK_TEST_MUTANTS` says; `make prove-plugins` takes ten thousand, and with it `make prove` and
/// `make bench`.
const USUAL: u64 = 250;
/// Real plugins take long to compile: of them there are fewer.
const REAL_ONES: u64 = 25;

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

/// What became of those of one sort.
#[derive(Debug, Default)]
struct Fates {
    refused: u64,
    failed: u64,
    fine: u64,
}

#[tokio::test]
async fn mutants_are_refused_or_harmless() {
    let bench = hurried();
    let wit = "package test:guest; world guest {
        export tapedeck:plugin/describe@1.0.0; export tapedeck:plugin/exporter@1.0.0;
    }";
    let script = Guest::of_wit_beside(wit).says(DESCRIBE, r#"{"id":"guest","version":"1.0.0","summary":""}"#);
    let filter = guest("chat-filter").says(DESCRIBE, "fine");
    let backend = guest("track-backend").says(DESCRIBE, "fine");
    let seeds = [filter.component(), filter.module(), script.component(), backend.component()];
    let all = how_many();
    let fates = try_mutants(&bench, &seeds, all).await;
    // Else they test nothing: most of what is damaged is refused, some is not damaged where it counts.
    assert!(fates.refused > all / 2 && fates.failed + fates.fine > all / 100, "{fates:?}");
    is_unharmed(&bench).await;
}

#[tokio::test]
async fn mutants_of_real_plugins_are_refused_or_harmless() {
    let mut bench = hurried();
    bench.limits.table_elements = 100_000;
    let patience = Duration::from_millis(500);
    (bench.limits.deadline, bench.limits.start_deadline) = (Period(patience), Period(patience));
    let built = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/plugins");
    let seeds = ["keywords", "json", "zero"].map(|name| {
        let file = built.join(format!("{name}.wasm"));
        let read = fs::read(&file);
        read.unwrap_or_else(|_| panic!("there is no {}: build it with `make plugins`", file.display()))
    });
    let mut fates = Fates::default();
    for (seed, name) in seeds.iter().zip(["keywords", "json", "zero"]) {
        try_out(&bench, seed, name, &mut fates).await;
    }
    assert_eq!((fates.refused, fates.failed, fates.fine), (0, 0, 3), "as they are, they work");
    try_mutants(&bench, &seeds, how_many() / REAL_ONES).await;
    is_unharmed(&bench).await;
}

#[tokio::test]
async fn programs_at_random_do_no_harm() {
    let mut bench = hurried();
    bench.limits.host_calls = 200;
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut fates = Fates::default();
    let all = how_many() / 5;
    for number in 0..all {
        let state = random.0;
        let program = program(&mut random);
        let guest = guest("chat-filter").imports(LOG).data("hello").does_with(
            DESCRIBE,
            &[wasm_encoder::ValType::I32; LOCALS as usize],
            move |names| program.iter().map(|step| step.instruction(names)).collect(),
        );
        let about = format!("program {number} (state {state:#x})");
        try_out(&bench, &guest.component(), &about, &mut fates).await;
    }
    assert!(fates.refused == 0 && fates.failed > all / 10 && fates.fine > all / 10, "{fates:?}");
    is_unharmed(&bench).await;
}

/// Many of them never end.
fn hurried() -> Bench {
    let mut bench = Bench::new();
    bench.limits.deadline = Period(Duration::from_millis(50));
    bench.limits.start_deadline = Period(Duration::from_millis(50));
    bench.host.describe_deadline = Duration::from_millis(50);
    bench
}

fn how_many() -> u64 {
    variable("TAPEDECK_TEST_MUTANTS").and_then(|text| text.parse().ok()).unwrap_or(USUAL)
}

async fn try_mutants(bench: &Bench, seeds: &[Vec<u8>], count: u64) -> Fates {
    let mut random = Random(0x2545_F491_4F6C_DD1D);
    let mut fates = Fates::default();
    for number in 0..count {
        let state = random.0;
        let mut bytes = seeds[random.below(seeds.len())].clone();
        for _ in 0..=random.below(3) {
            mutate(&mut bytes, &mut random);
            if bytes.is_empty() {
                break;
            }
        }
        try_out(bench, &bytes, &format!("mutant {number} (state {state:#x})"), &mut fates).await;
    }
    fates
}

async fn try_out(bench: &Bench, bytes: &[u8], about: &str, fates: &mut Fates) {
    let loaded = match bench.load_bytes(bytes).await {
        Err(error) => {
            check(&error, about);
            fates.refused += 1;
            return;
        }
        Ok(loaded) => Arc::new(loaded),
    };
    match Apart::spawn(move || try_call(&loaded)).ended().await {
        Ok(Err(error)) => {
            check(&error, about);
            let is_bound = matches!(
                error.failure,
                Failure::Trap { .. }
                    | Failure::Timeout { .. }
                    | Failure::Limit { .. }
                    | Failure::Garbage { .. }
                    | Failure::Guest(_)
                    | Failure::Denied { .. }
                    | Failure::BadSettings(_)
            );
            assert!(is_bound, "{about}: {error}");
            fates.failed += 1;
        }
        Ok(Ok(())) => fates.fine += 1,
        Err(_) => panic!("{about} made the host panic"),
    }
}

const LOG: &str = "tapedeck:plugin/log@1.0.0#write";
const LOCALS: u32 = 4;

/// An instruction, or a call of something whose number is not known yet.
enum Step {
    Plain(I<'static>),
    Call(&'static str),
}

impl Step {
    fn instruction(&self, names: &Names) -> I<'static> {
        match self {
            Self::Plain(instruction) => instruction.clone(),
            Self::Call(name) => I::Call(names.of(name)),
        }
    }
}

/// Valid, and otherwise anything: it computes, writes over its memory, takes more, loops, calls itself and the host.
fn program(random: &mut Random) -> Vec<Step> {
    let mut steps = Vec::new();
    for _ in 0..random.below(6) {
        statement(random, 3, &mut steps);
    }
    match random.below(3) {
        // Where a valid answer lies, unless it was written over.
        0 => steps.push(Step::Plain(I::I32Const(ZEROS))),
        _ => expression(random, 3, &mut steps),
    }
    steps
}

fn statement(random: &mut Random, depth: u32, steps: &mut Vec<Step>) {
    let values = |random: &mut Random, count: u32, steps: &mut Vec<Step>| {
        (0..count).for_each(|_| expression(random, depth.saturating_sub(1), steps));
    };
    let instruction = match random.below(if depth == 0 { 6 } else { 9 }) {
        0 | 1 => {
            values(random, 1, steps);
            I::LocalSet(random.below(LOCALS as usize) as u32)
        }
        2 => {
            values(random, 2, steps);
            I::I32Store(at(random.next() % 100_000))
        }
        3 => {
            values(random, 3, steps);
            I::MemoryFill(0)
        }
        4 => {
            values(random, 3, steps);
            I::MemoryCopy { src_mem: 0, dst_mem: 0 }
        }
        5 => {
            values(random, 3, steps);
            steps.push(Step::Call(LOG));
            return;
        }
        6 => {
            values(random, 1, steps);
            steps.push(Step::Plain(I::If(Empty)));
            let rare = [I::Unreachable, I::Nop, I::Nop, I::Nop];
            steps.push(Step::Plain(rare[random.below(4)].clone()));
            statement(random, depth - 1, steps);
            I::End
        }
        _ => {
            // Until it happens to be zero.
            steps.push(Step::Plain(I::Loop(Empty)));
            statement(random, depth - 1, steps);
            values(random, 1, steps);
            steps.push(Step::Plain(I::BrIf(0)));
            I::End
        }
    };
    steps.push(Step::Plain(instruction));
}

fn expression(random: &mut Random, depth: u32, steps: &mut Vec<Step>) {
    const BINARY: [I<'static>; 14] = [
        I::I32Add,
        I::I32Sub,
        I::I32Mul,
        I::I32DivU,
        I::I32DivS,
        I::I32RemS,
        I::I32And,
        I::I32Or,
        I::I32Xor,
        I::I32Shl,
        I::I32ShrS,
        I::I32Rotl,
        I::I32LtU,
        I::I32Eq,
    ];
    let choice = if depth == 0 { random.below(4) } else { random.below(11) };
    let instruction = match choice {
        0 => I::I32Const(random.next() as i32),
        1 | 2 => I::I32Const((random.next() % 0x2_0000) as i32),
        3 => I::LocalGet(random.below(LOCALS as usize) as u32),
        4..=6 => {
            expression(random, depth - 1, steps);
            expression(random, depth - 1, steps);
            BINARY[random.below(BINARY.len())].clone()
        }
        7 => {
            expression(random, depth - 1, steps);
            I::I32Load(at(random.next() % 100_000))
        }
        8 => I::MemorySize(0),
        9 => {
            expression(random, depth - 1, steps);
            I::MemoryGrow(0)
        }
        _ => {
            // Itself, but not always.
            expression(random, depth - 1, steps);
            steps.push(Step::Plain(I::If(Result(wasm_encoder::ValType::I32))));
            steps.push(Step::Call(DESCRIBE));
            steps.push(Step::Plain(I::Else));
            expression(random, depth - 1, steps);
            I::End
        }
    };
    steps.push(Step::Plain(instruction));
}

/// Asks it who it is, if it can be asked, and calls it as what it is.
fn try_call(loaded: &Arc<Loaded>) -> std::result::Result<(), PluginError> {
    let described = loaded.component.get_export(None, "tapedeck:plugin/describe@1.0.0");
    if described.is_some_and(|(_, it)| loaded.component.get_export(Some(&it), "describe").is_some()) {
        call(loaded)?;
    }
    call_as_all_kinds(loaded)
}

/// Every refusal is one that we know, and names the plugin.
fn check(error: &PluginError, about: &str) {
    let text = error.to_string();
    assert!(text.starts_with("plugin guest"), "{about}: {text}");
    let is_ours = match &error.failure {
        Failure::Host { .. } => true,
        Failure::File(problem) => match &**problem {
            FileProblem::Compile { reason, .. } => reason.contains("gave up"),
            FileProblem::Unreadable { .. } | FileProblem::Missing { .. } | FileProblem::Cache { .. } => true,
            problem => {
                let text = problem.to_string();
                assert!(text.contains("guest.wasm: ") && text.len() < 4_000, "{about}: {text}");
                false
            }
        },
        _ => false,
    };
    assert!(!is_ours, "{about}: {text}");
}

#[expect(clippy::disallowed_methods, reason = "a test reads how often")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

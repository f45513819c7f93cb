//! What runs into the bounds of a call.

use std::hint::black_box;

use super::tapedeck::plugin::{log, settings};
use crate::request::Request;

const INFORMATION: u8 = 3;

pub(super) fn knows(what: &str) -> bool {
    matches!(
        what,
        "loop"
            | "spin"
            | "recurse"
            | "trap"
            | "panic"
            | "allocate"
            | "allocate-or-trap"
            | "leak"
            | "result"
            | "lie"
            | "broken-text"
            | "log-lines"
            | "log-bytes"
            | "storm"
    )
}

pub(super) fn act(request: &Request<'_>) -> String {
    match request.what {
        "loop" => endless(),
        "spin" => spin(request.number(1_000_000)),
        "recurse" => recurse(0).to_string(),
        "trap" => std::arch::wasm32::unreachable(),
        "panic" => panic!("it was asked to"),
        "allocate" => allocate(request.number(4096)).to_string(),
        "allocate-or-trap" => fill(request.number(4096)).to_string(),
        "leak" => leak(request.number(1)),
        "result" => "x".repeat(size(request.number(1 << 30))),
        "lie" => lie(size(request.number(1 << 30))),
        "broken-text" => broken_text(),
        "log-lines" => log_lines(request.number(1_000_000)),
        "log-bytes" => log_bytes(size(request.number(1 << 20))),
        _ => storm(request.number(u64::MAX)),
    }
}

fn size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn endless() -> ! {
    let mut turns = 0_u64;
    loop {
        turns = black_box(turns).wrapping_add(1);
    }
}

/// Works for a while: so many turns.
fn spin(turns: u64) -> String {
    (0..turns).fold(0_u64, |sum, turn| black_box(sum).wrapping_mul(31).wrapping_add(turn)).to_string()
}

#[expect(unconditional_recursion, reason = "that is what it was asked for")]
fn recurse(depth: u64) -> u64 {
    let room = black_box([depth; 64]);
    recurse(depth + 1) + room[0]
}

/// Takes memory by the mebibyte until there is no more, and says how much it got.
fn allocate(mebibytes: u64) -> u64 {
    let mut kept: Vec<Vec<u8>> = Vec::new();
    while (kept.len() as u64) < mebibytes {
        let mut next = Vec::new();
        if next.try_reserve_exact(1 << 20).is_err() {
            break;
        }
        next.resize(1 << 20, 1);
        kept.push(black_box(next));
    }
    kept.len() as u64
}

/// The same without asking whether there is any.
fn fill(mebibytes: u64) -> u64 {
    let kept: Vec<Vec<u8>> = (0..mebibytes).map(|_| black_box(vec![1; 1 << 20])).collect();
    kept.len() as u64
}

/// Takes memory and keeps it after the call.
fn leak(mebibytes: u64) -> String {
    for _ in 0..mebibytes {
        std::mem::forget(black_box(vec![1_u8; 1 << 20]));
    }
    String::new()
}

/// Claims that its answer is so long, without having so much memory.
fn lie(length: usize) -> String {
    let pointer = std::ptr::NonNull::<u8>::dangling().as_ptr();
    // SAFETY: there is none. The host must see that the text reaches past the end of the memory.
    unsafe { String::from_raw_parts(pointer, length, length) }
}

fn broken_text() -> String {
    // SAFETY: there is none. The host must see that this is not UTF-8.
    unsafe { String::from_utf8_unchecked(vec![0xff, 0xfe, 0xfd]) }
}

fn log_lines(count: u64) -> String {
    for number in 0..count {
        log::write(INFORMATION, &format!("line {number}"));
    }
    String::new()
}

fn log_bytes(length: usize) -> String {
    log::write(INFORMATION, &"x".repeat(length));
    String::new()
}

/// Calls the host as often as it can.
fn storm(calls: u64) -> String {
    let bytes: u64 = (0..calls).map(|_| settings::get().len() as u64).sum();
    bytes.to_string()
}

//! Copies text and replaces some of its bytes, by a table of 256 entries.
//!
//! In WebAssembly a `match` on each byte costs three times as much as this table: a jump through a
//! table of code is checked, a load is not.

/// What is done with each byte: 0 leaves it alone.
pub(super) type Table = [u8; 256];

/// Appends `text`, and calls `replace` for each byte that has an entry.
#[inline]
pub(super) fn copy(out: &mut Vec<u8>, text: &[u8], table: &Table, replace: impl Fn(&mut Vec<u8>, u8)) {
    out.reserve(text.len());
    let mut from = 0;
    for (at, &byte) in text.iter().enumerate() {
        if table[usize::from(byte)] != 0 {
            out.extend_from_slice(&text[from..at]);
            replace(out, byte);
            from = at + 1;
        }
    }
    out.extend_from_slice(&text[from..]);
}

/// A table with an entry for each of `bytes`.
pub(super) const fn of(bytes: &[u8]) -> Table {
    let mut table = [0; 256];
    let mut at = 0;
    while at < bytes.len() {
        table[bytes[at] as usize] = 1;
        at += 1;
    }
    table
}

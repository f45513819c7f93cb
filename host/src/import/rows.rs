//! Databases of other programs, read by their columns' names, whichever engine keeps them.

use std::path::Path;

use super::{error::ImportError, fields::Fields};

/// No value of Telegram's comes near it. One that is longer is left out of its row, which says so.
pub(super) const LONGEST_VALUE: usize = 32 << 20;

pub(super) fn too_long(name: &str) -> String {
    format!("`{name}` is longer than 32 MiB")
}

pub(super) trait Rows {
    /// For people: without a password.
    fn place(&self) -> &Path;

    /// A view could do anything.
    fn has_table(&self, name: &str) -> Result<bool, ImportError>;

    fn has_column(&self, table: &str, column: &str) -> Result<bool, ImportError>;

    /// Every row as an object by its columns' names. `$1` and those that follow stand for the numbers, in their order.
    /// `what` names the rows in errors.
    fn all(&self, what: &str, sql: &str, numbers: &[i64]) -> Result<Vec<Fields>, ImportError>;
}

//! Databases of other programs, read by their columns' names, whichever engine keeps them.

use std::path::Path;

use super::{error::ImportError, fields::Fields};

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

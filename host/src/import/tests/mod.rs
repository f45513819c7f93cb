//! Sources by themselves, and with a store behind them.

mod engine;
mod server;

use super::{error::ImportError, source::Told};

type Hear<'a> = &'a mut dyn FnMut(Told) -> Result<(), ImportError>;

/// Everything that a source tells.
pub(super) fn told(
    read: &mut dyn FnMut(Hear<'_>) -> Result<(), ImportError>,
) -> Result<Vec<Told>, ImportError> {
    let mut all = Vec::new();
    read(&mut |told| {
        all.push(told);
        Ok(())
    })?;
    Ok(all)
}

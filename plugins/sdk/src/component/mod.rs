//! What stands between the exports of a component and the traits that authors implement.

mod backend;
mod exporter;
mod filter;

pub use backend::Backend;
pub use exporter::{Export, Session};
pub use filter::Filter;

use crate::Settings;

/// What the export line adds to an author's type.
pub trait Plugin: Sized + 'static {
    /// What lives from one call to the next: a filter itself, an exporter's settings.
    type Kept: 'static;

    fn with<R>(use_it: impl FnOnce(&mut Option<Self::Kept>) -> R) -> R;
}

/// Keeps what was made of the settings; the error is shown to the operator.
fn configure<P: Plugin, S: Settings>(
    settings: &str,
    make: impl FnOnce(S) -> Result<P::Kept, crate::Error>,
) -> Result<(), String> {
    // Natively it would take the words out of the mouth of other tests.
    if cfg!(target_family = "wasm") {
        install_panic_hook();
    }
    let settings = if settings.is_empty() { "{}" } else { settings };
    let settings = serde_json::from_str(settings).map_err(|error| error.to_string())?;
    let kept = make(settings).map_err(|error| error.message().to_owned())?;
    P::with(|slot| *slot = Some(kept));
    Ok(())
}

/// A panic ends the instance; without this nobody would read why.
fn install_panic_hook() {
    std::panic::set_hook(Box::new(|panic| crate::log::write(crate::log::Level::Error, &panic.to_string())));
}

/// The host calls `configure` first.
fn unconfigured() -> crate::Error {
    crate::Error::permanent("the host called the plugin before it gave it its settings")
}

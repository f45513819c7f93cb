//! What plugins for Tapedeck are written with.

pub mod escape;
mod manifest;

pub use escape::{csv, html, json};
pub use manifest::{Manifest, Wants, WantsHttp, WantsRun};

/// Writes the custom section `tapedeck:manifest` and a constant `MANIFEST_JSON` with the same text.
#[doc(hidden)]
#[macro_export]
macro_rules! manifest {
    (wants: $wants:expr, columns: $columns:expr, settings_schema: $schema:expr $(,)?) => {
        const MANIFEST: $crate::Manifest = $crate::Manifest {
            package: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
            summary: env!("CARGO_PKG_DESCRIPTION"),
            wants: $wants,
            columns: &$columns,
            settings_schema: $schema,
        };
        #[used]
        #[unsafe(link_section = "tapedeck:manifest")]
        static MANIFEST_BYTES: [u8; MANIFEST.length()] = MANIFEST.bytes();
        const MANIFEST_JSON: &str = match ::core::str::from_utf8(&MANIFEST_BYTES) {
            ::core::result::Result::Ok(text) => text,
            ::core::result::Result::Err(_) => unreachable!(),
        };
    };
}

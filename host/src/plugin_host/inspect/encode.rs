//! Makes a component of a core module that brings the description of its interfaces.

use std::path::Path;

use wit_component::ComponentEncoder;

use super::contract::shown;
use crate::plugin_host::FileProblem;

pub(super) fn encode(path: &Path, module: &[u8]) -> Result<Vec<u8>, FileProblem> {
    let refused = |error: &dyn std::fmt::Display, has_wasip1: bool| {
        if has_wasip1 {
            return FileProblem::UnknownImport {
                path: path.to_owned(),
                import: "wasi_snapshot_preview1".into(),
                fix: "build it for wasm32-wasip2".into(),
            };
        }
        let reason = shown(&error.to_string());
        FileProblem::NoInterfaces { path: path.to_owned(), reason }
    };
    // The encoder believes what it reads.
    super::validate(path, module)?;
    if !super::walk::has_description(module) {
        return Err(FileProblem::NoInterfaces { path: path.to_owned(), reason: "it has none".into() });
    }
    let has_wasip1 = || {
        const NAME: &[u8] = b"wasi_snapshot_preview1";
        module.windows(NAME.len()).any(|window| window == NAME)
    };
    let encoder = ComponentEncoder::default().validate(true).module(module);
    let encoded = encoder.and_then(|mut encoder| encoder.encode());
    encoded.map_err(|error| refused(&format!("{error:#}"), has_wasip1()))
}

//! Makes a component of a core module that brings the description of its interfaces.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use wit_component::ComponentEncoder;

use super::{contract::shown, description};
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
    let without = |reason: String| FileProblem::NoInterfaces { path: path.to_owned(), reason };
    let description = description::read(module).map_err(|reason| without(shown(&reason)))?;
    let Some(packages) = description else { return Err(without("it has none".into())) };
    if packages.len() > 1 {
        let packages = packages.iter().map(|name| shown(name)).collect::<Vec<_>>().join(", ");
        return Err(without(format!("it is about interfaces of several packages: {packages}")));
    }
    let has_wasip1 = || {
        const NAME: &[u8] = b"wasi_snapshot_preview1";
        module.windows(NAME.len()).any(|window| window == NAME)
    };
    let encoder = ComponentEncoder::default().validate(true).module(module);
    // It takes what is written there for what a compiler wrote.
    let encoded = catch_unwind(AssertUnwindSafe(|| encoder.and_then(|mut encoder| encoder.encode())));
    let encoded = encoded.map_err(|_| without("it makes no sense".into()))?;
    encoded.map_err(|error| refused(&format!("{error:#}"), has_wasip1()))
}

//! Reads a file without running or compiling it: what it is, who it is, what it asks for.

mod code;
mod contract;
mod description;
mod encode;
mod file;
mod manifest;
#[cfg(test)]
mod tests;
mod walk;
mod words;

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use wasmparser::{Validator, WasmFeatures};

pub(crate) use file::{Reach, read};
pub use manifest::Manifest;

use super::FileProblem;
use crate::model::PluginKind;
use contract::CONTRACT;

/// What can be known of a file from outside.
#[derive(Clone, Debug)]
pub struct Inspection {
    pub path: PathBuf,
    pub file_bytes: u64,
    /// Of the file, in hexadecimal.
    pub sha256: String,
    /// It was a core module; we encoded it.
    pub was_core_module: bool,
    pub kinds: Vec<PluginKind>,
    /// `None` for files that have to be asked with `describe`.
    pub manifest: Option<Manifest>,
    /// Interfaces as the file names them.
    pub imports: Vec<String>,
    pub exports: Vec<String>,
    /// Which of "http", "run", "kv" and "scratch" it can reach for at all.
    pub capabilities: Vec<&'static str>,
    /// It imports nothing but its log and its settings.
    pub is_pure: bool,
}

/// What a look at a file gives.
pub(crate) struct Look {
    pub(crate) inspection: Inspection,
    /// The component, where it is not the file itself.
    pub(crate) encoded: Option<Vec<u8>>,
    /// Of the file.
    pub(crate) sha256: Vec<u8>,
}

/// Looks at a file that somebody names. Its code is checked too, as far as that goes without compiling.
pub fn inspect(path: &Path, max_bytes: u64) -> Result<Inspection, FileProblem> {
    inspect_within(path, Reach::Anywhere, max_bytes)
}

/// The same for a file that links must not lead to from elsewhere.
pub(crate) fn inspect_within(
    path: &Path,
    reach: Reach<'_>,
    max_bytes: u64,
) -> Result<Inspection, FileProblem> {
    let bytes = read(path, reach, max_bytes)?;
    let Look { inspection, encoded, .. } = look(path, &bytes)?;
    validate(path, encoded.as_deref().unwrap_or(&bytes))?;
    Ok(inspection)
}

pub(crate) fn look(path: &Path, bytes: &[u8]) -> Result<Look, FileProblem> {
    let was_core_module = walk::is_core_module(path, bytes)?;
    let encoded = if was_core_module { Some(encode::encode(path, bytes)?) } else { None };
    let component = encoded.as_deref().unwrap_or(bytes);
    let walked = walk::walk(path, component)?;
    let (kinds, can_describe) = CONTRACT.read_exports(path, &walked.exports)?;
    let functions_of = |import: &str| walk::functions_of(path, component, import);
    let reaches = CONTRACT.read_imports(path, &walked.imports, &functions_of)?;
    let manifest = Manifest::of_sections(path, &walked.manifests)?;
    if manifest.is_none() && !can_describe {
        let reason = "it has none, and does not export `describe` either; build it with the plugin kit";
        return Err(FileProblem::BadManifest { path: path.to_owned(), reason: reason.into() });
    }
    // Languages that cannot say what they want in a section import all there is; they are refused at each call.
    if let Some(manifest) = &manifest
        && let Some(capability) = reaches.capabilities.iter().find(|it| !manifest.wants.asks_for(it))
    {
        return Err(FileProblem::UnaskedImport { path: path.to_owned(), capability });
    }
    let is_pure = !reaches.has_wasi && reaches.capabilities.is_empty();
    let sha256 = Sha256::digest(bytes).to_vec();
    let inspection = Inspection {
        path: path.to_owned(),
        file_bytes: bytes.len() as u64,
        sha256: hex(&sha256),
        was_core_module,
        kinds,
        manifest,
        imports: walked.imports,
        exports: walked.exports,
        capabilities: reaches.capabilities,
        is_pure,
    };
    Ok(Look { inspection, encoded, sha256 })
}

/// What a file calls itself, if that can be read at all. Cheap.
pub(crate) fn id(path: &Path, bytes: &[u8]) -> Option<String> {
    walk::is_core_module(path, bytes).ok()?;
    let walked = walk::walk(path, bytes).ok()?;
    Some(Manifest::of_sections(path, &walked.manifests).ok()??.id)
}

/// Whether the code is valid, within what this daemon has switched on, and such that it can be compiled soon.
pub(crate) fn validate(path: &Path, bytes: &[u8]) -> Result<(), FileProblem> {
    let malformed = |reason| FileProblem::Malformed { path: path.to_owned(), reason };
    walk::check_depth(bytes).map_err(malformed)?;
    let Err(error) = Validator::new_with_features(features()).validate_all(bytes) else {
        return code::check(path, bytes);
    };
    let reason = error.to_string();
    // Valid with everything switched on means that something is switched off here.
    if Validator::new_with_features(WasmFeatures::all()).validate_all(bytes).is_ok() {
        return Err(FileProblem::Feature { path: path.to_owned(), feature: reason });
    }
    Err(malformed(reason))
}

/// What the engine has: see `engine.rs`.
fn features() -> WasmFeatures {
    let mut features = WasmFeatures::default();
    features.remove(WasmFeatures::THREADS | WasmFeatures::MEMORY64 | WasmFeatures::CM_ASYNC);
    features
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

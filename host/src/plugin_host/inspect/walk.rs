//! Walks over a component's sections: what it imports and exports, and what it says of itself.
//! No function is looked into.

use std::path::Path;

use wasmparser::{
    ComponentExternalKind, Encoding, Parser, Payload, ValidPayload, Validator,
    component_types::ComponentEntityType,
};

use crate::plugin_host::FileProblem;

pub(super) const MANIFEST_SECTION: &str = "tapedeck:manifest";

#[derive(Debug, Default)]
pub(super) struct Walked {
    pub(super) imports: Vec<String>,
    /// Instances only: the interfaces.
    pub(super) exports: Vec<String>,
    /// With the depth at which each lies; a component wraps the module that its author wrote.
    pub(super) manifests: Vec<(usize, Vec<u8>)>,
}

/// Whether the bytes are a core module, and not a component.
pub(super) fn is_core_module(path: &Path, bytes: &[u8]) -> Result<bool, FileProblem> {
    whole(path, bytes)?;
    if Parser::is_component(bytes) || Parser::is_core_wasm(bytes) {
        return Ok(Parser::is_core_wasm(bytes));
    }
    let reason = format!("version {:02x?} of WebAssembly is not known", &bytes[4..8]);
    Err(FileProblem::Malformed { path: path.to_owned(), reason })
}

/// Sections say how long they are, so a file that was cut is told from one that is damaged.
fn whole(path: &Path, bytes: &[u8]) -> Result<(), FileProblem> {
    let cut =
        |at: usize| FileProblem::Truncated { path: path.to_owned(), reason: format!("after {at} bytes") };
    let mut at = 8;
    while at < bytes.len() {
        let (length, read) = leb128(&bytes[at + 1..]).ok_or_else(|| cut(bytes.len()))?;
        let end = (at + 1 + read).checked_add(length);
        at = end.filter(|end| *end <= bytes.len()).ok_or_else(|| cut(bytes.len()))?;
    }
    Ok(())
}

/// A number and how many bytes it took. Too long ones are for the parser to complain about.
fn leb128(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value: u64 = 0;
    for (index, byte) in bytes.iter().take(5).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((usize::try_from(value).ok()?, index + 1));
        }
    }
    (bytes.len() >= 5).then_some((0, 5))
}

/// How many types one section may declare inside of others. Real files have some dozens.
const MOST_INNER_TYPES: usize = 300;

/// Types inside of types are read by a function that calls itself: enough of them, and the stack ends, and with it
/// the process. So nothing reads them before this has been asked.
pub(super) fn check_depth(bytes: &[u8]) -> Result<(), String> {
    for payload in Parser::new(0).parse_all(bytes) {
        let Payload::ComponentTypeSection(section) = payload.map_err(|error| error.to_string())? else {
            continue;
        };
        // The declaration of a type, and that it is a component's or an instance's. Bytes that only look so count
        // too: that is no harm.
        let types = &bytes[section.range()];
        let inner = types.windows(2).filter(|pair| matches!(pair, [0x01, 0x41 | 0x42])).count();
        if inner > MOST_INNER_TYPES {
            return Err(format!("more than {MOST_INNER_TYPES} types inside of types"));
        }
    }
    Ok(())
}

pub(super) fn walk(path: &Path, bytes: &[u8]) -> Result<Walked, FileProblem> {
    gather(bytes).map_err(|error| FileProblem::Malformed { path: path.to_owned(), reason: error.to_string() })
}

fn gather(bytes: &[u8]) -> Result<Walked, wasmparser::Error> {
    let mut walked = Walked::default();
    // Encodings of what we are in, outermost first.
    let mut around: Vec<Encoding> = Vec::new();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::Version { encoding, .. } => around.push(encoding),
            Payload::End(_) => drop(around.pop()),
            Payload::CustomSection(section) if section.name() == MANIFEST_SECTION => {
                walked.manifests.push((around.len(), section.data().to_vec()));
            }
            Payload::ComponentImportSection(section) if around.len() == 1 => {
                for import in section {
                    walked.imports.push(import?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if around.len() == 1 => {
                for export in section {
                    let export = export?;
                    if export.kind == ComponentExternalKind::Instance {
                        walked.exports.push(export.name.name.to_owned());
                    }
                }
            }
            _ => {}
        }
    }
    Ok(walked)
}

/// What a component uses of one of its imports. The code itself is not looked into.
pub(super) fn functions_of(path: &Path, bytes: &[u8], import: &str) -> Result<Vec<String>, FileProblem> {
    let functions =
        check_depth(bytes).and_then(|()| gather_functions(bytes, import).map_err(|error| error.to_string()));
    functions.map_err(|reason| FileProblem::Malformed { path: path.to_owned(), reason })
}

fn gather_functions(bytes: &[u8], import: &str) -> Result<Vec<String>, wasmparser::Error> {
    let mut validator = Validator::new_with_features(super::features());
    let mut types = None;
    for payload in Parser::new(0).parse_all(bytes) {
        if let ValidPayload::End(found) = validator.payload(&payload?)? {
            types = Some(found);
        }
    }
    // The last to end is the outermost.
    let Some(types) = types.as_ref().map(wasmparser::types::Types::as_ref) else { return Ok(Vec::new()) };
    let Some(item) = types.component_item_for_import(import) else { return Ok(Vec::new()) };
    let ComponentEntityType::Instance(instance) = item.ty else { return Ok(Vec::new()) };
    let is_function = |ty: &ComponentEntityType| matches!(ty, ComponentEntityType::Func(_));
    let exports = types[instance].exports.iter();
    Ok(exports.filter(|(_, item)| is_function(&item.ty)).map(|(name, _)| name.clone()).collect())
}

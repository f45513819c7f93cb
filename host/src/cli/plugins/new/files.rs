//! What a new project is made of. Templates lie in `templates/<language>/`: `common/` for every
//! kind, and a folder for each. The contract and the crate for Rust are the very ones that this
//! binary was built with.

use std::borrow::Cow;

use rust_embed::Embed;

use super::{Kind, Language};

#[derive(Embed)]
#[folder = "src/cli/plugins/new/templates"]
struct Templates;

#[derive(Embed)]
#[folder = "../wit"]
struct Contract;

#[derive(Embed)]
#[folder = "../plugins/sdk"]
struct Sdk;

pub(super) struct File {
    pub(super) path: String,
    pub(super) content: Cow<'static, [u8]>,
}

/// All files of a project, by their paths inside it.
pub(super) fn of((language, kind): (Language, Kind), name: &str) -> Vec<File> {
    let mut files = Vec::new();
    for folder in ["common", kind.folder()] {
        let prefix = format!("{}/{folder}/", language.folder());
        files.extend(below::<Templates>(&prefix, "").map(|file| filled(file, kind, name)));
    }
    match language {
        Language::Rust => {
            let is_needed = |file: &File| !file.path.contains("/wit/");
            files.extend(below::<Sdk>("", "vendor/tapedeck-plugin/").filter(is_needed));
            files.extend(below::<Contract>("", "vendor/tapedeck-plugin/wit/"));
        }
        Language::Python | Language::Js => {
            files.extend(below::<Contract>("", "wit/deps/tapedeck-plugin/"));
            let world = format!("world/{}.wit", kind.folder());
            let files_of_world = below::<Templates>(&world, "wit/world.wit");
            files.extend(files_of_world.map(|file| filled(file, kind, name)));
        }
    }
    files
}

/// The embedded files whose path begins with `prefix`, with `new` in its place.
fn below<From: Embed>(prefix: &str, new: &str) -> impl Iterator<Item = File> {
    From::iter().filter_map(move |path| {
        let path_inside = format!("{new}{}", path.strip_prefix(prefix)?);
        Some(File { path: path_inside, content: From::get(&path)?.data })
    })
}

fn filled(file: File, kind: Kind, name: &str) -> File {
    let text = String::from_utf8_lossy(&file.content)
        .replace("{{name}}", name)
        .replace("{{module}}", &name.replace('-', "_"))
        .replace("{{kind}}", kind.words())
        .replace("{{summary}}", kind.summary());
    // Cargo takes every folder with a file of this name for a package, so templates call it otherwise.
    let path = file.path.replace("Cargo.toml.template", "Cargo.toml");
    File { path, content: Cow::Owned(text.into_bytes()) }
}

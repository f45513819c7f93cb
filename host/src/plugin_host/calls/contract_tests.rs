//! Holds the contract in `wit/` to its own rules.

use wit_parser::{Docs, Resolve, TypeDefKind, WorldItem};

/// Words that some language keeps for itself: an item of this name cannot be written there.
const KEYWORDS: &str = "
    and as assert async await break case catch chan class const continue debugger def default defer del delete do
    elif else enum except export extends extern fallthrough false finally for from func function global go goto if
    implements import in inline instanceof int interface is lambda let long map match mod move mut new nil none
    nonlocal not null or package pass private protected public raise range register restrict return select self short
    signed sizeof static struct super switch this throw trait true try type typedef typeof union unsafe unsigned use
    var void volatile where while with yield";

/// Names of Python and JavaScript that a type or a function would hide. Go writes ours with a capital.
const BUILTINS: &str = "
    abs all any array bool bytes cap chr clear close complex copy date dict dir error eval exception exec file
    filter float format hash help id input int iter len list map max memoryview min next number object open ord pow
    print promise proxy range real recover repr reversed round set slice sorted str string sum super symbol tuple type
    vars zip";

fn contract() -> Resolve {
    let mut resolve = Resolve::default();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../wit");
    resolve.push_dir(folder).unwrap_or_else(|error| panic!("{error:#}"));
    resolve
}

/// A name in the contract.
struct Item {
    place: String,
    name: String,
    docs: Docs,
    /// Fields and cases live inside their type and hide nothing.
    is_inner: bool,
}

fn items(resolve: &Resolve) -> Vec<Item> {
    let mut items = Vec::new();
    let mut add = |place: &str, name: &str, docs: &Docs, is_inner| {
        items.push(Item { place: place.into(), name: name.into(), docs: docs.clone(), is_inner });
    };
    for (_, world) in &resolve.worlds {
        add("world", &world.name, &world.docs, true);
    }
    for (_, interface) in &resolve.interfaces {
        let place = interface.name.clone().expect("a name");
        add("interface", &place, &interface.docs, true);
        for function in interface.functions.values() {
            let is_constructor = function.name.starts_with('[');
            add(&place, function.item_name(), &function.docs, is_constructor);
        }
        for (name, id) in &interface.types {
            let definition = &resolve.types[*id];
            // What only another interface's type is has its words there.
            if matches!(definition.kind, TypeDefKind::Type(_)) {
                continue;
            }
            add(&place, name, &definition.docs, false);
            let place = format!("{place}.{name}");
            match &definition.kind {
                TypeDefKind::Record(record) => {
                    record.fields.iter().for_each(|field| add(&place, &field.name, &field.docs, true));
                }
                TypeDefKind::Variant(variant) => {
                    variant.cases.iter().for_each(|case| add(&place, &case.name, &case.docs, true));
                }
                _ => {}
            }
        }
    }
    items
}

#[test]
fn every_item_is_documented() {
    let resolve = contract();
    let bare: Vec<String> = items(&resolve)
        .into_iter()
        .filter(|item| item.docs.contents.as_deref().is_none_or(|text| text.trim().is_empty()))
        .map(|item| format!("{} {}", item.place, item.name))
        .collect();
    assert!(bare.is_empty(), "no doc comment: {bare:?}");
}

#[test]
fn no_name_is_taken_in_any_language() {
    let resolve = contract();
    let is_in = |words: &str, name: &str| words.split_whitespace().any(|word| word == name);
    let taken: Vec<String> = items(&resolve)
        .into_iter()
        .filter(|it| is_in(KEYWORDS, &it.name) || !it.is_inner && is_in(BUILTINS, &it.name))
        .map(|item| format!("{} {}", item.place, item.name))
        .collect();
    assert!(taken.is_empty(), "keywords or builtins: {taken:?}");
}

#[test]
fn what_will_grow_is_no_enum() {
    let resolve = contract();
    let closed = resolve
        .types
        .iter()
        .filter(|(_, it)| matches!(it.kind, TypeDefKind::Enum(_) | TypeDefKind::Flags(_)));
    let closed: Vec<_> = closed.filter_map(|(_, it)| it.name.clone()).collect();
    assert!(closed.is_empty(), "numbers and words can grow, these cannot: {closed:?}");
    let errors = resolve.types.iter().find(|(_, it)| it.name.as_deref() == Some("plugin-error")).expect("it");
    let TypeDefKind::Variant(errors) = &errors.1.kind else { panic!("{errors:?}") };
    assert!(errors.cases.iter().any(|case| case.name == "other"), "errors need a catch-all");
}

#[test]
fn each_kind_has_a_world_that_exports_it() {
    let resolve = contract();
    for kind in crate::model::PluginKind::ALL {
        let name = format!("{kind}-plugin");
        let (_, world) =
            resolve.worlds.iter().find(|(_, world)| world.name == name).unwrap_or_else(|| panic!("{name}"));
        let exports: Vec<_> = world
            .exports
            .values()
            .filter_map(|item| match item {
                WorldItem::Interface { id, .. } => resolve.interfaces[*id].name.clone(),
                _ => None,
            })
            .collect();
        assert!(exports.contains(&kind.as_str().to_owned()), "{name}: {exports:?}");
        assert!(exports.contains(&"describe".to_owned()), "{name}: {exports:?}");
    }
}

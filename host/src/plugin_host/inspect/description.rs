//! Looks over the description of its interfaces that a core module brings, before it is believed.
//!
//! What reads it in earnest follows packages from one to the next without looking where it has been: two that lead
//! to one another would take it round until the stack, and with it the process, ends. So it gets to see only
//! descriptions in which all interfaces are of one package, which is all that a plugin needs.

use std::collections::BTreeSet;

use wasmparser::{
    ComponentType, ComponentTypeDeclaration, ComponentTypeRef, Error, InstanceTypeDeclaration, Parser,
    Payload,
};

const SECTION: &str = "component-type";

/// The packages whose interfaces it names; `None` without a description.
pub(super) fn read(module: &[u8]) -> Result<Option<BTreeSet<String>>, String> {
    let mut packages = None;
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::CustomSection(section) = payload.map_err(|error| error.to_string())?
            && section.name().starts_with(SECTION)
        {
            super::walk::check_depth(section.data())?;
            gather(section.data(), packages.get_or_insert_default()).map_err(|error| error.to_string())?;
        }
    }
    Ok(packages)
}

fn gather(description: &[u8], packages: &mut BTreeSet<String>) -> Result<(), Error> {
    for payload in Parser::new(0).parse_all(description) {
        match payload? {
            Payload::ComponentTypeSection(section) => {
                for ty in section {
                    of_type(&ty?, packages);
                }
            }
            Payload::ComponentImportSection(section) => {
                for import in section {
                    let import = import?;
                    of_name(import.name.name, &import.ty, packages);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn of_type(ty: &ComponentType<'_>, packages: &mut BTreeSet<String>) {
    match ty {
        ComponentType::Component(declarations) => {
            for declaration in declarations {
                match declaration {
                    ComponentTypeDeclaration::Type(ty) => of_type(ty, packages),
                    ComponentTypeDeclaration::Export { name, ty } => of_name(name.name, ty, packages),
                    ComponentTypeDeclaration::Import(import) => {
                        of_name(import.name.name, &import.ty, packages)
                    }
                    _ => {}
                }
            }
        }
        ComponentType::Instance(declarations) => {
            for declaration in declarations {
                match declaration {
                    InstanceTypeDeclaration::Type(ty) => of_type(ty, packages),
                    InstanceTypeDeclaration::Export { name, ty } => of_name(name.name, ty, packages),
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

/// Interfaces are instances there. What has no package stands in the file's own world.
fn of_name(name: &str, ty: &ComponentTypeRef, packages: &mut BTreeSet<String>) {
    if let (ComponentTypeRef::Instance(_), Some((package, interface))) = (ty, name.split_once('/')) {
        let version = interface.split_once('@').map(|(_, version)| format!("@{version}")).unwrap_or_default();
        packages.insert(format!("{package}{version}"));
    }
}

//! Makes plugins out of nothing: modules whose functions are written instruction by instruction,
//! so that they can do what no compiler would let them. No toolchain for wasm is needed.

use std::{collections::BTreeMap, path::Path};

use wasm_encoder::{
    CodeSection, ConstExpr, CustomSection, EntityType, ExportKind, ExportSection, Function, FunctionSection,
    GlobalSection, GlobalType, ImportSection, Instruction as I, MemArg, MemorySection, MemoryType, Module,
    RefType, TableSection, TableType, TypeSection, ValType,
};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{
    Resolve, WorldId, WorldItem,
    abi::{AbiVariant, WasmSignature, WasmType},
};

/// Where results lie that nobody wrote: zeros, which are empty lists and `ok`s.
pub(crate) const ZEROS: i32 = 1024;
/// Where [`Guest::data`] is put.
pub(crate) const DATA: i32 = 4096;
const HEAP: i32 = 65_536;

type Write = Box<dyn Fn(&Names) -> Vec<I<'static>>>;

/// Numbers of the functions that a body can call.
pub(crate) struct Names(BTreeMap<String, u32>);

impl Names {
    /// `interface#function`, as in [`Guest::imports`].
    pub(crate) fn of(&self, name: &str) -> u32 {
        *self.0.get(name).unwrap_or_else(|| panic!("{name} is not imported; there is {:?}", self.0.keys()))
    }
}

pub(crate) struct Guest {
    resolve: Resolve,
    world: WorldId,
    imports: Vec<String>,
    bodies: BTreeMap<String, (Vec<ValType>, Write)>,
    data: Vec<u8>,
    memory_pages: u64,
    table_elements: u64,
    sections: Vec<(String, Vec<u8>)>,
    loops_at_start: bool,
}

impl Guest {
    /// A plugin of one kind with a manifest: what others start from. It exports that kind alone.
    pub(crate) fn plugin(id: &str, version: &str, kind: &str) -> Self {
        Self::of_wit_beside(&format!(
            "package test:guest; world guest {{ export tapedeck:plugin/{kind}@1.0.0; }}"
        ))
        .manifest(&format!(r#"{{"id":"{id}","version":"{version}","summary":"A test."}}"#))
    }

    /// A world of its own, over the contract.
    pub(crate) fn of_wit_beside(wit: &str) -> Self {
        let mut resolve = Resolve::default();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit");
        resolve.push_dir(&folder).expect("the contract can be read");
        let package = resolve.push_str("guest.wit", wit).expect("the test's contract can be read");
        Self::build(resolve, package, None)
    }

    /// A world over the contract as it might be in another version: with parts of its text replaced.
    pub(crate) fn of_version(version: &str, changes: &[(&str, &str)], wit: &str) -> Self {
        let published = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit");
        let folder = tempfile::tempdir().expect("a folder");
        let mut left: Vec<&(&str, &str)> = changes.iter().collect();
        for entry in std::fs::read_dir(published).expect("the contract is there") {
            let path = entry.expect("a file").path();
            let text = std::fs::read_to_string(&path).expect("a text");
            let mut text = text.replace("tapedeck:plugin@1.0.0", &format!("tapedeck:plugin@{version}"));
            left.retain(|(old, new)| {
                let is_here = text.contains(old);
                text = text.replace(old, new);
                !is_here
            });
            std::fs::write(folder.path().join(path.file_name().expect("a name")), text).expect("a copy");
        }
        assert!(left.is_empty(), "not in the contract: {left:?}");
        let mut resolve = Resolve::default();
        resolve.push_dir(folder.path()).expect("the changed contract can be read");
        let package = resolve.push_str("guest.wit", wit).expect("the test's contract can be read");
        Self::build(resolve, package, None)
    }

    /// A world of another contract altogether.
    pub(crate) fn of_wit(wit: &str) -> Self {
        let mut resolve = Resolve::default();
        let package = resolve.push_str("guest.wit", wit).expect("the test's contract can be read");
        Self::build(resolve, package, None)
    }

    /// A world of the last of these packages.
    pub(crate) fn of_packages(wits: &[&str]) -> Self {
        let mut resolve = Resolve::default();
        let mut push =
            |wit: &&str| resolve.push_str("guest.wit", wit).expect("the test's contract can be read");
        let package = wits.iter().map(&mut push).last().expect("there is one");
        Self::build(resolve, package, None)
    }

    fn build(resolve: Resolve, package: wit_parser::PackageId, world: Option<&str>) -> Self {
        let world = resolve.select_world(&[package], world).expect("the world is there");
        Self {
            resolve,
            world,
            imports: Vec::new(),
            bodies: BTreeMap::new(),
            data: Vec::new(),
            memory_pages: 2,
            table_elements: 0,
            sections: Vec::new(),
            loops_at_start: false,
        }
    }

    /// Uses `interface#function`, such as `tapedeck:plugin/log@1.0.0#write`. What is not used is not imported.
    pub(crate) fn imports(mut self, name: &str) -> Self {
        self.imports.push(name.into());
        self
    }

    /// What `interface#function` does; without, it gives zeros.
    pub(crate) fn does(self, name: &str, body: impl Fn(&Names) -> Vec<I<'static>> + 'static) -> Self {
        self.does_with(name, &[], body)
    }

    /// The same with variables of its own, after the parameters.
    pub(crate) fn does_with(
        mut self,
        name: &str,
        locals: &[ValType],
        body: impl Fn(&Names) -> Vec<I<'static>> + 'static,
    ) -> Self {
        self.bodies.insert(name.into(), (locals.to_vec(), Box::new(body)));
        self
    }

    /// Gives a text of so many `x`.
    pub(crate) fn answers(self, name: &str, letters: u32) -> Self {
        self.says(name, &"x".repeat(letters as usize))
    }

    /// Gives this text. One function can.
    pub(crate) fn says(self, name: &str, text: &str) -> Self {
        let length = i32::try_from(text.len()).expect("a short text");
        // Where the text is, and how long; the answer is where these two are.
        let body = move |_: &Names| {
            vec![
                I::I32Const(ZEROS - 8),
                I::I32Const(DATA),
                I::I32Store(at(0)),
                I::I32Const(ZEROS - 8),
                I::I32Const(length),
                I::I32Store(at(4)),
                I::I32Const(ZEROS - 8),
            ]
        };
        self.data(text).does(name, body)
    }

    /// Never comes back.
    pub(crate) fn loops(self, name: &str) -> Self {
        use wasm_encoder::BlockType::Empty;
        self.does(name, |_| vec![I::Loop(Empty), I::Br(0), I::End, I::Unreachable])
    }

    /// Never comes to be.
    pub(crate) fn starts_with_loop(mut self) -> Self {
        self.loops_at_start = true;
        self
    }

    /// Bytes at [`DATA`].
    pub(crate) fn data(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.data = bytes.into();
        self
    }

    pub(crate) fn memory(mut self, pages: u64) -> Self {
        self.memory_pages = pages;
        self
    }

    pub(crate) fn table(mut self, elements: u64) -> Self {
        self.table_elements = elements;
        self
    }

    pub(crate) fn manifest(self, json: &str) -> Self {
        self.section("tapedeck:manifest", json.as_bytes())
    }

    pub(crate) fn section(mut self, name: &str, bytes: &[u8]) -> Self {
        self.sections.retain(|(other, _)| other != name);
        self.sections.push((name.into(), bytes.to_vec()));
        self
    }

    /// A finished component.
    pub(crate) fn component(&self) -> Vec<u8> {
        let encoder = ComponentEncoder::default().validate(true).module(&self.module());
        encoder.and_then(|mut encoder| encoder.encode()).unwrap_or_else(|error| panic!("{error:?}"))
    }

    /// A core module with the description of its interfaces.
    pub(crate) fn module(&self) -> Vec<u8> {
        let mut bytes = self.bare_module();
        embed_component_metadata(&mut bytes, &self.resolve, self.world, StringEncoding::UTF8)
            .expect("the description fits");
        bytes
    }

    /// A core module about which nothing is known.
    pub(crate) fn bare_module(&self) -> Vec<u8> {
        let mut parts = Parts::default();
        let functions = self.functions();
        for name in &self.imports {
            let (variant, (module, field)) = (AbiVariant::GuestImport, name.split_once('#').expect("a#b"));
            let signature =
                functions.get(&(true, name.clone())).map(|function| self.signature(variant, function));
            // What comes from the component model itself, such as `[resource-new]`, takes and gives one number.
            let ty = parts.ty(&signature.unwrap_or((vec![ValType::I32], vec![ValType::I32])));
            parts.imports.import(module, field, EntityType::Function(ty));
            parts.names.insert(name.clone(), parts.next);
            parts.next += 1;
        }
        // What it exports comes next, in this order: a body can call itself.
        for (number, (_, name)) in (parts.next..).zip(functions.keys().filter(|(is_import, _)| !is_import)) {
            parts.names.insert(name.clone(), number);
        }
        let names = Names(std::mem::take(&mut parts.names));
        for ((is_import, name), function) in &functions {
            if *is_import {
                continue;
            }
            let signature = self.signature(AbiVariant::GuestExport, function);
            let given = self.bodies.get(name);
            let locals = given.map_or(&[][..], |(locals, _)| locals);
            let body = given.map_or_else(|| zeros(&signature.1), |(_, write)| write(&names));
            parts.function(Some(name), &signature, locals, &body);
        }
        parts.function(Some("cabi_realloc"), &(vec![ValType::I32; 4], vec![ValType::I32]), &[], &realloc());
        for (name, (locals, write)) in self.bodies.iter().filter(|(name, _)| name.starts_with('[')) {
            // Such as a destructor: `[dtor]thing`.
            parts.function(Some(name), &(vec![ValType::I32], vec![]), locals, &write(&names));
        }
        if self.loops_at_start {
            let body = [I::Loop(wasm_encoder::BlockType::Empty), I::Br(0), I::End];
            parts.start = Some(parts.next);
            parts.function(None, &(vec![], vec![]), &[], &body);
        }
        let mut module = parts.finish(self.memory_pages, self.table_elements, &self.data);
        for (name, data) in &self.sections {
            module.section(&CustomSection { name: name.as_str().into(), data: data.as_slice().into() });
        }
        module.finish()
    }

    /// Whether it is imported, and its name in a core module.
    fn functions(&self) -> BTreeMap<(bool, String), &wit_parser::Function> {
        let world = &self.resolve.worlds[self.world];
        let items =
            world.imports.iter().map(|item| (true, item)).chain(world.exports.iter().map(|it| (false, it)));
        let mut functions = BTreeMap::new();
        for (is_import, (_, item)) in items {
            match item {
                WorldItem::Interface { id, .. } => {
                    let interface = self.resolve.id_of(*id).expect("interfaces have names here");
                    for function in self.resolve.interfaces[*id].functions.values() {
                        functions.insert((is_import, format!("{interface}#{}", function.name)), function);
                    }
                }
                WorldItem::Function(function) => {
                    functions.insert((is_import, function.name.clone()), function);
                }
                WorldItem::Type { .. } => {}
            }
        }
        functions
    }

    fn signature(&self, variant: AbiVariant, function: &wit_parser::Function) -> Signature {
        let WasmSignature { params, results, .. } = self.resolve.wasm_signature(variant, function);
        (params.into_iter().map(value_type).collect(), results.into_iter().map(value_type).collect())
    }
}

type Signature = (Vec<ValType>, Vec<ValType>);

fn value_type(ty: WasmType) -> ValType {
    match ty {
        WasmType::I64 | WasmType::PointerOrI64 => ValType::I64,
        WasmType::F32 => ValType::F32,
        WasmType::F64 => ValType::F64,
        WasmType::I32 | WasmType::Pointer | WasmType::Length => ValType::I32,
    }
}

fn zeros(results: &[ValType]) -> Vec<I<'static>> {
    let zero = |ty: &ValType| match ty {
        ValType::I64 => I::I64Const(0),
        ValType::F32 => I::F32Const(0.0.into()),
        ValType::F64 => I::F64Const(0.0.into()),
        _ => I::I32Const(ZEROS),
    };
    results.iter().map(zero).collect()
}

/// Gives ever more memory and takes none back; grows it when it has to.
fn realloc() -> Vec<I<'static>> {
    const BUMP: u32 = 0;
    let round_up = [
        I::GlobalGet(BUMP),
        I::LocalGet(2),
        I::I32Add,
        I::I32Const(1),
        I::I32Sub,
        I::I32Const(0),
        I::LocalGet(2),
        I::I32Sub,
        I::I32And,
        I::LocalTee(0),
        I::LocalGet(3),
        I::I32Add,
        I::GlobalSet(BUMP),
    ];
    let grow = [
        I::Block(wasm_encoder::BlockType::Empty),
        I::Loop(wasm_encoder::BlockType::Empty),
        I::GlobalGet(BUMP),
        I::MemorySize(0),
        I::I32Const(16),
        I::I32Shl,
        I::I32LeU,
        I::BrIf(1),
        I::I32Const(16),
        I::MemoryGrow(0),
        I::I32Const(-1),
        I::I32Ne,
        I::BrIf(0),
        I::Unreachable,
        I::End,
        I::End,
        I::LocalGet(0),
    ];
    round_up.into_iter().chain(grow).collect()
}

#[derive(Default)]
struct Parts {
    types: TypeSection,
    imports: ImportSection,
    functions: FunctionSection,
    exports: ExportSection,
    code: CodeSection,
    names: BTreeMap<String, u32>,
    next: u32,
    start: Option<u32>,
}

impl Parts {
    fn ty(&mut self, (params, results): &Signature) -> u32 {
        self.types.ty().function(params.iter().copied(), results.iter().copied());
        self.types.len() - 1
    }

    fn function(&mut self, name: Option<&str>, signature: &Signature, locals: &[ValType], body: &[I<'_>]) {
        let ty = self.ty(signature);
        self.functions.function(ty);
        if let Some(name) = name {
            self.exports.export(name, ExportKind::Func, self.next);
        }
        self.next += 1;
        let mut function = Function::new_with_locals_types(locals.iter().copied());
        body.iter().chain([&I::End]).for_each(|instruction| {
            function.instruction(instruction);
        });
        self.code.function(&function);
    }

    fn finish(mut self, memory_pages: u64, table_elements: u64, data: &[u8]) -> Module {
        let mut memories = MemorySection::new();
        memories.memory(MemoryType {
            minimum: memory_pages,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        self.exports.export("memory", ExportKind::Memory, 0);
        let mut tables = TableSection::new();
        tables.table(TableType {
            element_type: RefType::FUNCREF,
            minimum: table_elements,
            maximum: None,
            table64: false,
            shared: false,
        });
        let mut globals = GlobalSection::new();
        let ty = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
        globals.global(ty, &ConstExpr::i32_const(HEAP));
        globals.global(ty, &ConstExpr::i32_const(0));
        let mut contents = wasm_encoder::DataSection::new();
        contents.active(0, &ConstExpr::i32_const(DATA), data.iter().copied());
        let mut module = Module::new();
        module
            .section(&self.types)
            .section(&self.imports)
            .section(&self.functions)
            .section(&tables)
            .section(&memories)
            .section(&globals)
            .section(&self.exports);
        if let Some(function_index) = self.start {
            module.section(&wasm_encoder::StartSection { function_index });
        }
        module.section(&self.code).section(&contents);
        module
    }
}

/// For bodies: four bytes at an address.
pub(crate) fn at(offset: u64) -> MemArg {
    MemArg { offset, align: 2, memory_index: 0 }
}

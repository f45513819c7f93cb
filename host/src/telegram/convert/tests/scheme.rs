//! The layer's own scheme, from the sources of the crate that we are built with, and values made
//! by it: any constructor, any flags, one part changed.

use std::{collections::HashMap, path::PathBuf, process::Command, sync::OnceLock};

pub(super) struct Scheme {
    constructors: Vec<Constructor>,
    by_type: HashMap<String, Vec<usize>>,
    /// How deep the smallest value of a type is.
    heights: HashMap<String, usize>,
}

#[derive(Debug)]
struct Constructor {
    name: String,
    id: u32,
    of: String,
    fields: Vec<Field>,
}

#[derive(Debug)]
struct Field {
    name: String,
    kind: String,
    /// The word of flags and the bit in it that say whether the field is there.
    flag: Option<(String, u32)>,
}

#[derive(Clone, Debug)]
pub(super) enum Node {
    Int(i32),
    Long(i64),
    Double(f64),
    Text(String),
    Bytes(Vec<u8>),
    Bool(bool),
    Vector(Vec<Self>),
    Object { constructor: usize, is_bare: bool, parts: HashMap<String, Self> },
}

/// Which flags a made value has.
#[derive(Clone, Copy)]
pub(super) enum Flags {
    On,
    Off,
    Some,
}

pub(super) struct Maker<'a> {
    scheme: &'a Scheme,
    flags: Flags,
    depth: usize,
    /// The constructor to take for a type, wherever one is needed.
    forced: HashMap<String, String>,
    /// Outside of what is forced there is as little as possible.
    is_focused: bool,
    random: u64,
}

impl Scheme {
    pub(super) fn of_the_layer() -> &'static Self {
        static SCHEME: OnceLock<Scheme> = OnceLock::new();
        SCHEME.get_or_init(|| {
            let text = std::fs::read_to_string(scheme_file()).unwrap();
            assert!(text.contains(&format!("LAYER {}", grammers_tl_types::LAYER)));
            Self::parse(&text)
        })
    }

    fn parse(text: &str) -> Self {
        let types = text.split("---functions---").next().unwrap();
        let lines = types.lines().filter(|line| line.contains('#') && line.ends_with(';'));
        let constructors: Vec<Constructor> =
            lines.filter(|line| !line.starts_with("//") && !line.contains('{')).map(constructor).collect();
        let mut by_type: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, constructor) in constructors.iter().enumerate() {
            by_type.entry(constructor.of.clone()).or_default().push(index);
        }
        let mut scheme = Self { constructors, by_type, heights: HashMap::new() };
        scheme.measure();
        scheme
    }

    fn measure(&mut self) {
        loop {
            let before = self.heights.len();
            for constructor in &self.constructors {
                if let Some(height) = self.height(constructor) {
                    let known = self.heights.entry(constructor.of.clone()).or_insert(height);
                    *known = height.min(*known);
                }
            }
            if self.heights.len() == before {
                return;
            }
        }
    }

    fn height(&self, constructor: &Constructor) -> Option<usize> {
        let needed = constructor.fields.iter().filter(|field| field.flag.is_none());
        let heights: Option<Vec<usize>> = needed
            .map(|field| {
                if self.by_type.contains_key(&field.kind) {
                    self.heights.get(&field.kind).copied()
                } else {
                    Some(0)
                }
            })
            .collect();
        Some(1 + heights?.into_iter().max().unwrap_or(0))
    }

    pub(super) fn constructors_of(&self, of: &str) -> Vec<&str> {
        self.by_type[of].iter().map(|index| self.constructors[*index].name.as_str()).collect()
    }

    fn smallest(&self, of: &str) -> usize {
        let height = |index: &usize| self.height(&self.constructors[*index]).unwrap_or(usize::MAX);
        self.by_type[of].iter().copied().min_by_key(height).unwrap()
    }
}

fn scheme_file() -> PathBuf {
    let version = cargo(&["-vV"]);
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    // Crates of other platforms need not be there.
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let options =
        ["--offline", "--format-version", "1", "--filter-platform", host, "--manifest-path", manifest];
    let answer = cargo(&[["metadata"].as_slice(), &options].concat());
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    let packages = answer["packages"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"] == "grammers-tl-types").unwrap();
    PathBuf::from(package["manifest_path"].as_str().unwrap()).with_file_name("tl").join("api.tl")
}

fn cargo(arguments: &[&str]) -> String {
    let answer = Command::new(env!("CARGO")).args(arguments).output().unwrap();
    assert!(answer.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&answer.stderr));
    String::from_utf8(answer.stdout).unwrap()
}

/// `photoSize#75c78e60 type:string w:int h:int size:int = PhotoSize;`
fn constructor(line: &str) -> Constructor {
    let (left, of) = line.trim_end_matches(';').split_once(" = ").unwrap();
    let mut words = left.split(' ');
    let (name, id) = words.next().unwrap().split_once('#').unwrap();
    let fields = words.map(field).collect();
    Constructor { name: name.into(), id: u32::from_str_radix(id, 16).unwrap(), of: of.into(), fields }
}

fn field(word: &str) -> Field {
    let (name, kind) = word.split_once(':').unwrap();
    let Some((flag, kind)) = kind.split_once('?') else {
        return Field { name: name.into(), kind: kind.into(), flag: None };
    };
    let (word, bit) = flag.split_once('.').unwrap();
    Field { name: name.into(), kind: kind.into(), flag: Some((word.into(), bit.parse().unwrap())) }
}

impl<'a> Maker<'a> {
    pub(super) fn new(scheme: &'a Scheme, flags: Flags, depth: usize, seed: u64) -> Self {
        Self {
            scheme,
            flags,
            depth,
            forced: HashMap::new(),
            is_focused: false,
            random: seed.wrapping_mul(2) + 1,
        }
    }

    pub(super) fn forcing(mut self, of: &str, constructor: &str) -> Self {
        self.forced.insert(of.into(), constructor.into());
        self
    }

    pub(super) fn focused(mut self) -> Self {
        self.is_focused = true;
        self
    }

    fn random(&mut self) -> u32 {
        self.random =
            self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) as u32
    }

    pub(super) fn make(&mut self, of: &str, level: usize) -> Node {
        if let Some(inner) = of.strip_prefix("Vector<").and_then(|rest| rest.strip_suffix('>')) {
            return Node::Vector(vec![self.make(inner, level)]);
        }
        match of {
            "int" => Node::Int((self.random() >> 2).cast_signed() + 1),
            "long" => Node::Long(i64::from(self.random()) + 1),
            "double" => Node::Double(f64::from(self.random()) / 4.0),
            "string" => Node::Text(format!("s{}", self.random())),
            "bytes" => Node::Bytes(self.random().to_be_bytes().to_vec()),
            "Bool" => Node::Bool(self.random() & 1 == 1),
            _ => self.object(of, level),
        }
    }

    fn object(&mut self, of: &str, level: usize) -> Node {
        // A bare type is written with its constructor's name.
        let bare = self
            .scheme
            .constructors
            .iter()
            .position(|it| it.name == of && !self.scheme.by_type.contains_key(of));
        let forced = self.forced.get(of).map(|name| {
            self.scheme
                .constructors
                .iter()
                .position(|it| it.name == *name)
                .expect("a constructor of the layer")
        });
        let index = match bare.or(forced.filter(|_| level <= self.depth)) {
            Some(index) => index,
            None if level >= self.depth => self.scheme.smallest(of),
            None => {
                let all = &self.scheme.by_type[of];
                all[self.random() as usize % all.len()]
            }
        };
        self.with_parts(index, bare.is_some(), level)
    }

    fn with_parts(&mut self, index: usize, is_bare: bool, level: usize) -> Node {
        let scheme = self.scheme;
        let mut there: HashMap<(&str, u32), bool> = HashMap::new();
        let mut parts = HashMap::new();
        for field in scheme.constructors[index].fields.iter().filter(|field| field.kind != "#") {
            let is_there = field.flag.as_ref().is_none_or(|(word, bit)| {
                let forced = level == 0 && self.forced.contains_key(inner_kind(&field.kind));
                let choice = match self.flags {
                    _ if forced => true,
                    _ if level > self.depth || (level == 0 && self.is_focused) => false,
                    Flags::On => true,
                    Flags::Off => false,
                    Flags::Some => self.random() & 1 == 1,
                };
                *there.entry((word, *bit)).or_insert(choice)
            });
            if is_there {
                let kind = field.kind.as_str();
                let part = if kind == "true" { Node::Bool(true) } else { self.make(kind, level + 1) };
                parts.insert(field.name.clone(), part);
            }
        }
        Node::Object { constructor: index, is_bare, parts }
    }
}

fn inner_kind(kind: &str) -> &str {
    kind.strip_prefix("Vector<").and_then(|rest| rest.strip_suffix('>')).unwrap_or(kind)
}

impl Node {
    pub(super) fn bytes(&self, scheme: &Scheme) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write(scheme, &mut bytes);
        bytes
    }

    fn write(&self, scheme: &Scheme, out: &mut Vec<u8>) {
        use grammers_tl_types::Serializable as _;
        match self {
            Self::Int(value) => value.serialize(out),
            Self::Long(value) => value.serialize(out),
            Self::Double(value) => value.serialize(out),
            Self::Text(value) => value.serialize(out),
            Self::Bytes(value) => value.serialize(out),
            Self::Bool(value) => value.serialize(out),
            Self::Vector(items) => {
                0x1cb5_c415_u32.serialize(out);
                i32::try_from(items.len()).unwrap().serialize(out);
                items.iter().for_each(|item| item.write(scheme, out));
            }
            Self::Object { constructor, is_bare, parts } => {
                let constructor = &scheme.constructors[*constructor];
                if !is_bare {
                    constructor.id.serialize(out);
                }
                for field in &constructor.fields {
                    if field.kind == "#" {
                        flags(constructor, &field.name, parts).serialize(out);
                    } else if let Some(part) = parts.get(&field.name).filter(|_| field.kind != "true") {
                        part.write(scheme, out);
                    }
                }
            }
        }
    }

    /// What this value says, without the names of its fields: sorted, for comparing.
    pub(super) fn leaves(&self, scheme: &Scheme) -> Vec<String> {
        let mut leaves = Vec::new();
        self.collect(scheme, &mut leaves);
        leaves.sort();
        leaves
    }

    fn collect(&self, scheme: &Scheme, leaves: &mut Vec<String>) {
        use base64::Engine as _;
        match self {
            Self::Int(value) => leaves.push(value.to_string()),
            Self::Long(value) => leaves.push(value.to_string()),
            Self::Double(value) => leaves.push(serde_json::json!(value).to_string()),
            Self::Text(value) => leaves.push(value.clone()),
            Self::Bytes(value) => leaves.push(base64::engine::general_purpose::STANDARD.encode(value)),
            Self::Bool(value) => leaves.push(value.to_string()),
            Self::Vector(items) => items.iter().for_each(|item| item.collect(scheme, leaves)),
            Self::Object { constructor, parts, .. } => {
                let name = &scheme.constructors[*constructor].name;
                leaves.push(name.rsplit('.').next().unwrap().to_owned());
                parts.values().for_each(|part| part.collect(scheme, leaves));
            }
        }
    }

    /// This value with one part changed, for each of its parts; says which.
    pub(super) fn variants(&self, maker: &mut Maker<'_>) -> Vec<(String, Self)> {
        match self {
            Self::Int(value) => vec![("value".into(), Self::Int(value + 1))],
            Self::Long(value) => vec![("value".into(), Self::Long(value + 1))],
            Self::Double(value) => vec![("value".into(), Self::Double(value + 1.0))],
            Self::Text(value) => vec![("value".into(), Self::Text(format!("{value}x")))],
            Self::Bytes(value) => vec![("value".into(), Self::Bytes([value.as_slice(), &[7]].concat()))],
            Self::Bool(value) => vec![("value".into(), Self::Bool(!value))],
            Self::Vector(items) => Self::variants_of_list(items, maker),
            Self::Object { constructor, is_bare, parts } => {
                let mut all = Self::other_constructors(*constructor, *is_bare, maker);
                all.extend(Self::without_flags(*constructor, *is_bare, parts, maker));
                for (name, part) in parts {
                    if is_flag(&maker.scheme.constructors[*constructor], name) {
                        continue;
                    }
                    for (what, changed) in part.variants(maker) {
                        let mut parts = parts.clone();
                        parts.insert(name.clone(), changed);
                        let changed = Self::Object { constructor: *constructor, is_bare: *is_bare, parts };
                        all.push((format!("{name}.{what}"), changed));
                    }
                }
                all
            }
        }
    }

    fn variants_of_list(items: &[Self], maker: &mut Maker<'_>) -> Vec<(String, Self)> {
        let mut all = Vec::new();
        if let Some(first) = items.first() {
            let longer = [items, std::slice::from_ref(first)].concat();
            all.push(("longer".into(), Self::Vector(longer)));
        }
        for (index, item) in items.iter().enumerate() {
            for (what, changed) in item.variants(maker) {
                let mut items = items.to_vec();
                items[index] = changed;
                all.push((format!("{index}.{what}"), Self::Vector(items)));
            }
        }
        all
    }

    fn other_constructors(now: usize, is_bare: bool, maker: &mut Maker<'_>) -> Vec<(String, Self)> {
        let scheme = maker.scheme;
        let others = scheme.by_type[&scheme.constructors[now].of].iter().filter(|it| **it != now && !is_bare);
        let one = |index: &usize| {
            let deep = maker.depth + 1;
            (scheme.constructors[*index].name.clone(), maker.with_parts(*index, false, deep))
        };
        others.take(3).map(one).collect()
    }

    /// Each flag that is on switched off, with all the fields that hang on it.
    fn without_flags(
        now: usize,
        is_bare: bool,
        parts: &HashMap<String, Self>,
        maker: &Maker<'_>,
    ) -> Vec<(String, Self)> {
        let fields = &maker.scheme.constructors[now].fields;
        let mut on: Vec<&(String, u32)> = fields
            .iter()
            .filter(|field| parts.contains_key(&field.name))
            .filter_map(|it| it.flag.as_ref())
            .collect();
        on.sort();
        on.dedup();
        let switched_off = |flag: &(String, u32)| {
            let mut parts = parts.clone();
            for field in fields.iter().filter(|field| field.flag.as_ref() == Some(flag)) {
                parts.remove(&field.name);
            }
            (format!("{}.{} off", flag.0, flag.1), Self::Object { constructor: now, is_bare, parts })
        };
        on.into_iter().map(switched_off).collect()
    }
}

fn is_flag(constructor: &Constructor, name: &str) -> bool {
    constructor.fields.iter().any(|field| field.name == name && field.kind == "true")
}

fn flags(constructor: &Constructor, word: &str, parts: &HashMap<String, Node>) -> u32 {
    let on = constructor.fields.iter().filter(|field| parts.contains_key(&field.name));
    on.filter_map(|field| field.flag.as_ref())
        .filter(|flag| flag.0 == word)
        .fold(0, |all, flag| all | 1 << flag.1)
}

//! What a plugin says of itself without being run: its name, its version, what it wants.
//!
//! The text is put together while the plugin is compiled, since a section of a WebAssembly file
//! holds constant bytes. Settings are the one thing that constants cannot describe: their schema is a
//! file that `cargo test` writes.

/// What a plugin asks the operator for. Nothing is given that was not asked for, and nothing that
/// was asked for is given before the operator grants it.
///
/// ```
/// use tapedeck_plugin::{Wants, WantsHttp, WantsRun};
///
/// const WANTS: Wants = Wants {
///     http: &[WantsHttp { host: "*.example.com", methods: &["GET"], why: "asks what is playing" }],
///     run: &[WantsRun { program: "yt-dlp", why: "fetches the recording" }],
///     kv_bytes: 1 << 20,
///     ..Wants::NOTHING
/// };
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wants {
    pub http: &'static [WantsHttp],
    pub run: &'static [WantsRun],
    /// How much the plugin remembers with [`kv`](crate::kv); 0 for nothing.
    pub kv_bytes: u64,
    /// How much the plugin keeps in files with [`scratch`](crate::scratch); 0 for nothing.
    pub scratch_bytes: u64,
}

/// Requests to one host, or to all below a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WantsHttp {
    /// `api.example.com`, or `*.example.com` for everything below.
    pub host: &'static str,
    /// In capital letters.
    pub methods: &'static [&'static str],
    /// Shown to the operator who decides.
    pub why: &'static str,
}

/// A program on the host's machine, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WantsRun {
    pub program: &'static str,
    /// Shown to the operator who decides.
    pub why: &'static str,
}

impl Wants {
    pub const NOTHING: Self = Self { http: &[], run: &[], kv_bytes: 0, scratch_bytes: 0 };
}

/// Everything that goes into the section `tapedeck:manifest`.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Manifest {
    /// The package's name; a leading `tapedeck-` is not part of the plugin's.
    pub package: &'static str,
    pub version: &'static str,
    pub summary: &'static str,
    pub wants: Wants,
    pub columns: &'static [&'static str],
    /// JSON; empty for a plugin without settings.
    pub settings_schema: &'static str,
}

impl Manifest {
    pub const fn length(&self) -> usize {
        let mut text = Text::<0>::new();
        text.manifest(self);
        text.length
    }

    pub const fn bytes<const N: usize>(&self) -> [u8; N] {
        assert!(
            !self.summary.is_empty(),
            "a plugin needs `description` in its Cargo.toml: it is shown wherever plugins are listed"
        );
        let mut text = Text::<N>::new();
        text.manifest(self);
        text.bytes
    }
}

/// JSON written by constant code: once to count, once to keep.
struct Text<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> Text<N> {
    const fn new() -> Self {
        Self { bytes: [0; N], length: 0 }
    }

    const fn byte(&mut self, byte: u8) {
        if self.length < N {
            self.bytes[self.length] = byte;
        }
        self.length += 1;
    }

    const fn raw(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            self.byte(bytes[at]);
            at += 1;
        }
    }

    const fn string(&mut self, text: &str) {
        self.byte(b'"');
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            match bytes[at] {
                quoted @ (b'"' | b'\\') => {
                    self.byte(b'\\');
                    self.byte(quoted);
                }
                control @ 0..0x20 => {
                    self.raw("\\u00");
                    self.byte(b"01"[(control >> 4) as usize]);
                    self.byte(b"0123456789abcdef"[(control & 15) as usize]);
                }
                plain => self.byte(plain),
            }
            at += 1;
        }
        self.byte(b'"');
    }

    const fn id(&mut self, package: &str) {
        const PREFIX: &[u8] = b"tapedeck-";
        let bytes = package.as_bytes();
        let mut at = 0;
        while at < PREFIX.len() && at < bytes.len() && bytes[at] == PREFIX[at] {
            at += 1;
        }
        if at < PREFIX.len() {
            at = 0;
        }
        self.byte(b'"');
        while at < bytes.len() {
            self.byte(if bytes[at] == b'_' { b'-' } else { bytes[at].to_ascii_lowercase() });
            at += 1;
        }
        self.byte(b'"');
    }

    const fn strings(&mut self, texts: &[&str]) {
        self.byte(b'[');
        let mut at = 0;
        while at < texts.len() {
            if at > 0 {
                self.byte(b',');
            }
            self.string(texts[at]);
            at += 1;
        }
        self.byte(b']');
    }

    const fn number(&mut self, number: u64) {
        if number >= 10 {
            self.number(number / 10);
        }
        self.byte(b'0' + (number % 10) as u8);
    }

    const fn manifest(&mut self, manifest: &Manifest) {
        self.raw("{\"id\":");
        self.id(manifest.package);
        self.raw(",\"version\":");
        self.string(manifest.version);
        self.raw(",\"summary\":");
        self.string(manifest.summary);
        self.raw(",\"sdk\":");
        self.string(env!("CARGO_PKG_VERSION"));
        self.raw(",\"wants\":{");
        self.wants(&manifest.wants);
        self.raw("}");
        if !manifest.columns.is_empty() {
            self.raw(",\"columns\":");
            self.strings(manifest.columns);
        }
        if !manifest.settings_schema.is_empty() {
            self.raw(",\"settings_schema\":");
            self.raw(manifest.settings_schema);
        }
        self.raw("}");
    }

    const fn wants(&mut self, wants: &Wants) {
        self.raw("\"http\":[");
        let mut at = 0;
        while at < wants.http.len() {
            let want = wants.http[at];
            self.raw(if at == 0 { "{\"host\":" } else { ",{\"host\":" });
            self.string(want.host);
            self.raw(",\"methods\":");
            self.strings(want.methods);
            self.raw(",\"why\":");
            self.string(want.why);
            self.raw("}");
            at += 1;
        }
        self.raw("],\"run\":[");
        at = 0;
        while at < wants.run.len() {
            self.raw(if at == 0 { "{\"program\":" } else { ",{\"program\":" });
            self.string(wants.run[at].program);
            self.raw(",\"why\":");
            self.string(wants.run[at].why);
            self.raw("}");
            at += 1;
        }
        self.raw("]");
        if wants.kv_bytes > 0 {
            self.raw(",\"kv\":{\"bytes\":");
            self.number(wants.kv_bytes);
            self.raw("}");
        }
        if wants.scratch_bytes > 0 {
            self.raw(",\"scratch\":{\"bytes\":");
            self.number(wants.scratch_bytes);
            self.raw("}");
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const WANTS: Wants = Wants {
        http: &[
            WantsHttp { host: "*.example.com", methods: &["GET", "POST"], why: "to say \"hello\"" },
            WantsHttp { host: "example.org", methods: &[], why: "" },
        ],
        run: &[WantsRun { program: "yt-dlp", why: "tab\there" }],
        kv_bytes: 1_048_576,
        scratch_bytes: 7,
    };
    const MANIFEST: Manifest = Manifest {
        package: "tapedeck-No_Links",
        version: "1.2.0",
        summary: "Drops links: \\o/",
        wants: WANTS,
        columns: &["mime"],
        settings_schema: r#"{"type":"object"}"#,
    };
    const BYTES: [u8; MANIFEST.length()] = MANIFEST.bytes();

    #[test]
    fn manifest_is_the_json_that_hosts_read() {
        let read: Value = serde_json::from_slice(&BYTES).expect("JSON");
        let expected = json!({
            "id": "no-links",
            "version": "1.2.0",
            "summary": "Drops links: \\o/",
            "sdk": env!("CARGO_PKG_VERSION"),
            "wants": {
                "http": [
                    { "host": "*.example.com", "methods": ["GET", "POST"], "why": "to say \"hello\"" },
                    { "host": "example.org", "methods": [], "why": "" },
                ],
                "run": [{ "program": "yt-dlp", "why": "tab\there" }],
                "kv": { "bytes": 1_048_576 },
                "scratch": { "bytes": 7 },
            },
            "columns": ["mime"],
            "settings_schema": { "type": "object" },
        });
        assert_eq!(read, expected);
    }

    #[test]
    fn wanting_nothing_leaves_the_rest_out() {
        const PLAIN: Manifest = Manifest {
            package: "tape",
            wants: Wants::NOTHING,
            columns: &[],
            settings_schema: "",
            ..MANIFEST
        };
        let bytes: [u8; PLAIN.length()] = PLAIN.bytes();
        let read: Value = serde_json::from_slice(&bytes).expect("JSON");
        assert_eq!(read["id"], "tape");
        assert_eq!(read["wants"], json!({ "http": [], "run": [] }));
        assert_eq!(read.get("settings_schema"), None);
    }
}

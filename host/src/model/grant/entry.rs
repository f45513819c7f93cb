//! What the operator gives, as it stands in `[plugins.NAME.grants]`.

use std::{borrow::Cow, fmt, path::PathBuf, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize};

use super::{Grant, GrantKey, HostPattern, Program};
use crate::model::{
    ByteSize, Period,
    short_form::{ShortOrTable, either},
};

/// What a plugin may do, if it asks for it too. Everything else is refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Grants {
    /// Servers that it may call: patterns such as "api.example.com", "*.example.com" or
    /// "http://localhost:8080", or tables with `host`, `methods`, `max_bytes` and `private`. Default: none.
    pub http: Vec<HttpGrant>,
    /// Programs that it may start, by name, or tables with `program`, `path`, `timeout` and `max_output`. A
    /// program can do whatever its user can: this ends the plugin's isolation. Default: none.
    pub run: Vec<RunGrant>,
    /// How much it may remember between calls, such as "1MiB". Default: nothing.
    pub kv: Option<ByteSize>,
    /// How much room it has for files during a call, such as "100MiB". Default: none.
    pub scratch: Option<ByteSize>,
}

/// Servers that a plugin may call, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HttpGrant {
    pub host: HostPattern,
    /// Empty: those that the plugin asks for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<HttpMethod>,
    /// Of one request or answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_bytes: Option<ByteSize>,
    /// Addresses of this machine and of private networks are allowed too.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub private: bool,
}

/// A program that a plugin may start, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunGrant {
    pub program: Program,
    /// Where it lies; without, it is looked for in PATH.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Period>,
    /// Of its standard output and of its standard error, each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_output: Option<ByteSize>,
}

/// What can be asked of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum HttpMethod {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
    Options,
}

impl HttpMethod {
    pub const ALL: [Self; 7] =
        [Self::Get, Self::Head, Self::Post, Self::Put, Self::Patch, Self::Delete, Self::Options];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
        }
    }
}

impl FromStr for HttpMethod {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|method| method.as_str().eq_ignore_ascii_case(text)).ok_or_else(|| {
            let all = Self::ALL.map(Self::as_str).join(", ");
            format!("`{}` is no method: choose from {all}", text.chars().take(40).collect::<String>())
        })
    }
}

impl fmt::Display for HttpMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Grants {
    /// Each grant by itself.
    pub fn lines(&self) -> Vec<Grant> {
        let http = self.http.iter().cloned().map(Grant::Http);
        let run = self.run.iter().cloned().map(Grant::Run);
        http.chain(run).chain(self.kv.map(Grant::Kv)).chain(self.scratch.map(Grant::Scratch)).collect()
    }

    /// Adds a grant, in place of the one with the same key.
    pub fn put(&mut self, grant: Grant) {
        self.remove(&grant.key());
        match grant {
            Grant::Http(grant) => self.http.push(grant),
            Grant::Run(grant) => self.run.push(grant),
            Grant::Kv(size) => self.kv = Some(size),
            Grant::Scratch(size) => self.scratch = Some(size),
        }
    }

    pub fn remove(&mut self, key: &GrantKey) {
        match key {
            GrantKey::Http(host) => self.http.retain(|grant| grant.host != *host),
            GrantKey::Run(program) => self.run.retain(|grant| grant.program != *program),
            GrantKey::Kv => self.kv = None,
            GrantKey::Scratch => self.scratch = None,
        }
    }
}

impl HttpGrant {
    pub const fn new(host: HostPattern, methods: Vec<HttpMethod>) -> Self {
        Self { host, methods, max_bytes: None, private: false }
    }
}

impl RunGrant {
    pub const fn new(program: Program) -> Self {
        Self { program, path: None, timeout: None, max_output: None }
    }
}

/// The long form of [`HttpGrant`].
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct HttpTable {
    /// Which servers: "api.example.com", "*.example.com", "http://localhost:8080".
    host: HostPattern,
    /// What may be asked of them. Default: what the plugin asks for.
    #[serde(default)]
    methods: Vec<HttpMethod>,
    /// How large one request or answer may be. Default: "16MiB".
    #[serde(default)]
    max_bytes: Option<ByteSize>,
    /// Whether they may lie on this machine or in a private network. Default: false.
    #[serde(default)]
    private: bool,
}

/// The long form of [`RunGrant`].
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RunTable {
    /// The name by which the plugin starts it.
    program: Program,
    /// Where it lies. Default: it is looked for in PATH.
    #[serde(default)]
    #[schemars(extend("format" = "path"))]
    path: Option<PathBuf>,
    /// How long it may take. Default: "5m", and never longer than the plugin's call.
    #[serde(default)]
    timeout: Option<Period>,
    /// How much it may print to standard output and to standard error, each. Default: "8MiB".
    #[serde(default)]
    max_output: Option<ByteSize>,
}

impl From<HttpTable> for HttpGrant {
    fn from(HttpTable { host, methods, max_bytes, private }: HttpTable) -> Self {
        Self { host, methods, max_bytes, private }
    }
}

impl From<RunTable> for RunGrant {
    fn from(RunTable { program, path, timeout, max_output }: RunTable) -> Self {
        Self { program, path, timeout, max_output }
    }
}

impl<'de> Deserialize<'de> for HttpGrant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let short = |host| Self::new(host, Vec::new());
        deserializer.deserialize_any(ShortOrTable::<_, _, HttpTable>::new("a pattern or a table", short))
    }
}

impl<'de> Deserialize<'de> for RunGrant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShortOrTable::<_, _, RunTable>::new("a name or a table", Self::new))
    }
}

impl JsonSchema for HttpGrant {
    fn schema_name() -> Cow<'static, str> {
        "HttpGrant".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        either(HostPattern::json_schema(generator), generator.subschema_for::<HttpTable>())
    }
}

impl JsonSchema for RunGrant {
    fn schema_name() -> Cow<'static, str> {
        "RunGrant".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        either(Program::json_schema(generator), generator.subschema_for::<RunTable>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Grants, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn reads_short_and_long_forms() {
        let grants = read(
            r#"{
                "http": ["api.example.com", {
                    "host": "http://localhost:8080", "methods": ["POST"], "max_bytes": "1MiB", "private": true
                }],
                "run": ["yt-dlp", { "program": "ffmpeg", "path": "/opt/ffmpeg", "timeout": "90s" }],
                "kv": "1MiB",
                "scratch": "100MiB"
            }"#,
        )
        .unwrap();
        let lines: Vec<String> = grants.lines().iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "http=api.example.com",
                "http=http://localhost:8080,methods=POST,max_bytes=1MiB,private",
                "run=yt-dlp",
                "run=ffmpeg,path=/opt/ffmpeg,timeout=1m 30s",
                "kv=1MiB",
                "scratch=100MiB"
            ]
        );
        let stored = serde_json::to_string(&grants).unwrap();
        assert_eq!(serde_json::from_str::<Grants>(&stored).unwrap(), grants);
    }

    #[test]
    fn wrong_entries_say_what_is_wrong() {
        for (text, problem) in [
            (r#"{"http": ["example.com/x"]}"#, "paths"),
            (r#"{"http": [{"host": "a.org", "metods": []}]}"#, "unknown field `metods`"),
            (r#"{"http": [{"methods": []}]}"#, "missing field `host`"),
            (r#"{"http": [{"host": "a.org", "methods": ["CONNECT"]}]}"#, "unknown variant `CONNECT`"),
            (r#"{"http": [7]}"#, "a pattern or a table"),
            (r#"{"run": ["/bin/sh"]}"#, "is not the name of a program"),
            (r#"{"kv": "lots"}"#, "is not a size"),
            (r#"{"disk": true}"#, "unknown field `disk`"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(problem), "{text}: {error}");
        }
    }

    #[test]
    fn grants_replace_those_of_the_same_key() {
        let mut grants = read(r#"{"http": ["a.org", "b.org"], "kv": "1MiB"}"#).unwrap();
        grants.put("http=a.org,private".parse().unwrap());
        grants.put("kv=2MiB".parse().unwrap());
        grants.remove(&"http=b.org".parse().unwrap());
        let lines: Vec<String> = grants.lines().iter().map(ToString::to_string).collect();
        assert_eq!(lines, ["http=a.org,private", "kv=2MiB"]);
    }
}

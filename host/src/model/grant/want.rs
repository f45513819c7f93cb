//! What a plugin asks for, as its manifest says it under `wants`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Grant, GrantKey, HostPattern, HttpGrant, HttpMethod, Program, RunGrant};
use crate::model::ByteSize;

/// Everything that a plugin asks for. Asking alone gives nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wants {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub http: Vec<HttpWant>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub run: Vec<RunWant>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kv: Option<SpaceWant>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scratch: Option<SpaceWant>,
    /// What later hosts may know. This one cannot give it.
    #[serde(flatten)]
    pub unknown: BTreeMap<String, Value>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpWant {
    pub host: HostPattern,
    #[serde(default = "reading")]
    pub methods: Vec<HttpMethod>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunWant {
    pub program: Program,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpaceWant {
    pub bytes: ByteSize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// Who names no method wants to read.
fn reading() -> Vec<HttpMethod> {
    vec![HttpMethod::Get, HttpMethod::Head]
}

impl Wants {
    /// What would have to be granted for each thing asked for, with the author's reason.
    pub fn lines(&self) -> Vec<(Grant, Option<&str>)> {
        let http = self.http.iter().map(|want| {
            let grant = HttpGrant::new(want.host.clone(), want.methods.clone());
            (Grant::Http(grant), want.why.as_deref())
        });
        let run = self
            .run
            .iter()
            .map(|want| (Grant::Run(RunGrant::new(want.program.clone())), want.why.as_deref()));
        let kv = self.kv.iter().map(|want| (Grant::Kv(want.bytes), want.why.as_deref()));
        let scratch = self.scratch.iter().map(|want| (Grant::Scratch(want.bytes), want.why.as_deref()));
        http.chain(run).chain(kv).chain(scratch).collect()
    }

    /// Whether anything of a capability is asked for.
    pub fn asks_for(&self, capability: &str) -> bool {
        self.lines().iter().any(|(grant, _)| grant.key().capability() == capability)
    }

    /// What is asked for under this key.
    pub fn find(&self, key: &GrantKey) -> Option<Grant> {
        self.lines().into_iter().map(|(grant, _)| grant).find(|grant| grant.key() == *key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_manifests_hold() {
        let wants: Wants = serde_json::from_str(
            r#"{"http":[{"host":"*.example.com","methods":["GET","POST"],"why":"to find songs"},{"host":"b.org"}],
                "run":[{"program":"yt-dlp","why":"downloads"}],"kv":{"bytes":1048576},"scratch":{"bytes":104857600}}"#,
        )
        .unwrap();
        let lines: Vec<String> = wants.lines().into_iter().map(|(grant, _)| grant.to_string()).collect();
        assert_eq!(
            lines,
            [
                "http=*.example.com,methods=GET+POST",
                "http=b.org,methods=GET+HEAD",
                "run=yt-dlp",
                "kv=1MiB",
                "scratch=100MiB"
            ]
        );
        assert_eq!(wants.lines()[0].1, Some("to find songs"));
        assert!(wants.asks_for("kv") && !Wants::default().asks_for("kv"));
    }

    #[test]
    fn later_capabilities_are_kept_and_not_given() {
        let wants: Wants = serde_json::from_str(r#"{"teleport":{"to":"moon"}}"#).unwrap();
        assert_eq!(wants.unknown.keys().collect::<Vec<_>>(), ["teleport"]);
        assert!(wants.lines().is_empty());
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            r#"{"http":["a.org"]}"#,
            r#"{"http":[{"host":"a.org/x"}]}"#,
            r#"{"http":[{"host":"a.org","methods":["CONNECT"]}]}"#,
            r#"{"run":[{"program":"/bin/sh"}]}"#,
            r#"{"kv":{"bytes":-1}}"#,
            r#"{"kv":1}"#,
        ] {
            assert!(serde_json::from_str::<Wants>(text).is_err(), "{text}");
        }
    }
}

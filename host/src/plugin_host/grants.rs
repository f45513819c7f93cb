//! Whether a plugin may do something: it asked for it in its file, the operator gave it in the
//! settings or approved it later, and nobody has withdrawn it since.

use std::{fmt, sync::Arc};

use arc_swap::ArcSwap;
use url::Url;

use crate::{
    model::{
        ByteSize, CapabilityView, Grant, GrantKey, Grants, HostPattern, HttpGrant, HttpMethod, PluginName,
        RunGrant, Wants,
    },
    state::GrantDecision,
};

/// Of one request or answer, unless the grant says otherwise.
const HTTP_BYTES: ByteSize = ByteSize::from_mib(16);

/// What a plugin may do now. Every host call looks anew, so a withdrawal counts from the next one on.
#[derive(Clone, Debug)]
pub(crate) struct Permits(Arc<ArcSwap<Permit>>);

impl Permits {
    pub(crate) fn new(permit: Permit) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(permit)))
    }

    /// For all instances at once, also those in the middle of a call.
    pub(crate) fn replace(&self, permit: Permit) {
        self.0.store(Arc::new(permit));
    }

    pub(crate) fn now(&self) -> arc_swap::Guard<Arc<Permit>> {
        self.0.load()
    }
}

/// What a plugin may do, as of one decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Permit {
    plugin: PluginName,
    wants: Wants,
    given: Vec<(Grant, Source)>,
    withdrawn: Vec<GrantKey>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Config,
    Approved,
}

/// What a request may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HttpTerms {
    pub(crate) max_bytes: u64,
    /// Addresses of this machine and of private networks are allowed.
    pub(crate) allows_private: bool,
}

/// Why a plugin may not do something, and what would change that.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{plugin} may not use `{capability}` for {what}: {why}")]
pub(crate) struct Denied {
    pub(crate) plugin: PluginName,
    pub(crate) capability: &'static str,
    pub(crate) what: String,
    pub(crate) why: Box<Why>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// The file does not ask for it, so no grant helps.
    NotAsked {
        wants: String,
    },
    /// This grant would allow it.
    NotGranted {
        plugin: PluginName,
        grant: Grant,
    },
    Withdrawn {
        plugin: PluginName,
        key: GrantKey,
    },
    /// It was granted, but only for addresses of the internet.
    Private {
        plugin: PluginName,
        grant: Grant,
        address: String,
    },
    /// No grant allows it.
    Never {
        reason: String,
    },
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAsked { wants } => {
                write!(
                    f,
                    "it does not ask for that in its manifest; its author has to add {wants} to `wants`"
                )
            }
            Self::NotGranted { plugin, grant } => {
                f.write_str("nobody has granted it; ")?;
                write_way_out(f, plugin, grant)
            }
            Self::Withdrawn { plugin, key } => {
                write!(f, "`{key}` was withdrawn; `tapedeck plugins grant {plugin} {key}` gives it back")
            }
            Self::Private { plugin, grant, address } => {
                write!(f, "{address}, which needs a grant of its own; ")?;
                write_way_out(f, plugin, grant)
            }
            Self::Never { reason } => f.write_str(reason),
        }
    }
}

fn write_way_out(f: &mut fmt::Formatter<'_>, plugin: &PluginName, grant: &Grant) -> fmt::Result {
    let toml = grant.to_toml();
    write!(f, "`{toml}` in [plugins.{plugin}.grants] or `tapedeck plugins grant {plugin} {grant}` allows it")
}

impl Permit {
    pub(crate) fn new(
        plugin: PluginName,
        wants: Wants,
        config: &Grants,
        decisions: &[GrantDecision],
    ) -> Self {
        let withdrawn =
            decisions.iter().filter(|it| it.approved.is_none()).map(|it| it.key.clone()).collect();
        let approved = decisions.iter().filter_map(|it| it.approved.clone());
        // The later decision comes first: of two grants for one key it is the one that counts.
        let given = approved.map(|grant| (grant, Source::Approved));
        let given = given.chain(config.lines().into_iter().map(|grant| (grant, Source::Config))).collect();
        Self { plugin, wants, given, withdrawn }
    }

    /// Whether this request may go out, and how large it and its answer may be.
    pub(crate) fn http(&self, method: HttpMethod, url: &Url) -> Result<HttpTerms, Denied> {
        let server = HostPattern::of(url);
        let denied = |why| {
            let server = server.as_ref().map_or_else(|| "an unknown server".to_owned(), ToString::to_string);
            self.denied("http", format!("{method} {server}"), why)
        };
        let is_asked =
            |want: &&crate::model::HttpWant| want.host.asks_for(url) && want.methods.contains(&method);
        let Some(want) = self.wants.http.iter().find(is_asked) else {
            let server = server.as_ref().map(ToString::to_string).unwrap_or_default();
            let wants = format!("`{{\"host\": \"{server}\", \"methods\": [\"{method}\"]}}` under `http`");
            return Err(denied(Why::NotAsked { wants }));
        };
        let is_withdrawn = |key: &&GrantKey| matches!(key, GrantKey::Http(host) if host.covers(url));
        if let Some(key) = self.withdrawn.iter().find(is_withdrawn) {
            return Err(denied(Why::Withdrawn { plugin: self.plugin.clone(), key: key.clone() }));
        }
        let mut terms: Option<HttpTerms> = None;
        for grant in self.http_grants().filter(|grant| grant.host.covers(url)) {
            if grant.methods.is_empty() || grant.methods.contains(&method) {
                let max_bytes = grant.max_bytes.unwrap_or(HTTP_BYTES).0;
                let so_far = terms.unwrap_or(HttpTerms { max_bytes: 0, allows_private: false });
                terms = Some(HttpTerms {
                    max_bytes: so_far.max_bytes.max(max_bytes),
                    allows_private: so_far.allows_private || grant.private,
                });
            }
        }
        terms.ok_or_else(|| {
            let host = server.clone().unwrap_or_else(|| want.host.clone());
            // Who may already read only needs the rest; who may nothing gets what was asked for.
            let methods = if self.http_grants().any(|grant| grant.host.covers(url)) {
                want.methods.clone()
            } else {
                Vec::new()
            };
            let grant = Grant::Http(HttpGrant::new(host, methods));
            denied(Why::NotGranted { plugin: self.plugin.clone(), grant })
        })
    }

    /// For a request that is allowed, to a server whose address is not.
    pub(crate) fn private_address(&self, method: HttpMethod, url: &Url, address: String) -> Denied {
        let server = HostPattern::of(url);
        let what = format!("{method} {}", server.as_ref().map(ToString::to_string).unwrap_or_default());
        let Some(host) = server else {
            return self.denied("http", what, Why::Never { reason: address });
        };
        let grant = Grant::Http(HttpGrant { private: true, ..HttpGrant::new(host, Vec::new()) });
        self.denied("http", what, Why::Private { plugin: self.plugin.clone(), grant, address })
    }

    /// For what no grant can allow.
    pub(crate) fn never(&self, capability: &'static str, what: String, reason: String) -> Denied {
        self.denied(capability, what, Why::Never { reason })
    }

    /// Whether this program may be started, and how.
    pub(crate) fn run(&self, program: &str) -> Result<&RunGrant, Denied> {
        let denied = |why| self.denied("run", format!("`{}`", shown(program)), why);
        let Some(want) = self.wants.run.iter().find(|want| want.program.as_str() == program) else {
            let wants = format!("`{{\"program\": \"{}\"}}` under `run`", shown(program));
            return Err(denied(Why::NotAsked { wants }));
        };
        let key = GrantKey::Run(want.program.clone());
        if self.withdrawn.contains(&key) {
            return Err(denied(Why::Withdrawn { plugin: self.plugin.clone(), key }));
        }
        let given = self.given.iter().find_map(|(grant, _)| match grant {
            Grant::Run(grant) if grant.program == want.program => Some(grant),
            _ => None,
        });
        given.ok_or_else(|| {
            let grant = Grant::Run(RunGrant::new(want.program.clone()));
            denied(Why::NotGranted { plugin: self.plugin.clone(), grant })
        })
    }

    /// How many bytes the plugin may remember.
    pub(crate) fn kv(&self) -> Result<u64, Denied> {
        self.space(&GrantKey::Kv, "its values", |grant| match grant {
            Grant::Kv(size) => Some(*size),
            _ => None,
        })
    }

    /// How many bytes of files the plugin may have at once.
    pub(crate) fn scratch(&self) -> Result<u64, Denied> {
        self.space(&GrantKey::Scratch, "files", |grant| match grant {
            Grant::Scratch(size) => Some(*size),
            _ => None,
        })
    }

    fn space(
        &self,
        key: &GrantKey,
        what: &str,
        size: impl Fn(&Grant) -> Option<ByteSize>,
    ) -> Result<u64, Denied> {
        let capability = key.capability();
        let denied = |why| self.denied(capability, what.to_owned(), why);
        let Some(want) = self.wants.find(key) else {
            let wants = format!("`\"{capability}\": {{\"bytes\": …}}`");
            return Err(denied(Why::NotAsked { wants }));
        };
        if self.withdrawn.contains(key) {
            return Err(denied(Why::Withdrawn { plugin: self.plugin.clone(), key: key.clone() }));
        }
        let given = self.given.iter().find_map(|(grant, _)| size(grant));
        given
            .map(|size| size.0)
            .ok_or_else(|| denied(Why::NotGranted { plugin: self.plugin.clone(), grant: want }))
    }

    fn http_grants(&self) -> impl Iterator<Item = &HttpGrant> {
        self.given.iter().filter_map(|(grant, _)| match grant {
            Grant::Http(grant) => Some(grant),
            _ => None,
        })
    }

    fn denied(&self, capability: &'static str, what: String, why: Why) -> Denied {
        Denied { plugin: self.plugin.clone(), capability, what, why: Box::new(why) }
    }

    /// What is asked for and what is given, for people: first what the plugin asks for, then what it
    /// was given beyond that.
    pub(crate) fn views(&self) -> Vec<CapabilityView> {
        let lines = self.wants.lines();
        let asked = lines.iter().map(|(grant, why)| {
            let (is_granted, decided_by) = self.decision(grant);
            view(grant, why.map(str::to_owned), is_granted, decided_by)
        });
        let beyond =
            self.given.iter().filter(|(given, _)| !lines.iter().any(|(asked, _)| asked.key() == given.key()));
        let beyond = beyond.map(|(grant, source)| {
            let is_withdrawn = self.withdrawn.contains(&grant.key());
            view(grant, None, !is_withdrawn, Some(if is_withdrawn { WITHDRAWN } else { source.as_str() }))
        });
        let unknown = self.wants.unknown.keys().map(|capability| CapabilityView {
            capability: capability.clone(),
            what: "nothing that this daemon knows".into(),
            why: None,
            is_granted: false,
            decided_by: None,
        });
        asked.chain(beyond).chain(unknown).collect()
    }

    fn decision(&self, asked: &Grant) -> (bool, Option<&'static str>) {
        let is_withdrawn = |key: &GrantKey| match (key, asked) {
            (GrantKey::Http(withdrawn), Grant::Http(asked)) => withdrawn.includes(&asked.host),
            (key, asked) => *key == asked.key(),
        };
        if self.withdrawn.iter().any(is_withdrawn) {
            return (false, Some(WITHDRAWN));
        }
        let gives = |given: &Grant| match (given, asked) {
            (Grant::Http(given), Grant::Http(asked)) => {
                let has = |method| given.methods.is_empty() || given.methods.contains(method);
                given.host.includes(&asked.host) && asked.methods.iter().all(has)
            }
            (given, asked) => given.key() == asked.key(),
        };
        match self.given.iter().find(|(given, _)| gives(given)) {
            Some((_, source)) => (true, Some(source.as_str())),
            None => (false, None),
        }
    }
}

const WITHDRAWN: &str = "withdrawn";

impl Source {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Approved => "approved",
        }
    }
}

fn view(
    grant: &Grant,
    why: Option<String>,
    is_granted: bool,
    decided_by: Option<&'static str>,
) -> CapabilityView {
    CapabilityView {
        capability: grant.key().capability().to_owned(),
        what: grant.what(),
        why,
        is_granted,
        decided_by: decided_by.map(str::to_owned),
    }
}

/// Enough of a guest's text to recognise it.
fn shown(text: &str) -> String {
    text.chars().take(64).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
pub(crate) mod testing {
    use jiff::Timestamp;
    use serde_json::Value;

    use super::*;

    /// A permit for the plugin `zero`.
    pub(crate) fn permit(wants: Value, grants: Value, decisions: &[(&str, bool)]) -> Permit {
        let decision = |(grant, is_approved): &(&str, bool)| GrantDecision {
            plugin: "zero".into(),
            key: grant.parse().unwrap(),
            approved: is_approved.then(|| grant.parse().unwrap()),
            at: Timestamp::UNIX_EPOCH,
            by: "ann".into(),
        };
        let decisions: Vec<_> = decisions.iter().map(decision).collect();
        Permit::new(
            "zero".parse().unwrap(),
            serde_json::from_value(wants).unwrap(),
            &serde_json::from_value(grants).unwrap(),
            &decisions,
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{testing::permit, *};

    fn http(permit: &Permit, method: HttpMethod, url: &str) -> Result<HttpTerms, String> {
        permit.http(method, &url.parse().unwrap()).map_err(|denied| denied.to_string())
    }

    #[test]
    fn asking_alone_gives_nothing() {
        let permit = permit(
            json!({
                "http": [{"host": "*.example.com"}], "run": [{"program": "yt-dlp"}],
                "kv": {"bytes": 1024}, "scratch": {"bytes": 4096}
            }),
            json!({}),
            &[],
        );
        insta::assert_snapshot!(http(&permit, HttpMethod::Get, "https://api.example.com/v1?token=x").unwrap_err(), @r#"zero may not use `http` for GET api.example.com: nobody has granted it; `http = ["api.example.com"]` in [plugins.zero.grants] or `tapedeck plugins grant zero http=api.example.com` allows it"#);
        insta::assert_snapshot!(permit.run("yt-dlp").unwrap_err(), @r#"zero may not use `run` for `yt-dlp`: nobody has granted it; `run = ["yt-dlp"]` in [plugins.zero.grants] or `tapedeck plugins grant zero run=yt-dlp` allows it"#);
        insta::assert_snapshot!(permit.kv().unwrap_err(), @r#"zero may not use `kv` for its values: nobody has granted it; `kv = "1KiB"` in [plugins.zero.grants] or `tapedeck plugins grant zero kv=1KiB` allows it"#);
        insta::assert_snapshot!(permit.scratch().unwrap_err(), @r#"zero may not use `scratch` for files: nobody has granted it; `scratch = "4KiB"` in [plugins.zero.grants] or `tapedeck plugins grant zero scratch=4KiB` allows it"#);
    }

    #[test]
    fn grants_alone_give_nothing() {
        let grants = json!({"http": ["*"], "run": ["yt-dlp"], "kv": "1MiB", "scratch": "1MiB"});
        let permit = permit(json!({}), grants, &[("http=a.org", true)]);
        insta::assert_snapshot!(http(&permit, HttpMethod::Post, "https://a.org/").unwrap_err(), @r#"zero may not use `http` for POST a.org: it does not ask for that in its manifest; its author has to add `{"host": "a.org", "methods": ["POST"]}` under `http` to `wants`"#);
        assert!(matches!(*permit.run("yt-dlp").unwrap_err().why, Why::NotAsked { .. }));
        assert!(matches!(*permit.kv().unwrap_err().why, Why::NotAsked { .. }));
        assert!(matches!(*permit.scratch().unwrap_err().why, Why::NotAsked { .. }));
    }

    #[test]
    fn both_together_allow_what_both_mean() {
        let permit = permit(
            json!({"http": [{"host": "*.example.com", "methods": ["GET", "POST"]}], "kv": {"bytes": 10}}),
            json!({
                "http": ["api.example.com", {"host": "b.example.com", "methods": ["GET"], "max_bytes": "1KiB", "private": true}],
                "kv": "1KiB"
            }),
            &[],
        );
        let terms = http(&permit, HttpMethod::Post, "https://api.example.com/");
        assert_eq!(terms, Ok(HttpTerms { max_bytes: 16 << 20, allows_private: false }));
        let terms = http(&permit, HttpMethod::Get, "https://b.example.com/");
        assert_eq!(terms, Ok(HttpTerms { max_bytes: 1024, allows_private: true }));
        assert_eq!(permit.kv(), Ok(1024));
        for (method, url) in [
            (HttpMethod::Delete, "https://api.example.com/"),
            (HttpMethod::Get, "http://api.example.com/"),
            (HttpMethod::Get, "https://api.example.com:8443/"),
            (HttpMethod::Get, "https://c.example.com/"),
        ] {
            assert!(http(&permit, method, url).is_err(), "{method} {url}");
        }
        let error = http(&permit, HttpMethod::Post, "https://b.example.com/").unwrap_err();
        assert!(error.contains("grant zero http=b.example.com,methods=GET+POST`"), "{error}");
    }

    #[test]
    fn withdrawing_beats_every_grant() {
        let wants = json!({"http": [{"host": "*"}], "run": [{"program": "sh"}], "kv": {"bytes": 10}});
        let grants = json!({"http": ["*", "api.example.com"], "run": ["sh"], "kv": "1KiB"});
        let withdrawn = [("http=*.example.com", false), ("run=sh", false), ("kv=1KiB", false)];
        let permit = permit(wants, grants, &withdrawn);
        insta::assert_snapshot!(http(&permit, HttpMethod::Get, "https://api.example.com/").unwrap_err(), @"zero may not use `http` for GET api.example.com: `http=*.example.com` was withdrawn; `tapedeck plugins grant zero http=*.example.com` gives it back");
        assert!(http(&permit, HttpMethod::Get, "https://example.org/").is_ok());
        assert!(matches!(*permit.run("sh").unwrap_err().why, Why::Withdrawn { .. }));
        assert!(matches!(*permit.kv().unwrap_err().why, Why::Withdrawn { .. }));
    }

    #[test]
    fn approvals_count_before_settings() {
        let wants = json!({"kv": {"bytes": 10}, "run": [{"program": "sh"}], "http": [{"host": "a.org"}]});
        let permit = permit(
            wants,
            json!({"kv": "1KiB", "run": ["sh"]}),
            &[("kv=2KiB", true), ("run=sh,timeout=5s", true), ("http=a.org", true)],
        );
        assert_eq!(permit.kv(), Ok(2048));
        assert_eq!(permit.run("sh").unwrap().timeout.unwrap().as_millis_u64(), 5000);
        assert!(http(&permit, HttpMethod::Get, "https://a.org/").is_ok());
    }

    #[test]
    fn withdrawals_reach_all_copies() {
        let wants = json!({"kv": {"bytes": 10}});
        let permits = Permits::new(permit(wants.clone(), json!({"kv": "1KiB"}), &[]));
        let instance = permits.clone();
        assert!(instance.now().kv().is_ok());
        permits.replace(permit(wants, json!({"kv": "1KiB"}), &[("kv=1KiB", false)]));
        assert!(instance.now().kv().is_err());
    }

    #[test]
    fn views_tell_asked_and_given() {
        let permit = permit(
            json!({
                "http": [{"host": "*.a.org", "why": "songs"}, {"host": "b.org"}, {"host": "c.org"}],
                "run": [{"program": "sh"}], "kv": {"bytes": 1024}, "fly": {}
            }),
            json!({"http": ["*.a.org", "z.org"], "run": ["sh"]}),
            &[("http=b.org", true), ("run=sh", false)],
        );
        let lines: Vec<String> = permit
            .views()
            .into_iter()
            .map(|it| {
                let by = it.decided_by.unwrap_or_default();
                format!("{} {} {} {by} {}", it.capability, it.what, it.is_granted, it.why.unwrap_or_default())
            })
            .collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        http *.a.org,methods=GET+HEAD true config songs
        http b.org,methods=GET+HEAD true approved 
        http c.org,methods=GET+HEAD false  
        run sh false withdrawn 
        kv 1KiB false  
        http z.org true config 
        fly nothing that this daemon knows false  
        ");
    }
}

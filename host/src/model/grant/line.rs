//! One grant as one word of a command line: `http=api.example.com,methods=GET+POST`, `run=yt-dlp`,
//! `kv=1MiB`; its key is what is left without the details.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{HostPattern, HttpGrant, Program, RunGrant};
use crate::model::ByteSize;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grant {
    Http(HttpGrant),
    Run(RunGrant),
    Kv(ByteSize),
    Scratch(ByteSize),
}

/// What a grant is about: no two of one plugin share it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GrantKey {
    Http(HostPattern),
    Run(Program),
    Kv,
    Scratch,
}

#[derive(Debug, thiserror::Error)]
#[error("`{line}` is no grant: {why}")]
pub struct InvalidGrant {
    line: String,
    why: String,
}

const FORMS: &str = "write `http=api.example.com`, `http=http://localhost:8080,private`, `run=yt-dlp`, `kv=1MiB` or `scratch=100MiB`";

impl Grant {
    pub fn key(&self) -> GrantKey {
        match self {
            Self::Http(grant) => GrantKey::Http(grant.host.clone()),
            Self::Run(grant) => GrantKey::Run(grant.program.clone()),
            Self::Kv(_) => GrantKey::Kv,
            Self::Scratch(_) => GrantKey::Scratch,
        }
    }

    /// The line for `[plugins.NAME.grants]`.
    pub fn to_toml(&self) -> String {
        let list = |short: String, details: Vec<(&str, String)>, name: &str| {
            if details.is_empty() {
                return format!("[\"{short}\"]");
            }
            let details: Vec<_> = details.iter().map(|(key, value)| format!(", {key} = {value}")).collect();
            format!("[{{ {name} = \"{short}\"{} }}]", details.concat())
        };
        match self {
            Self::Http(grant) => {
                let mut details = Vec::new();
                if !grant.methods.is_empty() {
                    let methods: Vec<_> =
                        grant.methods.iter().map(|method| format!("\"{method}\"")).collect();
                    details.push(("methods", format!("[{}]", methods.join(", "))));
                }
                details.extend(grant.max_bytes.map(|size| ("max_bytes", format!("\"{size}\""))));
                details.extend(grant.private.then(|| ("private", "true".to_owned())));
                format!("http = {}", list(grant.host.to_string(), details, "host"))
            }
            Self::Run(grant) => {
                let mut details = Vec::new();
                details.extend(grant.path.iter().map(|path| ("path", format!("{path:?}"))));
                details.extend(grant.timeout.map(|timeout| ("timeout", format!("\"{timeout}\""))));
                details.extend(grant.max_output.map(|size| ("max_output", format!("\"{size}\""))));
                format!("run = {}", list(grant.program.to_string(), details, "program"))
            }
            Self::Kv(size) => format!("kv = \"{size}\""),
            Self::Scratch(size) => format!("scratch = \"{size}\""),
        }
    }

    /// What stands behind the capability's name: `api.example.com`, `1MiB`.
    pub fn what(&self) -> String {
        let line = self.to_string();
        line.split_once('=').map_or_else(String::new, |(_, what)| what.to_owned())
    }
}

impl GrantKey {
    /// The capability's name.
    pub const fn capability(&self) -> &'static str {
        match self {
            Self::Http(_) => "http",
            Self::Run(_) => "run",
            Self::Kv => "kv",
            Self::Scratch => "scratch",
        }
    }
}

impl FromStr for Grant {
    type Err = InvalidGrant;

    fn from_str(line: &str) -> Result<Self, InvalidGrant> {
        read(line).map_err(|why| InvalidGrant { line: line.chars().take(120).collect(), why })
    }
}

fn read(line: &str) -> Result<Grant, String> {
    let (capability, rest) = line.trim().split_once('=').ok_or(FORMS)?;
    let mut parts = rest.split(',');
    let first = parts.next().unwrap_or_default();
    let grant = match capability {
        "http" => {
            let mut grant = HttpGrant::new(parsed(first)?, Vec::new());
            for part in &mut parts {
                match part.split_once('=').unwrap_or((part, "")) {
                    ("private", "" | "true") => grant.private = true,
                    ("methods", methods) => {
                        grant.methods = methods.split('+').map(parsed).collect::<Result<_, _>>()?;
                    }
                    ("max_bytes", size) => grant.max_bytes = Some(parsed(size)?),
                    _ => {
                        return Err(format!(
                            "`{part}` is none of `private`, `methods=GET+POST`, `max_bytes=1MiB`"
                        ));
                    }
                }
            }
            Grant::Http(grant)
        }
        "run" => {
            let mut grant = RunGrant::new(parsed(first)?);
            for part in &mut parts {
                match part.split_once('=').unwrap_or((part, "")) {
                    ("path", path) if path.starts_with('/') => grant.path = Some(path.into()),
                    ("timeout", timeout) => grant.timeout = Some(parsed(timeout)?),
                    ("max_output", size) => grant.max_output = Some(parsed(size)?),
                    _ => {
                        return Err(format!(
                            "`{part}` is none of `path=/usr/bin/yt-dlp`, `timeout=90s`, `max_output=1MiB`"
                        ));
                    }
                }
            }
            Grant::Run(grant)
        }
        "kv" => Grant::Kv(parsed(first)?),
        "scratch" => Grant::Scratch(parsed(first)?),
        _ => return Err(FORMS.to_owned()),
    };
    match parts.next() {
        Some(rest) => Err(format!("nothing can follow the size, such as `{rest}`")),
        None => Ok(grant),
    }
}

fn parsed<T: FromStr<Err: fmt::Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(grant) => {
                write!(f, "http={}", grant.host)?;
                if !grant.methods.is_empty() {
                    let methods: Vec<_> = grant.methods.iter().map(|method| method.as_str()).collect();
                    write!(f, ",methods={}", methods.join("+"))?;
                }
                grant.max_bytes.map_or(Ok(()), |size| write!(f, ",max_bytes={size}"))?;
                if grant.private { f.write_str(",private") } else { Ok(()) }
            }
            Self::Run(grant) => {
                write!(f, "run={}", grant.program)?;
                grant.path.as_ref().map_or(Ok(()), |path| write!(f, ",path={}", path.display()))?;
                grant.timeout.map_or(Ok(()), |timeout| write!(f, ",timeout={timeout}"))?;
                grant.max_output.map_or(Ok(()), |size| write!(f, ",max_output={size}"))
            }
            Self::Kv(size) => write!(f, "kv={size}"),
            Self::Scratch(size) => write!(f, "scratch={size}"),
        }
    }
}

impl fmt::Display for GrantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(host) => write!(f, "http={host}"),
            Self::Run(program) => write!(f, "run={program}"),
            Self::Kv => f.write_str("kv"),
            Self::Scratch => f.write_str("scratch"),
        }
    }
}

/// Takes a whole grant too, whose details do not matter.
impl FromStr for GrantKey {
    type Err = InvalidGrant;

    fn from_str(line: &str) -> Result<Self, InvalidGrant> {
        match line.trim() {
            "kv" => Ok(Self::Kv),
            "scratch" => Ok(Self::Scratch),
            line => line.parse::<Grant>().map(|grant| grant.key()),
        }
    }
}

impl Serialize for Grant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Grant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for GrantKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for GrantKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_what_it_reads() {
        for line in [
            "http=api.example.com",
            "http=*,methods=GET+POST,max_bytes=1MiB,private",
            "run=yt-dlp",
            "run=ffmpeg,path=/opt/ffmpeg,timeout=90s,max_output=1MiB",
            "kv=1MiB",
            "scratch=100MiB",
        ] {
            let grant: Grant = line.parse().unwrap();
            assert_eq!(grant.to_string().parse::<Grant>().unwrap(), grant);
            assert_eq!(grant.key().to_string().parse::<GrantKey>().unwrap(), grant.key());
        }
    }

    #[test]
    fn shows_the_line_for_the_settings() {
        for (line, toml) in [
            ("http=a.org", "http = [\"a.org\"]"),
            (
                "http=http://a.org,methods=GET+POST,private",
                "http = [{ host = \"http://a.org\", methods = [\"GET\", \"POST\"], private = true }]",
            ),
            ("run=yt-dlp,path=/opt/yt-dlp", "run = [{ program = \"yt-dlp\", path = \"/opt/yt-dlp\" }]"),
            ("kv=1MiB", "kv = \"1MiB\""),
        ] {
            assert_eq!(line.parse::<Grant>().unwrap().to_toml(), toml);
        }
    }

    #[test]
    fn keys_need_no_details() {
        let key = |line: &str| line.parse::<GrantKey>().unwrap().to_string();
        assert_eq!(key("http=a.org,private"), "http=a.org");
        assert_eq!(key("kv"), "kv");
        assert_eq!(key("kv=1MiB"), "kv");
    }

    #[test]
    fn refuses_what_is_no_grant() {
        for line in [
            "",
            "http",
            "http=",
            "http=a.org,privat",
            "http=a.org,methods=",
            "http=a.org,methods=TRACE",
            "run=/bin/sh",
            "run=sh,path=bin/sh",
            "kv",
            "kv=1MiB,more",
            "disk=1MiB",
            "=x",
        ] {
            assert!(line.parse::<Grant>().is_err(), "{line}");
        }
    }
}

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};

/// What somebody may do through the API.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// See jobs, runs, logs and the configuration's problems.
    Read,
    /// Start and cancel runs, pause and resume jobs, emit events.
    Run,
    /// Tell what was listened to, at the addresses that scrobblers know, and nothing else.
    Scrobble,
    /// Reload the configuration; users and tokens.
    Admin,
}

pub type Scopes = BTreeSet<Scope>;

impl Scope {
    pub const ALL: [Self; 4] = [Self::Read, Self::Run, Self::Scrobble, Self::Admin];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Run => "run",
            Self::Scrobble => "scrobble",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::model::Period;

/// Signing in.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AuthSection {
    /// A user that always exists, for containers; `tapedeck user add` makes more. Needs `password`.
    pub username: Option<String>,
    /// That user's password: text, `{ env = "NAME" }`, or a file named by `password_file`.
    #[schemars(with = "Option<String>", extend("format" = "secret"))]
    #[serde(skip_serializing)]
    pub password: Option<SecretString>,
    /// How long a session lasts without being used. Default: "30d".
    pub session_lifetime: Period,
}

impl Default for AuthSection {
    fn default() -> Self {
        Self { username: None, password: None, session_lifetime: Period::from_secs(30 * 86_400) }
    }
}

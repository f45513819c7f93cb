//! Why a plugin may not do something, and what would change that.

use std::fmt;

use crate::model::{Grant, GrantKey, PluginName};

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
        giving: Giving,
    },
    Withdrawn {
        plugin: PluginName,
        key: GrantKey,
    },
    /// It was granted, but only for addresses of the internet.
    Private {
        plugin: PluginName,
        grant: Grant,
        giving: Giving,
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
            Self::NotGranted { plugin, grant, giving } => {
                f.write_str("nobody has granted it; ")?;
                write_way_out(f, *giving, plugin, grant)
            }
            Self::Withdrawn { plugin, key } => {
                write!(f, "`{key}` was withdrawn; `tapedeck plugins grant {plugin} {key}` gives it back")
            }
            Self::Private { plugin, grant, giving, address } => {
                write!(f, "{address}, which needs a grant of its own; ")?;
                write_way_out(f, *giving, plugin, grant)
            }
            Self::Never { reason } => f.write_str(reason),
        }
    }
}

/// How people give something to a plugin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Giving {
    /// In the configuration, or to a daemon that runs.
    #[default]
    Lasting,
    /// With the command that tries its file.
    Command,
}

fn write_way_out(
    f: &mut fmt::Formatter<'_>,
    giving: Giving,
    plugin: &PluginName,
    grant: &Grant,
) -> fmt::Result {
    if giving == Giving::Command {
        return write!(f, "`--grant {grant}` allows it");
    }
    let toml = grant.to_toml();
    write!(f, "`{toml}` in [plugins.{plugin}.grants] or `tapedeck plugins grant {plugin} {grant}` allows it")
}

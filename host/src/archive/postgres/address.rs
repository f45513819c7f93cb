//! Where the server is: an address as people have it from other tools.

use std::{str::FromStr as _, time::Duration};

use tokio_postgres::{Config, config::SslMode};

use crate::archive::StoreError;

const CONNECT_PATIENCE: Duration = Duration::from_secs(10);

/// Where the archive is.
#[derive(Clone, Debug)]
pub(super) struct Address {
    pub(super) config: Config,
    /// For people: without the password.
    pub(super) place: String,
}

impl Address {
    /// `postgres://user:password@host:port/database`, in any case, with or without the driver's name that other
    /// tools write behind the scheme; or `host=… user=…`. A percent sign in a password may stand for itself.
    pub(super) fn parse(text: &str) -> Result<Self, StoreError> {
        let text = text.trim();
        let wrong = |reason: String| StoreError::Open { place: shown(text), reason };
        let Some(plain) = plain(text) else {
            return Err(wrong(
                "this is no address of PostgreSQL: write postgres://user:password@host:5432/database".into(),
            ));
        };
        let mut config = Config::from_str(&plain).map_err(|error| {
            let cause =
                std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            wrong(format!(
                "the address cannot be read{cause}: write postgres://user:password@host:5432/database"
            ))
        })?;
        if config.get_hosts().is_empty() {
            return Err(wrong(
                "the address names no host: write postgres://user:password@host:5432/database".into(),
            ));
        }
        config.application_name("tapedeck");
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_PATIENCE);
        }
        Ok(Self { config, place: shown(text) })
    }

    pub(super) fn wants_tls(&self) -> bool {
        self.config.get_ssl_mode() != SslMode::Disable
    }
}

/// Whether somebody means a database, and no path.
pub fn is_address(text: &str) -> bool {
    text.contains("://") && plain(text.trim()).is_some()
}

/// With the one scheme that the driver knows, and of its settings only those. None: no address at all.
fn plain(text: &str) -> Option<String> {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.contains('=').then(|| text.to_owned());
    };
    let scheme = scheme.to_ascii_lowercase();
    let base = scheme.split('+').next().unwrap_or_default();
    if base != "postgres" && base != "postgresql" {
        return None;
    }
    // Every certificate is checked: what others call by three names is one.
    let rest = rest
        .replace("sslmode=verify-full", "sslmode=require")
        .replace("sslmode=verify-ca", "sslmode=require");
    let rest = rest.replace("sslmode=allow", "sslmode=prefer");
    Some(format!("postgres://{}", with_plain_percents(&rest)))
}

/// Percent signs that are no part of an escape stand for themselves.
fn with_plain_percents(text: &str) -> String {
    let bytes = text.as_bytes();
    let is_hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    let mut plain = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        plain.push(c);
        if c == '%' && !(is_hex(at + 1) && is_hex(at + 2)) {
            plain.push_str("25");
        }
    }
    plain
}

/// Without the password.
fn shown(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        let kept = text.split_whitespace().filter(|part| !part.to_ascii_lowercase().starts_with("password"));
        return kept.collect::<Vec<_>>().join(" ");
    };
    let (user, server) = rest.rsplit_once('@').unwrap_or(("", rest));
    let user = user.split(':').next().unwrap_or_default();
    let server = server.split('?').next().unwrap_or_default();
    format!("{scheme}://{user}{}{server}", if user.is_empty() { "" } else { "@" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> String {
        String::from_utf8(Address::parse(text).unwrap().config.get_password().unwrap().to_vec()).unwrap()
    }

    #[test]
    fn percent_signs_in_passwords_are_read() {
        for (written, meant) in
            [("a%40b", "a@b"), ("100%", "100%"), ("5%zz", "5%zz"), ("%25", "%"), ("%%41", "%A")]
        {
            assert_eq!(password(&format!("postgres://me:{written}@db/deck")), meant, "{written}");
        }
    }

    #[test]
    fn schemes_are_read_in_any_case() {
        for scheme in ["postgres", "PostgreSQL", "POSTGRES", "postgresql+asyncpg", "postgresql+psycopg2"] {
            let address =
                Address::parse(&format!("{scheme}://me:secret@db.example:5433/deck?sslmode=verify-full"))
                    .unwrap();
            assert_eq!(address.config.get_ports(), [5433]);
            assert_eq!(address.config.get_dbname(), Some("deck"));
            assert_eq!(address.config.get_ssl_mode(), SslMode::Require);
        }
        assert_eq!(
            Address::parse("host=/run/postgresql user=me dbname=deck").unwrap().config.get_user(),
            Some("me")
        );
    }

    #[test]
    fn errors_show_no_password() {
        for text in [
            "mysql://me:secret@db/deck",
            "postgres://me:secret@db:port/deck",
            "postgres://me:secret@/deck?bad=1",
            "user=me password=secret what=1",
            "secret",
        ] {
            let error = Address::parse(text).unwrap_err().to_string();
            assert!(text == "secret" || !error.contains("secret"), "{error}");
            assert!(error.contains("postgres://user:password@host:5432/database"), "{error}");
        }
        let place = Address::parse("postgres://me:se:cr@et@db/deck?sslmode=disable").unwrap().place;
        assert_eq!(place, "postgres://me@db/deck");
    }
}

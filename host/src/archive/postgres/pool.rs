//! Connections: made when they are needed, kept, and made anew when the server has been away.

use std::{fmt, time::Duration};

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio_postgres::NoTls;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{
    address::Address,
    migrate::{is_current, migrate},
};
use crate::archive::StoreError;

/// One writes, the others answer.
pub(super) const MOST: usize = 8;
/// As long as this, somebody waits for a free connection.
const PATIENCE: Duration = Duration::from_secs(30);

/// Who has named an address, for those who have to correct it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Named {
    InConfiguration,
    ByHand,
}

impl Named {
    fn words(self) -> &'static str {
        match self {
            Self::InConfiguration => "`archive.url`",
            Self::ByHand => "this address",
        }
    }
}

pub(super) async fn open(address: &Address, named: Named) -> Result<Pool, StoreError> {
    let pool = build(address)?;
    let mut client = pool.get().await.map_err(|error| unreachable(address, error.into(), named))?;
    migrate(&mut client, &address.place).await?;
    Ok(pool)
}

/// Nothing is made in it; only tables of an older version are brought up to date.
pub(super) async fn open_source(address: &Address) -> Result<Pool, StoreError> {
    let pool = build(address)?;
    let mut client = pool.get().await.map_err(|error| unreachable(address, error.into(), Named::ByHand))?;
    if !is_current(&mut client, &address.place).await? {
        migrate(&mut client, &address.place).await?;
    }
    Ok(pool)
}

/// A database of somebody else's, in which nothing is made or changed.
pub(crate) struct Visit {
    pub(crate) client: Object,
    /// For people: without the password.
    pub(crate) place: String,
}

impl fmt::Debug for Visit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Visit").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Visit {
    pub(crate) async fn begin(address: &str) -> Result<Self, StoreError> {
        let address = Address::parse(address)?;
        let client = build(&address)?.get().await;
        let client = client.map_err(|error| unreachable(&address, error.into(), Named::ByHand))?;
        Ok(Self { client, place: address.place })
    }

    /// Whether both look at one database, by whatever addresses: a lock is known within one database only.
    pub(crate) async fn is_same(&self, other: &Self) -> Result<bool, StoreError> {
        let key = uuid::Uuid::now_v7().as_u64_pair().1.cast_signed();
        self.client.execute("select pg_advisory_lock($1)", &[&key]).await?;
        let is_free: bool =
            other.client.query_one("select pg_try_advisory_lock($1)", &[&key]).await?.try_get(0)?;
        Ok(!is_free)
    }
}

fn build(address: &Address) -> Result<Pool, StoreError> {
    let wrong = |reason: String| StoreError::Open { place: address.place.clone(), reason };
    let settings = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = if address.wants_tls() {
        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_platform_verifier())
            .map_err(|error| wrong(format!("no TLS: {error}")))?
            .with_no_client_auth();
        Manager::from_config(address.config.clone(), MakeRustlsConnect::new(tls), settings)
    } else {
        Manager::from_config(address.config.clone(), NoTls, settings)
    };
    Pool::builder(manager)
        .max_size(MOST)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(PATIENCE))
        .create_timeout(Some(PATIENCE))
        .build()
        .map_err(|error| wrong(error.to_string()))
}

/// A server that is away is no reason to change the configuration; one that refuses us is.
fn unreachable(address: &Address, error: StoreError, named: Named) -> StoreError {
    let named = named.words();
    let place = address.place.clone();
    match error {
        StoreError::Unavailable { reason } => {
            let reason =
                format!("{place}: {reason}. See that PostgreSQL runs there, and that {named} names it");
            StoreError::Unavailable { reason }
        }
        StoreError::Failed { reason } => {
            let reason = format!("{reason}. Correct {named}: the user, the password or the database");
            StoreError::Open { place, reason }
        }
        other => other,
    }
}

pub(super) async fn client(pool: &Pool) -> Result<Object, StoreError> {
    Ok(pool.get().await?)
}

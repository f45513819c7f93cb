//! Finds the addresses of a name, and hands out only what may be connected to. It is the one
//! lookup that the connection uses: there is no second one that could answer something else.

use std::{error::Error, io, net::IpAddr, sync::Arc};

use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::{Place, place};

/// Asks for a name's addresses.
pub type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync>;

/// The system's resolver.
pub fn system_lookup() -> Lookup {
    Arc::new(|name| {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    })
}

/// An address that must not be connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it lies at {address}, {kind}")]
pub(super) struct Forbidden {
    pub(super) address: IpAddr,
    pub(super) kind: &'static str,
    /// Whether there are grants for such addresses.
    pub(super) is_grantable: bool,
}

/// Says whether an address may be connected to.
pub(super) fn check(address: IpAddr, allows_private: bool) -> Result<(), Forbidden> {
    match place(address) {
        Place::Internet => Ok(()),
        Place::Private(_) if allows_private => Ok(()),
        Place::Private(kind) => Err(Forbidden { address, kind, is_grantable: true }),
        Place::Nowhere(kind) => Err(Forbidden { address, kind, is_grantable: false }),
    }
}

pub(super) struct CheckedResolver {
    pub(super) lookup: Lookup,
    pub(super) allows_private: bool,
}

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (lookup, allows_private) = (self.lookup.clone(), self.allows_private);
        Box::pin(async move {
            let found = lookup(name.as_str().to_owned()).await?;
            // One bad address among good ones is reason enough: a name that points at both is up to something.
            for address in &found {
                check(*address, allows_private)?;
            }
            if found.is_empty() {
                return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address").into());
            }
            let addresses: Addrs = Box::new(found.into_iter().map(|address| (address, 0).into()));
            Ok(addresses)
        })
    }
}

/// The refusal that a failed request carries somewhere in its causes.
pub(super) fn forbidden_in(error: &reqwest::Error) -> Option<Forbidden> {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(cause) = next {
        if let Some(forbidden) = cause.downcast_ref::<Forbidden>() {
            return Some(*forbidden);
        }
        // What an `io::Error` wraps is not its `source`.
        let inner = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match inner {
            Some(inner) => Some(inner),
            None => cause.source(),
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn resolve(
        addresses: &'static [&'static str],
        allows_private: bool,
    ) -> Result<Vec<String>, String> {
        let lookup: Lookup = Arc::new(move |_| {
            Box::pin(async move { Ok(addresses.iter().map(|text| text.parse().unwrap()).collect()) })
        });
        let resolver = CheckedResolver { lookup, allows_private };
        let found = resolver.resolve("name.test".parse().unwrap()).await;
        found.map(|found| found.map(|it| it.ip().to_string()).collect()).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn every_address_is_checked() {
        assert_eq!(resolve(&["1.1.1.1", "2606:4700::1"], false).await.unwrap(), ["1.1.1.1", "2606:4700::1"]);
        let error = resolve(&["1.1.1.1", "10.0.0.1"], false).await.unwrap_err();
        assert_eq!(error, "it lies at 10.0.0.1, an address of a private network");
        assert!(resolve(&["10.0.0.1"], true).await.is_ok());
        assert!(resolve(&["10.0.0.1", "0.0.0.0"], true).await.is_err());
        assert!(resolve(&[], true).await.is_err());
    }
}

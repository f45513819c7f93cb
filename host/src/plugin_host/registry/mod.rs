//! All plugins by name: what runs now, what its file says, how it fares.

mod breaker;
mod loaded;

use std::{collections::BTreeMap, sync::Arc};

use arc_swap::{ArcSwap, ArcSwapOption};

pub(crate) use breaker::Breaker;
pub(crate) use loaded::Loaded;

use super::{
    error::{Failure, PluginError, Who},
    figures::Figures,
};
use crate::{clock::SharedClock, model::PluginName};

/// Every plugin. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Plugins {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    clock: SharedClock,
    plugins: ArcSwap<BTreeMap<PluginName, Arc<Plugin>>>,
}

/// One name. It stays the same while code and settings behind it change.
#[derive(Debug)]
pub(crate) struct Plugin {
    pub(crate) name: PluginName,
    pub(crate) figures: Arc<Figures>,
    pub(crate) breaker: Arc<Breaker>,
    loaded: ArcSwapOption<Loaded>,
}

impl Plugins {
    /// What a call of this plugin would run now. Ask anew for each call, and keep the answer for
    /// the whole of it: that is the swap.
    pub(crate) fn current(&self, name: &PluginName) -> Result<Arc<Loaded>, PluginError> {
        let plugins = self.inner.plugins.load();
        let plugin = plugins.get(name).ok_or_else(|| {
            let known = plugins.keys().map(ToString::to_string).collect();
            PluginError::new(&Who::named(name), Failure::Unknown { known })
        })?;
        plugin.current(&self.inner.clock)
    }
}

impl Plugin {
    fn current(&self, clock: &SharedClock) -> Result<Arc<Loaded>, PluginError> {
        let Some(loaded) = self.loaded.load_full() else {
            return Err(PluginError::new(&Who::named(&self.name), Failure::Loading));
        };
        match self.breaker.admit(clock.now()) {
            Ok(()) => Ok(loaded),
            Err(rest) => {
                let failure = Failure::Suspended { until: rest.until, reason: rest.reason };
                Err(PluginError::new(&loaded.profile.who, failure))
            }
        }
    }
}

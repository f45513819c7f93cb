//! What operators may set.

use schemars::JsonSchema;
use serde::{Deserialize, de::DeserializeOwned};

/// Settings that a plugin can have: whatever serde reads and schemars describes.
///
/// Doc comments of fields become the descriptions that the operator sees.
pub trait Settings: DeserializeOwned + JsonSchema {}

impl<T: DeserializeOwned + JsonSchema> Settings for T {}

/// For plugins that have none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoSettings {}

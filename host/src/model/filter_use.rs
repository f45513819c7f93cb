use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

use super::{
    OnError, PluginName,
    short_form::{ShortOrTable, either},
};

/// A filter where it is used: its name, or a table that says more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FilterUse {
    pub plugin: PluginName,
    /// Without, what the plugin's own table says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_error: Option<OnError>,
}

impl FilterUse {
    pub const fn new(plugin: PluginName) -> Self {
        Self { plugin, on_error: None }
    }
}

/// The long form.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct UseTable {
    /// The plugin's name.
    #[schemars(with = "String", extend("format" = "plugin-name"))]
    plugin: PluginName,
    /// What becomes of messages that it fails on here. Default: what the plugin's own table says.
    #[serde(default)]
    on_error: Option<OnError>,
}

impl From<UseTable> for FilterUse {
    fn from(UseTable { plugin, on_error }: UseTable) -> Self {
        Self { plugin, on_error }
    }
}

impl<'de> Deserialize<'de> for FilterUse {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShortOrTable::<_, _, UseTable>::new("a name or a table", Self::new))
    }
}

impl JsonSchema for FilterUse {
    fn schema_name() -> Cow<'static, str> {
        "FilterUse".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let name = json_schema!({ "type": "string", "format": "plugin-name" });
        either(name, generator.subschema_for::<UseTable>())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(value: Value) -> Result<FilterUse, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    #[test]
    fn reads_names_and_tables() {
        let plugin: PluginName = "types".parse().unwrap();
        assert_eq!(read(json!("types")), Ok(FilterUse::new(plugin.clone())));
        let table = json!({ "plugin": "types", "on_error": "keep" });
        assert_eq!(read(table.clone()), Ok(FilterUse { plugin, on_error: Some(OnError::Keep) }));
        assert_eq!(serde_json::to_value(read(table.clone()).unwrap()).unwrap(), table, "and writes them");
    }

    #[test]
    fn says_what_is_wrong() {
        for (value, told) in [
            (json!("Not A Name"), "`Not A Name` is not a valid plugin name"),
            (json!({ "on_error": "keep" }), "missing field `plugin`"),
            (json!({ "plugin": "types", "on_eror": "keep" }), "unknown field `on_eror`"),
            (json!({ "plugin": "types", "on_error": "ignore" }), "unknown variant `ignore`"),
            (json!(3), "expected a name or a table"),
        ] {
            let error = read(value).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
    }
}

//! The file that describes a plugin's settings.

use std::{fs, path::Path};

use schemars::JsonSchema;
use serde_json::Value;

/// Fails when the file is not what the type says, and writes it anew. The export line brings a
/// test along that calls this.
pub fn check_settings_schema<S: JsonSchema>(folder: &str, file: &str) {
    let schema = schemars::schema_for!(S);
    if file.is_empty() {
        let has_settings =
            schema.get("properties").and_then(Value::as_object).is_some_and(|all| !all.is_empty());
        let has_forms = schema.get("oneOf").or_else(|| schema.get("anyOf")).is_some();
        assert!(
            !has_settings && !has_forms,
            "the host does not learn of these settings: add `settings: \"settings.schema.json\"` to the \
             export line and test again, which writes that file"
        );
        return;
    }
    let path = Path::new(folder).join(file);
    let written = fs::read(&path).ok().and_then(|written| serde_json::from_slice::<Value>(&written).ok());
    // Not as text: in which order the keys come depends on what else is in the build.
    if written.as_ref() == Some(schema.as_value()) {
        return;
    }
    let mut current = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
    current.push('\n');
    if let Err(error) = fs::write(&path, current) {
        panic!("{} is not what the settings are now, and cannot be written: {error}", path.display());
    }
    panic!("{} was not what the settings are now; it has been written anew, keep it", path.display());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NoSettings;

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its description is looked at")]
    struct Some {
        /// How loud.
        volume: u8,
    }

    #[test]
    fn no_file_is_needed_for_no_settings() {
        check_settings_schema::<NoSettings>("", "");
        std::panic::catch_unwind(|| check_settings_schema::<Some>("", "")).expect_err("it needs a file");
    }

    #[test]
    fn the_order_of_keys_is_free() {
        let folder = std::env::temp_dir().join(format!("tapedeck-plugin-order-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let schema = schemars::schema_for!(Some);
        let fields = schema.as_object().expect("fields").iter().rev();
        let turned: Vec<_> =
            fields.map(|(key, value)| format!("{}:{value}", Value::from(key.as_str()))).collect();
        fs::write(folder.join("s.json"), format!("{{{}}}", turned.join(","))).expect("a file");
        check_settings_schema::<Some>(folder.to_str().expect("UTF-8"), "s.json");
        fs::remove_dir_all(folder).expect("the folder goes");
    }

    #[test]
    fn a_stale_file_is_written_anew() {
        let folder = std::env::temp_dir().join(format!("tapedeck-plugin-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let place = folder.to_str().expect("UTF-8");
        let check = || std::panic::catch_unwind(|| check_settings_schema::<Some>(place, "s.json"));
        check().expect_err("there was no file");
        check().expect("it has been written");
        let written = fs::read_to_string(folder.join("s.json")).expect("a file");
        assert!(written.contains("How loud."));
        fs::remove_dir_all(folder).expect("the folder goes");
    }
}

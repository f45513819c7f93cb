//! The plugin that the host's own tests load. It answers `describe` and writes one log line,
//! so a host can see that both directions of a call work.

/// Who this plugin is, without the types of the bindings.
pub struct Identity {
    pub id: &'static str,
    pub version: &'static str,
    pub summary: &'static str,
}

pub const fn identity() -> Identity {
    Identity {
        id: "probe",
        version: env!("CARGO_PKG_VERSION"),
        summary: "Shows the host's tests that a plugin can be called and can call back",
    }
}

pub fn greeting() -> String {
    let Identity { id, version, .. } = identity();
    format!("{id} {version} was asked to describe itself")
}

pub fn manifest() -> String {
    let Identity { id, version, summary } = identity();
    format!(r#"{{"id":"{id}","version":"{version}","summary":"{summary}"}}"#)
}

/// Only a component has these exports; a native library would not link with their names.
#[cfg(target_family = "wasm")]
#[expect(unsafe_code, reason = "the bindings of the component ABI are generated")]
mod component {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "
            package tapedeck:probe;
            world small {
                import tapedeck:plugin/log@1.0.0;
                export tapedeck:plugin/describe@1.0.0;
            }
        ",
        world: "tapedeck:probe/small",
        generate_all,
    });

    /// `level` of `log.write`: information.
    const INFORMATION: u8 = 3;

    struct Probe;

    impl exports::tapedeck::plugin::describe::Guest for Probe {
        fn describe() -> String {
            tapedeck::plugin::log::write(INFORMATION, &super::greeting());
            super::manifest()
        }
    }

    export!(Probe);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_is_lower_case_with_dashes() {
        assert!(identity().id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'));
    }

    #[test]
    fn greeting_names_the_version() {
        assert!(greeting().contains(env!("CARGO_PKG_VERSION")));
    }
}

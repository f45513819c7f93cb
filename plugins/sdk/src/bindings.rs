//! What the contract in `wit/` looks like in Rust. Types that several kinds of plugins share are
//! made once, in [`host`]; each kind has a module with its exports.
//!
//! The worlds are smaller than those in `wit/`: no `describe`, since the section says it all.
//!
//! It compiles natively too, for the sake of the types: nothing in it is called there.

/// What a host offers, and every type.
pub mod host {
    wit_bindgen::generate!({
        path: "wit",
        inline: "
            package tapedeck:sdk;
            world host {
                import tapedeck:plugin/types@1.0.0;
                import tapedeck:plugin/log@1.0.0;
                import tapedeck:plugin/settings@1.0.0;
                import tapedeck:plugin/kv@1.0.0;
                import tapedeck:plugin/http@1.0.0;
                import tapedeck:plugin/run@1.0.0;
                import tapedeck:plugin/scratch@1.0.0;
                import tapedeck:plugin/sink@1.0.0;
                import tapedeck:plugin/chats@1.0.0;
                import tapedeck:plugin/messages@1.0.0;
                import tapedeck:plugin/records@1.0.0;
                import tapedeck:plugin/tracks@1.0.0;
            }
        ",
        generate_all,
        generate_unused_types: true,
        additional_derives: [PartialEq, Default],
        additional_derives_ignore: ["plugin-error", "sink"],
    });
}

/// The world of chat filters.
pub mod chat_filter {
    wit_bindgen::generate!({
        path: "wit",
        inline: "
            package tapedeck:sdk;
            world chat-filter {
                export tapedeck:plugin/chat-filter@1.0.0;
            }
        ",
        pub_export_macro: true,
        with: {
            "tapedeck:plugin/types@1.0.0": crate::bindings::host::tapedeck::plugin::types,
            "tapedeck:plugin/messages@1.0.0": crate::bindings::host::tapedeck::plugin::messages,
            "tapedeck:plugin/chats@1.0.0": crate::bindings::host::tapedeck::plugin::chats,
        },
    });
}

/// The world of exporters.
pub mod exporter {
    wit_bindgen::generate!({
        path: "wit",
        inline: "
            package tapedeck:sdk;
            world exporter {
                export tapedeck:plugin/exporter@1.0.0;
            }
        ",
        additional_derives: [PartialEq, Default],
        pub_export_macro: true,
        with: {
            "tapedeck:plugin/types@1.0.0": crate::bindings::host::tapedeck::plugin::types,
            "tapedeck:plugin/messages@1.0.0": crate::bindings::host::tapedeck::plugin::messages,
            "tapedeck:plugin/chats@1.0.0": crate::bindings::host::tapedeck::plugin::chats,
        },
    });
}

/// The world of track backends.
pub mod track_backend {
    wit_bindgen::generate!({
        path: "wit",
        inline: "
            package tapedeck:sdk;
            world track-backend {
                import tapedeck:plugin/sink@1.0.0;
                export tapedeck:plugin/track-backend@1.0.0;
            }
        ",
        pub_export_macro: true,
        with: {
            "tapedeck:plugin/types@1.0.0": crate::bindings::host::tapedeck::plugin::types,
            "tapedeck:plugin/sink@1.0.0": crate::bindings::host::tapedeck::plugin::sink,
            "tapedeck:plugin/tracks@1.0.0": crate::bindings::host::tapedeck::plugin::tracks,
        },
    });
}

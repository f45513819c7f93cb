//! The line that makes a component of a type.

/// Exports a type as a plugin: `export!(NoLinks: ChatFilter)`.
///
/// The kind is [`ChatFilter`](crate::ChatFilter), [`Exporter`](crate::Exporter) or
/// [`TrackBackend`](crate::TrackBackend), and the type must be in the same module. The plugin's id is the package's
/// name, its version the package's, and its summary the package's `description`. With settings, name the
/// file of their schema, `settings: "settings.schema.json"`; `cargo test` writes it.
///
/// Panics are written to the plugin's log.
#[macro_export]
macro_rules! export {
    ($plugin:ident : $kind:ident) => {
        $crate::__export!($plugin, $kind, "", "");
    };
    ($plugin:ident : $kind:ident, settings: $file:literal) => {
        $crate::__export!(
            $plugin,
            $kind,
            $file,
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/", $file))
        );
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    ($plugin:ident, $kind:ident, $file:literal, $schema:expr) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            ::std::thread_local! {
                static KEPT: ::core::cell::RefCell<
                    ::core::option::Option<<$plugin as $crate::component::Plugin>::Kept>,
                > = const { ::core::cell::RefCell::new(::core::option::Option::None) };
            }

            $crate::manifest! {
                wants: <$plugin as $crate::$kind>::WANTS,
                columns: $crate::__export!(@columns $plugin, $kind),
                settings_schema: $schema,
            }

            impl $crate::component::Plugin for $plugin {
                type Kept = $crate::__export!(@kept $plugin, $kind);

                fn with<R>(
                    use_it: impl FnOnce(&mut ::core::option::Option<Self::Kept>) -> R,
                ) -> R {
                    KEPT.with_borrow_mut(use_it)
                }
            }

            $crate::__export!(@world $plugin, $kind);
        };

        // A native library has nobody who calls it; this names what a component would.
        #[cfg(not(target_family = "wasm"))]
        const _: $crate::Wants = <$plugin as $crate::$kind>::WANTS;

        #[cfg(test)]
        mod tapedeck_settings {
            #[test]
            fn schema_is_current() {
                $crate::testing::check_settings_schema::<<super::$plugin as $crate::$kind>::Settings>(
                    env!("CARGO_MANIFEST_DIR"),
                    $file,
                );
            }
        }
    };

    (@columns $plugin:ident, TrackBackend) => { &[] };
    (@columns $plugin:ident, $kind:ident) => { <$plugin as $crate::$kind>::COLUMNS };

    (@kept $plugin:ident, Exporter) => { <$plugin as $crate::Exporter>::Settings };
    (@kept $plugin:ident, $kind:ident) => { $plugin };

    (@world $plugin:ident, ChatFilter) => {
        type Component = $crate::component::Filter<$plugin>;
        $crate::bindings::chat_filter::export!(Component with_types_in $crate::bindings::chat_filter);
    };
    (@world $plugin:ident, Exporter) => {
        type Component = $crate::component::Export<$plugin>;
        $crate::bindings::exporter::export!(Component with_types_in $crate::bindings::exporter);
    };
    (@world $plugin:ident, TrackBackend) => {
        type Component = $crate::component::Backend<$plugin>;
        $crate::bindings::track_backend::export!(Component with_types_in $crate::bindings::track_backend);
    };
}

/// Writes the custom section `tapedeck:manifest`.
#[doc(hidden)]
#[macro_export]
macro_rules! manifest {
    (wants: $wants:expr, columns: $columns:expr, settings_schema: $schema:expr $(,)?) => {
        const MANIFEST: $crate::Manifest = $crate::Manifest {
            package: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
            summary: env!("CARGO_PKG_DESCRIPTION"),
            wants: $wants,
            columns: $columns,
            settings_schema: $schema,
        };
        #[used]
        #[unsafe(link_section = "tapedeck:manifest")]
        static MANIFEST_BYTES: [u8; MANIFEST.length()] = MANIFEST.bytes();
    };
}

//! Track backends: async, for the runtime.

wasmtime::component::bindgen!({
    path: "../../wit",
    inline: "
        package tapedeck:host;
        world plugin {
            export tapedeck:plugin/track-backend@1.0.0;
        }
    ",
    world: "tapedeck:host/plugin",
    with: { "tapedeck:plugin@1.0.0": super::capability::tapedeck::plugin },
    exports: { default: async },
    require_store_data_send: true,
});

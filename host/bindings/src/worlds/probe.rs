//! The test plugin, called sync.

wasmtime::component::bindgen!({
    path: "../../wit",
    inline: "
        package tapedeck:host;
        world plugin {
            export tapedeck:plugin/probe@1.0.0;
        }
    ",
    world: "tapedeck:host/plugin",
    with: { "tapedeck:plugin@1.0.0": super::capability::tapedeck::plugin },
    require_store_data_send: true,
});

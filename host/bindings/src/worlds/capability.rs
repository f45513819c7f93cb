//! What the host offers, and all types that several worlds share.

wasmtime::component::bindgen!({
    path: "../../wit",
    inline: "
        package tapedeck:host;
        world capability {
            include tapedeck:plugin/capabilities@1.0.0;
            import tapedeck:plugin/sink@1.0.0;
            import tapedeck:plugin/messages@1.0.0;
            import tapedeck:plugin/records@1.0.0;
            import tapedeck:plugin/chats@1.0.0;
            import tapedeck:plugin/tracks@1.0.0;
        }
    ",
    imports: {
        "tapedeck:plugin/http@1.0.0": async | trappable,
        "tapedeck:plugin/run@1.0.0": async | trappable,
        default: trappable,
    },
});

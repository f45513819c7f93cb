use grammers_tl_types as tl;

/// A basic group, a supergroup or a channel.
#[derive(Debug)]
pub struct Chat {
    pub chat: tl::enums::Chat,
}

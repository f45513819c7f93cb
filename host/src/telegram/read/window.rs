//! What the calls that give pages of messages have in common: a window on a list, newest first.

use grammers_tl_types::{
    self as tl, RemoteCall,
    functions::messages::{GetHistory, GetReplies, Search},
};

/// Where a page lies: `limit` messages, `add_offset` below the first one that is older than
/// `offset_id`, and of those the ones between `min_id` and `max_id`, both excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub offset_id: i32,
    pub add_offset: i32,
    pub limit: i32,
    pub max_id: i32,
    pub min_id: i32,
}

/// A call that gives one page of a list of messages.
pub trait Windowed:
    RemoteCall<Return = tl::enums::messages::Messages> + Clone + Send + Sync + 'static
{
    fn window(&self) -> Window;
    fn with(&self, window: Window) -> Self;
    fn peer(&self) -> &tl::enums::InputPeer;
}

macro_rules! windowed {
    ($($call:ty),+) => {$(
        impl Windowed for $call {
            fn window(&self) -> Window {
                let Self { offset_id, add_offset, limit, max_id, min_id, .. } = *self;
                Window { offset_id, add_offset, limit, max_id, min_id }
            }

            fn with(&self, window: Window) -> Self {
                let Window { offset_id, add_offset, limit, max_id, min_id } = window;
                Self { offset_id, add_offset, limit, max_id, min_id, ..self.clone() }
            }

            fn peer(&self) -> &tl::enums::InputPeer {
                &self.peer
            }
        }
    )+};
}

windowed!(GetHistory, GetReplies, Search);

impl Window {
    pub(super) const fn of(limit: i32) -> Self {
        Self { offset_id: 0, add_offset: 0, limit, max_id: 0, min_id: 0 }
    }

    /// Whether it lies wholly below its message, or wholly above: then nothing that comes or goes on the other side moves
    /// it.
    pub(super) const fn is_by_number(self) -> bool {
        self.add_offset == 0 || self.add_offset == -self.limit
    }
}

/// A search for everything in a chat; callers set what they look for.
pub fn blank_search(peer: tl::enums::InputPeer) -> Search {
    Search {
        peer,
        q: String::new(),
        from_id: None,
        saved_peer_id: None,
        saved_reaction: None,
        top_msg_id: None,
        filter: tl::enums::MessagesFilter::InputMessagesFilterEmpty,
        min_date: 0,
        max_date: 0,
        offset_id: 0,
        add_offset: 0,
        limit: 100,
        max_id: 0,
        min_id: 0,
        hash: 0,
    }
}

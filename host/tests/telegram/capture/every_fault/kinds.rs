//! What can go wrong.

use std::time::Duration;

use tapedeck_sim::telegram::Fault;

/// A fault, and at which calls it makes sense.
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) make: fn() -> Fault,
    pub(super) of: fn(&str) -> bool,
}

fn any(_: &str) -> bool {
    true
}

fn pages(method: &str) -> bool {
    matches!(method, "messages.getHistory" | "messages.getMessages" | "channels.getMessages")
}

fn answers_by_id(method: &str) -> bool {
    matches!(method, "messages.getMessages" | "channels.getMessages")
}

fn parts(method: &str) -> bool {
    method == "upload.getFile"
}

/// All that docs/sim.md lists.
pub(super) const KINDS: &[Kind] = &[
    Kind { name: "a pause", make: || Fault::flood(1), of: any },
    Kind { name: "no pause to speak of", make: || Fault::flood_premium(0), of: any },
    Kind { name: "trouble inside Telegram", make: || Fault::refuse(500, "INTERNAL"), of: any },
    Kind { name: "trouble that stays", make: || Fault::refuse(500, "INTERNAL").times(4), of: any },
    Kind { name: "a refusal", make: || Fault::refuse(400, "OFFSET_PEER_ID_INVALID"), of: any },
    Kind { name: "out of reach", make: || Fault::refuse(400, "CHANNEL_PRIVATE"), of: any },
    Kind { name: "logged out", make: || Fault::refuse(401, "SESSION_REVOKED"), of: any },
    Kind { name: "closed before", make: Fault::close_before, of: any },
    Kind { name: "closed after", make: Fault::close_after, of: any },
    Kind { name: "closed in the middle", make: || Fault::close_after_bytes(40), of: any },
    Kind { name: "silence", make: Fault::silent, of: any },
    Kind { name: "a late answer", make: || Fault::delay(Duration::from_millis(40)), of: any },
    Kind { name: "another salt", make: Fault::wrong_salt, of: any },
    Kind { name: "an unknown key", make: Fault::key_unknown, of: any },
    Kind { name: "an unknown constructor", make: || Fault::unknown_constructor(0), of: pages },
    Kind { name: "an answer to another question", make: Fault::misaligned, of: answers_by_id },
    Kind { name: "an expired reference", make: Fault::expired_reference, of: parts },
    Kind { name: "a short part", make: || Fault::short_part(100), of: parts },
];

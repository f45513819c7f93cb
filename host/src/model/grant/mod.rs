//! What plugins ask for and what their operator lets them do. Whatever is in neither is refused.

mod entry;
mod host;
mod line;
mod program;
mod want;

pub use entry::{Grants, HttpGrant, HttpMethod, RunGrant};
pub use host::{HostPattern, InvalidHostPattern};
pub use line::{Grant, GrantKey, InvalidGrant};
pub use program::{InvalidProgram, Program};
pub use want::{HttpWant, RunWant, SpaceWant, Wants};

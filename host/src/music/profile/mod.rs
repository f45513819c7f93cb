//! What a profile should show becomes what it shows: wanted and real are compared, and the
//! difference is worked off in steps, each of which is noted before it is done. A crash between
//! any two of them leads to the same end.

mod journal;
mod observe;
mod plan;
mod wanted;

pub use wanted::{Heard, Played, RemovedByUser, Rules, Wanted};

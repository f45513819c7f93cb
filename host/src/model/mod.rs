//! Plain types that every module speaks. No I/O, no clock.

mod duration;
mod name;
mod password;
mod policy;
mod run;
mod scope;
mod view;

pub use duration::{InvalidDuration, Period};
pub use name::{EventName, InvalidName, JobName};
pub use password::PasswordLimits;
pub use policy::{Missed, Overlap, Ping, Policy, Retry};
pub use run::{Covered, InvalidRunId, LogLine, Params, Progress, Run, RunId, Status, Summary, Trigger};
pub use scope::{Scope, Scopes};
pub use view::{JobView, Paused};

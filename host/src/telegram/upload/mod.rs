//! Files go up, and messages with them: part by part, and never twice.

mod error;
mod file;
mod sends;

pub use error::{SendError, UploadError};
pub use file::{Upload, Uploads};
pub use sends::{Content, Post, Sends, Sent};

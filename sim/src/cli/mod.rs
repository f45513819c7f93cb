//! The sub-commands, one file each.

pub(crate) mod ask;
pub(crate) mod hooks;
pub(crate) mod spotify;
pub(crate) mod telegram;
pub(crate) mod youtube;

//! What the tests of the Telegram client share.

pub(crate) mod accounts;

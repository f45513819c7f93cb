//! `/api/v1`: one file per group of addresses, each with its handlers and what they answer.

pub(super) mod accounts;
pub(super) mod archive;
pub(super) mod choices;
pub(super) mod config;
pub(super) mod events;
pub(super) mod jobs;
pub(super) mod logins;
pub(super) mod music;
pub(super) mod plugins;
pub(super) mod profile;
pub(super) mod recordings;
pub(super) mod runs;
pub(super) mod session;
pub(super) mod spotify;
pub(super) mod status;
pub(super) mod tokens;
pub(super) mod users;

#[cfg(test)]
mod tests;

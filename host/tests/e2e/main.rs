//! The real binary, started, asked, killed and started again.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod accounts;
mod bad_input;
mod capture_filters;
mod cli;
mod demo_music;
mod disk;
mod evening;
mod exports;
mod first_login;
#[expect(dead_code, reason = "shared with tests that misbehave in more ways")]
#[path = "../plugins/support/guest.rs"]
mod guest;
mod imports;
mod kill;
mod now_playing;
mod output;
mod players;
mod plugin_trouble;
mod plugins;
mod postgres;
mod profile_at_exit;
mod profile_music;
mod reclaim;
mod reload;
mod secrets;
mod shutdown;
mod spotify;
mod support;
mod transfers;
mod try_filter;

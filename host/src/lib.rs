//! Tapedeck runs jobs on cron schedules and on events.
//!
//! Data flows one way: `config` and `state` are read at the start, the `scheduler` decides when
//! a run is due, a job from `jobs` does the work, `event` tells the page, `web` and `cli` show it.

// Builds every store and client once, and owns them.
pub mod app;
// What cannot be had again: messages and their files, in SQL.
pub mod archive;
// Where Telegram meets the archive: which chats, from where, and what is proven of them.
pub mod capture;
// One file per subcommand.
pub mod cli;
// The one source of time: the system's clock, or one that a test moves by hand.
pub mod clock;
// One file per section of `config.toml`; reads, validates, reports.
pub mod config;
// The archive, written out by exporters: one pass over it feeds all of them.
pub mod export;
// What happened, told to whoever listens: the page, metrics, other jobs.
pub mod event;
// How far a piece of work is, and what programs say of it.
pub mod gauge;
// What other programs have kept becomes part of the archive: exports, databases, another archive.
pub mod import;
// What runs: one file per job kind.
pub mod jobs;
// Signals, two-stage shutdown, tracked tasks.
pub mod lifecycle;
// Plain types that everything speaks: jobs, runs, triggers; no I/O.
pub mod model;
// Where players meet Telegram profiles: what plays, what was played, what is shown of it.
pub mod music;
// Runs other people's code: finds, reads, compiles, bounds and swaps WebAssembly components.
pub mod plugin_host;
// Programs in process groups of their own, so that they end with everything they have started.
mod process;
// When it runs: triggers, policies, the queue and the runner; names no job.
pub mod scheduler;
// What speaks to Spotify: logging in, what plays now.
pub mod spotify;
// What the host itself remembers, in sled: one file per tree.
pub mod state;
// Everything that speaks to Telegram: sessions, connections, logging in.
pub mod telegram;
// Log format, subscriber, and the capture of each run's own lines.
pub mod telemetry;
// Seals what opens accounts, with one key.
pub mod vault;
// The page and its API, sign-in, live events, metrics.
pub mod web;

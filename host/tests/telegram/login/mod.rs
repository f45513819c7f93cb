//! Logging in and out: every way, every answer, every refusal.

mod accounts;
mod cli;
mod code;
mod import;
mod password;
mod qr;
mod tdata;

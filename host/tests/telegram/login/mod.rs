//! Logging in and out: every way, every answer, every refusal.

mod accounts;
mod code;
mod import;
mod password;
mod qr;

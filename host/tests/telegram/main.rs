//! The real Telegram client against the simulated Telegram: one module per behaviour.

mod login;
mod support;

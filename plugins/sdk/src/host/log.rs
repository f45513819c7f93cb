//! Lines in the plugin's log, which the operator sees on the page and in a job's run.
//!
//! Never write secrets, phone numbers or the text of messages there.
//!
//! ```
//! use tapedeck_plugin::log;
//!
//! # let _host = tapedeck_plugin::testing::Host::new(tapedeck_plugin::Wants::NOTHING);
//! let found = 3;
//! log::info!("{found} candidates");
//! ```

use super::call;

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Error = 1,
    Warning = 2,
    Info = 3,
    Debug = 4,
    Trace = 5,
}

/// Writes one line.
pub fn write(level: Level, line: &str) {
    call::log::write(level as u8, line);
}

pub use crate::{
    __log_debug as debug, __log_error as error, __log_info as info, __log_trace as trace,
    __log_warning as warning,
};

#[doc(hidden)]
#[macro_export]
macro_rules! __log_error {
    ($($text:tt)+) => { $crate::log::write($crate::log::Level::Error, &::std::format!($($text)+)) };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __log_warning {
    ($($text:tt)+) => { $crate::log::write($crate::log::Level::Warning, &::std::format!($($text)+)) };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __log_info {
    ($($text:tt)+) => { $crate::log::write($crate::log::Level::Info, &::std::format!($($text)+)) };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __log_debug {
    ($($text:tt)+) => { $crate::log::write($crate::log::Level::Debug, &::std::format!($($text)+)) };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __log_trace {
    ($($text:tt)+) => { $crate::log::write($crate::log::Level::Trace, &::std::format!($($text)+)) };
}

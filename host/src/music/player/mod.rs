//! Decides what plays.

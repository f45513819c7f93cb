//! Tapedeck.

//! The only place that constructs stores and clients.

//! What a session promises.

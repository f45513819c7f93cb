//! Simulated outside world.

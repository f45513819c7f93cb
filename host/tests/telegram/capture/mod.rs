//! Chats come into the archive whole, whatever breaks.

mod bits;
mod disk;
mod engine;
mod every_fault;
mod faults;
mod fill;
mod kills;
mod list;
mod listen;
mod media;
mod orders;
mod outage;
mod recheck;
mod stage;
mod storm;
mod world;

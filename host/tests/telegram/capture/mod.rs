//! Chats come into the archive whole, whatever breaks.

mod faults;
mod fill;
mod kills;
mod list;
mod listen;
mod media;
mod recheck;
mod stage;
mod world;

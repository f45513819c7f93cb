//! Chats come into the archive whole, whatever breaks.

mod cases;
mod faults;
mod fill;
mod imports;
mod kills;
mod list;
mod listen;
mod media;
mod recheck;
mod stage;
mod world;

//! Chats come into the archive whole, whatever breaks.

mod avatars;
mod bits;
mod disk;
mod engine;
mod faults;
mod fill;
mod kills;
mod list;
mod listen;
mod media;
mod outage;
mod recheck;
mod refresh;
mod stage;
mod undo;
mod world;

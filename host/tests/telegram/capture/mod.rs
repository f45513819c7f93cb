//! Chats come into the archive whole, whatever breaks.

mod avatars;
mod bits;
mod cases;
mod disk;
mod engine;
mod every_fault;
mod faults;
mod fill;
mod imports;
mod kills;
mod list;
mod listen;
mod media;
mod orders;
mod outage;
mod recheck;
mod refresh;
mod stage;
mod storm;
mod undo;
mod world;

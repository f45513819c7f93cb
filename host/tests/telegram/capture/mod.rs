//! Chats come into the archive whole, whatever breaks.

mod avatars;
mod bits;
mod cases;
mod disk;
mod engine;
mod every_fault;
mod faults;
mod fill;
mod heard;
mod imports;
mod kills;
mod list;
mod listen;
mod media;
mod missed;
mod orders;
mod outage;
mod recheck;
mod reclaim;
mod refresh;
mod rows;
mod stage;
mod storm;
mod undo;
mod world;

//! The real client against a simulated Telegram: what the client library does wrong or leaves
//! open, each with the test that fails when our answer to it is taken away.
//!
//! | what happens | module |
//! |---|---|
//! | a server that does not know our key makes the library replace it | `keys` |
//! | a data centre that accepts and stays silent blocks all others | `silence` |
//! | connections break, servers restart, a runner panics, calls have no time limit | `breaks` |
//! | file parts of a mebibyte end the connection; files live in other data centres | `files` |
//! | parts come short, references run out, disks are full | `download` |
//! | answers to what we send are lost | `upload` |
//! | the process is killed while files come and messages go | `kills` |
//! | Telegram demands waits; they are seen, held over a restart, and end | `waits` |
//! | one unknown constructor fails a whole page | `unknown` |
//! | pages overlap, move, end; ids, searches, topics and dialogs | `reading` |
//! | updates are lost: too slow a listener, a broken connection, a restart | `updates` |
//! | Telegram skips what is too long ago, and the library says nothing | `gaps` |
//! | peers without access hash, bulk peers, dialogs that move channels on | `people` |
//! | proxies and IPv6 | `routes` |
//! | everything at random, with two accounts | `soak` |
//! | logging in, every way there is | `login` |
//! | a profile shows what is played, whatever breaks | `profile` |
//! | a message and the bio say what plays, whatever breaks | `now_playing` |
//! | chats come into the archive whole | `capture` |
//! | every kind of message that the layer has | `worlds` |
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod breaks;
mod capture;
mod download;
mod files;
mod gaps;
mod keys;
mod kills;
mod login;
mod now_playing;
mod people;
mod profile;
mod reading;
mod routes;
mod silence;
mod soak;
mod support;
mod unknown;
mod updates;
mod upload;
mod waits;
mod worlds;

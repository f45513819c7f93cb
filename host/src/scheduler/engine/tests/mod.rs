mod once;
mod overlap;
mod progress;
mod recovery;
mod retries;
mod support;
mod time;
mod triggers;

mod overlap;
mod recovery;
mod retries;
mod support;
mod time;
mod triggers;

use std::time::Duration;

use secrecy::SecretString;

use super::Pacing;

/// What one account's client is told.
#[derive(Clone, Debug)]
pub struct ClientSettings {
    pub api_id: i32,
    /// `socks5://[user:password@]host:port`
    pub proxy: Option<SecretString>,
    pub ipv6: bool,
    pub pacing: Pacing,
    pub limits: Limits,
}

/// How long things may take. The defaults are right for the real Telegram; tests shorten them.
#[derive(Clone, Debug)]
pub struct Limits {
    /// One call, from sent to answered.
    pub call: Duration,
    /// A call that carries a part of a file.
    pub file: Duration,
    /// The answer to a ping, which costs Telegram nothing.
    pub ping: Duration,
    /// Between two pings of a connection.
    pub heartbeat: Duration,
    /// Between two questions of a listener whether Telegram has more than it pushed.
    pub look: Duration,
    /// How often a call is tried when connections break or Telegram has troubles.
    pub tries: u32,
    /// The pause before the second try; each further one is twice as long.
    pub first_pause: Duration,
    pub longest_pause: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            call: Duration::from_secs(30),
            file: Duration::from_secs(60),
            ping: Duration::from_secs(10),
            heartbeat: Duration::from_secs(30),
            look: Duration::from_secs(45),
            tries: 6,
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(30),
        }
    }
}

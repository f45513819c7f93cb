use std::time::SystemTime;

/// Every call that was made, and every one that nobody here knows.
#[derive(Debug, Default)]
pub struct Calls {
    made: Vec<CallMade>,
    unknown: Vec<String>,
}

/// A call, as it arrived.
#[derive(Clone, Debug)]
pub struct CallMade {
    /// As in the scheme: `messages.getHistory`.
    pub method: &'static str,
    /// Who was logged in with the key.
    pub user: Option<i64>,
    pub dc: i32,
    pub key_id: i64,
    /// A fault kept it from being done, or even refused.
    pub is_lost: bool,
    /// By the machine's clock.
    pub at: SystemTime,
}

impl Calls {
    pub fn made(&self) -> &[CallMade] {
        &self.made
    }

    /// How often a method was called and heard: done, or refused.
    pub fn count(&self, method: &str) -> usize {
        self.made.iter().filter(|call| call.method == method && !call.is_lost).count()
    }

    /// How often a method was called and kept from being done by a fault.
    pub fn lost(&self, method: &str) -> usize {
        self.made.iter().filter(|call| call.method == method && call.is_lost).count()
    }

    /// Calls that nobody here knows, by name.
    pub fn unknown(&self) -> &[String] {
        &self.unknown
    }

    /// Forgets what was made so far, for a fresh count. Unknown calls stay.
    pub fn clear(&mut self) {
        self.made.clear();
    }

    /// Forgives the unknown calls, for a test that makes them on purpose.
    pub fn forgive_unknown(&mut self) -> Vec<String> {
        std::mem::take(&mut self.unknown)
    }

    pub(crate) fn add(&mut self, call: CallMade) {
        self.made.push(call);
    }

    pub(crate) fn add_unknown(&mut self, name: String) {
        self.unknown.push(name);
    }
}

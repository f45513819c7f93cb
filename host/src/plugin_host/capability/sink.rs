//! Where a track backend's bytes go: given with the call, bounded, and written as they come.

use std::io::Write;

use tapedeck_bindings::capability::types::PluginError;

use crate::plugin_host::Failure;

/// The way out for one recording.
pub(crate) struct Outlet {
    out: Box<dyn Write + Send>,
    written: u64,
    most: u64,
    /// Once something could not be written, nothing after it counts.
    failure: Option<String>,
}

impl Outlet {
    pub(crate) fn new(out: Box<dyn Write + Send>, most: u64) -> Self {
        Self { out, written: 0, most, failure: None }
    }

    pub(crate) fn write(&mut self, content: &[u8]) -> Result<(), PluginError> {
        if let Some(failure) = &self.failure {
            return Err(PluginError::Permanent(failure.clone()));
        }
        let all = self.written.saturating_add(content.len() as u64);
        if all > self.most {
            self.failure = Some(format!("the recording is larger than {} bytes", self.most));
            return Err(PluginError::Exhausted(format!("{} bytes are the most that is taken", self.most)));
        }
        if let Err(error) = self.out.write_all(content) {
            let failure = format!("the recording cannot be written: {error}");
            self.failure = Some(failure.clone());
            return Err(PluginError::Permanent(failure));
        }
        self.written = all;
        Ok(())
    }

    /// How many bytes there are, once all are out of our hands.
    pub(crate) fn finish(mut self) -> Result<u64, Failure> {
        if let Some(what) = self.failure {
            return Err(Failure::Host { what });
        }
        let what = |error| Failure::Host { what: format!("the recording cannot be written: {error}") };
        self.out.flush().map_err(what)?;
        Ok(self.written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_much_is_refused_and_not_forgotten() {
        let mut outlet = Outlet::new(Box::new(Vec::new()), 5);
        outlet.write(b"12345").unwrap();
        assert!(matches!(outlet.write(b"6"), Err(PluginError::Exhausted(_))));
        assert!(matches!(outlet.write(b""), Err(PluginError::Permanent(_))));
        assert!(outlet.finish().unwrap_err().to_string().contains("larger than 5 bytes"));
    }

    #[test]
    fn what_was_written_is_counted() {
        let mut outlet = Outlet::new(Box::new(Vec::new()), 5);
        outlet.write(b"12").unwrap();
        outlet.write(b"345").unwrap();
        assert_eq!(outlet.finish().unwrap(), 5);
    }
}

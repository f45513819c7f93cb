//! Where a track backend's bytes go: given with the call, bounded, and written as they come.

use std::io::{Read as _, Write};

use tapedeck_bindings::capability::{
    sink::{self, Sink},
    types::PluginError,
};
use wasmtime::component::Resource;

use super::{permanent, scratch::refusal, temporary};
use crate::plugin_host::{Failure, store::HostState};

/// Of a file that is copied.
const CHUNK: usize = 64 * 1024;

/// The way out for one recording.
pub(crate) struct Outlet {
    out: Box<dyn Write + Send>,
    written: u64,
    most: u64,
    /// Once something could not be written, nothing after it counts.
    failure: Option<Fault>,
}

struct Fault {
    what: String,
    /// A disk may have room again; a recording that is too large stays so.
    is_temporary: bool,
}

impl Fault {
    fn told(&self) -> PluginError {
        if self.is_temporary { temporary(self.what.clone()) } else { permanent(self.what.clone()) }
    }
}

impl Outlet {
    pub(crate) fn new(out: Box<dyn Write + Send>, most: u64) -> Self {
        Self { out, written: 0, most, failure: None }
    }

    pub(crate) fn write(&mut self, content: &[u8]) -> Result<(), PluginError> {
        if let Some(failure) = &self.failure {
            return Err(failure.told());
        }
        let all = self.written.saturating_add(content.len() as u64);
        if all > self.most {
            let what = format!("the recording is larger than {} bytes", self.most);
            self.failure = Some(Fault { what, is_temporary: false });
            return Err(PluginError::Exhausted(format!("{} bytes are the most that is taken", self.most)));
        }
        if let Err(error) = self.out.write_all(content) {
            let what = format!("the recording cannot be written: {error}");
            let fault = self.failure.insert(Fault { what, is_temporary: true });
            return Err(fault.told());
        }
        self.written = all;
        Ok(())
    }

    /// How many bytes there are, once all are out of our hands.
    pub(crate) fn finish(mut self) -> Result<u64, Failure> {
        if let Some(Fault { what, .. }) = self.failure {
            return Err(Failure::Host { what });
        }
        let what = |error| Failure::Host { what: format!("the recording cannot be written: {error}") };
        self.out.flush().map_err(what)?;
        Ok(self.written)
    }
}

impl HostState {
    /// Each call has at most one, whatever number the plugin's handle has.
    fn outlet(&mut self) -> wasmtime::Result<&mut Outlet> {
        let outlet = self.capabilities.outlet.as_mut();
        outlet.ok_or_else(|| wasmtime::Error::msg("it writes into a sink outside the call that gave it"))
    }
}

impl sink::Host for HostState {}

impl sink::HostSink for HostState {
    fn write(&mut self, _: Resource<Sink>, content: Vec<u8>) -> wasmtime::Result<Result<(), PluginError>> {
        self.host_call()?;
        Ok(self.outlet()?.write(&content))
    }

    fn write_file(&mut self, _: Resource<Sink>, path: String) -> wasmtime::Result<Result<u64, PluginError>> {
        self.host_call()?;
        let mut file = match self.scratch()? {
            Ok((room, _)) => match room.open(&path) {
                Ok(file) => file,
                Err(fault) => return Ok(Err(refusal(&fault))),
            },
            Err(refused) => return Ok(Err(refused)),
        };
        let mut copied = 0;
        let mut chunk = vec![0; CHUNK];
        loop {
            // A long file must not outlast the call.
            self.budget.check()?;
            let length = match file.read(&mut chunk) {
                Ok(0) => return Ok(Ok(copied)),
                Ok(length) => length,
                Err(error) => return Ok(Err(permanent(format!("`{path}` cannot be read: {error}")))),
            };
            if let Err(refused) = self.outlet()?.write(&chunk[..length]) {
                return Ok(Err(refused));
            }
            copied += length as u64;
        }
    }

    fn drop(&mut self, _: Resource<Sink>) -> wasmtime::Result<()> {
        // The host takes it back itself.
        Ok(())
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

    /// A disk that is full for a moment, or only says so at the end.
    enum Full {
        Once(bool),
        AtTheEnd,
    }

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            match self {
                Self::Once(was_full) => match std::mem::replace(was_full, true) {
                    false => Err(std::io::ErrorKind::StorageFull.into()),
                    true => Ok(bytes.len()),
                },
                Self::AtTheEnd => Ok(bytes.len()),
            }
        }

        fn flush(&mut self) -> std::io::Result<()> {
            match self {
                Self::Once(_) => Ok(()),
                Self::AtTheEnd => Err(std::io::ErrorKind::StorageFull.into()),
            }
        }
    }

    #[test]
    fn disks_that_fail_leave_no_recording() {
        let mut outlet = Outlet::new(Box::new(Full::Once(false)), 5);
        for _ in 0..2 {
            let refused = outlet.write(b"1");
            assert!(
                matches!(refused, Err(PluginError::Temporary(_))),
                "a part is missing, and may fit later"
            );
        }
        assert!(matches!(outlet.finish(), Err(Failure::Host { .. })));
        let mut outlet = Outlet::new(Box::new(Full::AtTheEnd), 5);
        outlet.write(b"1").unwrap();
        assert!(matches!(outlet.finish(), Err(Failure::Host { .. })), "what was not flushed is not there");
    }
}

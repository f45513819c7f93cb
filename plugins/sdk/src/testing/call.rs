//! The functions of the contract, led to the host of the test that calls them.

/// The same names and types as the bindings'.
pub(crate) mod log {
    use crate::testing::host;

    pub(crate) fn write(level: u8, line: &str) {
        host::with_any(|host| host.log.push((level, line.to_owned())));
    }
}

pub(crate) mod kv {
    use crate::{Error, testing::host};

    pub(crate) fn load(key: &str) -> Result<Option<Vec<u8>>, Error> {
        host::with(|host| host.may_keep().map(|()| host.kept.get(key).cloned()))
    }

    pub(crate) fn store(key: &str, value: &[u8]) -> Result<(), Error> {
        host::with(|host| {
            host.may_keep()?;
            let others = host.kept.iter().filter(|(name, _)| *name != key);
            let used: usize = others.map(|(name, value)| name.len() + value.len()).sum();
            if (used + key.len() + value.len()) as u64 > host.wants.kv_bytes {
                return Err(Error::Exhausted("kv_bytes of WANTS is reached".to_owned()));
            }
            host.kept.insert(key.to_owned(), value.to_vec());
            Ok(())
        })
    }

    pub(crate) fn remove(key: &str) -> Result<bool, Error> {
        host::with(|host| host.may_keep().map(|()| host.kept.remove(key).is_some()))
    }

    pub(crate) fn names(prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<String>, Error> {
        host::with(|host| {
            host.may_keep()?;
            let names = host.kept.keys().filter(|key| key.starts_with(prefix));
            let rest = names.filter(|key| after.is_none_or(|after| key.as_str() > after));
            Ok(rest.take(limit as usize).cloned().collect())
        })
    }
}

pub(crate) mod http {
    use crate::{
        Error,
        http::{Request, Response},
        testing::host,
    };

    pub(crate) fn send(request: &Request) -> Result<Response, Error> {
        host::with(|host| {
            host.may_ask(request)?;
            host.requests.push(request.clone());
            host.next_answer(&format!("{} {}", request.method, request.url))
        })
    }

    pub(crate) fn download(request: &Request, path: &str) -> Result<Response, Error> {
        let mut response = send(request)?;
        if response.is_success() {
            super::scratch::write(path, &std::mem::take(&mut response.body))?;
        }
        Ok(response)
    }
}

pub(crate) mod run {
    use crate::{
        Error,
        run::{Command, Outcome},
        testing::host,
    };

    pub(crate) fn execute(command: &Command) -> Result<Outcome, Error> {
        let program = host::with(|host| {
            host.may_run(command)?;
            host.commands.push(command.clone());
            Ok::<_, Error>(host.programs.get(&command.program).cloned())
        })?;
        let Some(program) = program else {
            panic!("the test's host has no program {:?}: tell it with `Host::program`", command.program);
        };
        // The host is free meanwhile: a program writes into the scratch folder.
        program(command)
    }
}

pub(crate) mod scratch {
    use crate::{Error, scratch::Entry, testing::host};

    pub(crate) fn entries() -> Result<Vec<Entry>, Error> {
        host::with(|host| {
            host.may_write(0)?;
            let entries = host.files.iter();
            Ok(entries.map(|(path, file)| Entry { path: path.clone(), size: file.len() as u64 }).collect())
        })
    }

    pub(crate) fn read(path: &str, offset: u64, length: u32) -> Result<Vec<u8>, Error> {
        host::with(|host| {
            host.may_write(0)?;
            let file = host.files.get(path);
            let file = file.ok_or_else(|| Error::other("not-found", format!("there is no file {path:?}")))?;
            let from = usize::try_from(offset).unwrap_or(usize::MAX).min(file.len());
            Ok(file[from..file.len().min(from + length as usize)].to_vec())
        })
    }

    pub(crate) fn write(path: &str, content: &[u8]) -> Result<(), Error> {
        host::with(|host| {
            host.may_write(content.len())?;
            host.files.insert(path.to_owned(), content.to_vec());
            Ok(())
        })
    }

    pub(crate) fn append(path: &str, content: &[u8]) -> Result<(), Error> {
        host::with(|host| {
            host.may_write(content.len())?;
            host.files.entry(path.to_owned()).or_default().extend_from_slice(content);
            Ok(())
        })
    }

    pub(crate) fn remove(path: &str) -> Result<bool, Error> {
        host::with(|host| host.may_write(0).map(|()| host.files.remove(path).is_some()))
    }
}

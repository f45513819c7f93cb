//! What a language's standard library offers, and WASI behind it.

use std::{
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream, ToSocketAddrs},
    time::{Duration, Instant, SystemTime},
};

use super::{PluginError, tapedeck::plugin::types::Coded};
use crate::request::Request;

pub(super) fn knows(what: &str) -> bool {
    matches!(
        what,
        "environment"
            | "arguments"
            | "file"
            | "write-file"
            | "folder"
            | "connect"
            | "listen"
            | "look-up"
            | "sleep"
            | "time"
            | "random"
            | "stdin"
            | "stdout"
            | "stderr"
            | "exit"
            | "thread"
    )
}

#[expect(clippy::disallowed_methods, reason = "the tests ask what a plugin sees of the environment")]
pub(super) fn act(request: &Request<'_>) -> Result<String, PluginError> {
    let argument = request.argument;
    match request.what {
        "environment" => Ok(std::env::vars().map(|(name, value)| format!("{name}={value}\n")).collect()),
        "arguments" => Ok(std::env::args().collect::<Vec<_>>().join(" ")),
        "file" => fs::read_to_string(argument).map_err(failed),
        "write-file" => fs::write(argument, "x").map(|()| String::new()).map_err(failed),
        "folder" => fs::read_dir(argument).map(|entries| entries.count().to_string()).map_err(failed),
        "connect" => TcpStream::connect(argument).map(|_| "connected".to_owned()).map_err(failed),
        "listen" => TcpListener::bind(argument).map(|_| "listening".to_owned()).map_err(failed),
        "look-up" => argument.to_socket_addrs().map(|found| found.count().to_string()).map_err(failed),
        "sleep" => {
            std::thread::sleep(Duration::from_millis(request.number(1000)));
            Ok(String::new())
        }
        "time" => {
            let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            let _monotonic = Instant::now();
            Ok(since_1970.as_secs().to_string())
        }
        "random" => Ok(random()),
        "stdin" => {
            let mut read = String::new();
            std::io::stdin().read_to_string(&mut read).map(|_| read).map_err(failed)
        }
        "stdout" => writeln!(std::io::stdout(), "{argument}").map(|()| String::new()).map_err(failed),
        "stderr" => writeln!(std::io::stderr(), "{argument}").map(|()| String::new()).map_err(failed),
        "thread" => std::thread::Builder::new().spawn(|| ()).map(|_| "a thread".to_owned()).map_err(failed),
        _ => std::process::exit(i32::try_from(request.number(0)).unwrap_or(1)),
    }
}

/// The standard library's hash maps are seeded from the system.
fn random() -> String {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(1).to_string()
}

fn failed(error: std::io::Error) -> PluginError {
    PluginError::Other(Coded {
        code: format!("{:?}", error.kind()).to_lowercase(),
        message: error.to_string(),
    })
}

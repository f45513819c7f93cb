//! One call of every capability.

use super::{
    PluginError,
    tapedeck::plugin::{http, kv, log, run, scratch, settings, types::Coded},
};
use crate::request::Request;

pub(super) fn act(request: &Request<'_>) -> Result<String, PluginError> {
    let Request { what, argument } = *request;
    let (first, rest) = argument.split_once(' ').unwrap_or((argument, ""));
    match what {
        "log" => {
            log::write(first.parse().unwrap_or(3), rest);
            Ok(String::new())
        }
        "settings" => Ok(settings::get()),
        "kv-load" => kv::load(first).map(|value| value.map_or_else(|| "nothing".into(), text)),
        "kv-store" => kv::store(first, rest.as_bytes()).map(|()| String::new()),
        "kv-fill" => kv::store(first, &vec![b'x'; rest.parse().unwrap_or(0)]).map(|()| String::new()),
        "kv-remove" => kv::remove(first).map(|was_there| was_there.to_string()),
        "kv-names" => kv::names(first, None, 100).map(|names| names.join(" ")),
        "http" => http::send(&request_to(first, rest)).map(|response| shown(&response)),
        "http-body" => {
            let body = vec![b'x'; first.parse().unwrap_or(0)];
            http::send(&http::Request { body, ..request_to("POST", rest) }).map(|response| shown(&response))
        }
        "http-headers" => {
            let header = |number| http::Header { name: format!("x-{number}"), value: b"1".to_vec() };
            let headers = (0..first.parse().unwrap_or(0)).map(header).collect();
            http::send(&http::Request { headers, ..request_to("GET", rest) }).map(|response| shown(&response))
        }
        "http-as" => {
            let (name, url) = rest.split_once(' ').unwrap_or((rest, ""));
            let headers = vec![http::Header { name: name.to_owned(), value: first.as_bytes().to_vec() }];
            http::send(&http::Request { headers, ..request_to("GET", url) }).map(|response| shown(&response))
        }
        "download" => {
            let (path, url) = rest.split_once(' ').unwrap_or((rest, ""));
            http::download(&request_to(first, url), path).map(|response| shown(&response))
        }
        "run" => execute(first, rest),
        "scratch-write" => scratch::write(first, rest.as_bytes()).map(|()| String::new()),
        "scratch-append" => scratch::append(first, rest.as_bytes()).map(|()| String::new()),
        "scratch-fill" => {
            scratch::write(first, &vec![b'x'; rest.parse().unwrap_or(0)]).map(|()| String::new())
        }
        "scratch-read" => scratch::read(first, 0, 1 << 20).map(text),
        "scratch-remove" => scratch::remove(first).map(|was_there| was_there.to_string()),
        "scratch-entries" => scratch::entries().map(|entries| {
            let lines = entries.iter().map(|entry| format!("{} {}", entry.path, entry.size));
            lines.collect::<Vec<_>>().join("\n")
        }),
        _ => Err(PluginError::Other(Coded {
            code: "unknown-request".to_owned(),
            message: format!("the probe does not know {what:?}"),
        })),
    }
}

/// `METHOD` and `URL`; the body of anything but GET is `hello`.
fn request_to(method: &str, url: &str) -> http::Request {
    http::Request {
        method: method.to_owned(),
        url: url.to_owned(),
        headers: vec![http::Header { name: "x-probe".to_owned(), value: b"1".to_vec() }],
        body: if method == "GET" { Vec::new() } else { b"hello".to_vec() },
        timeout_ms: None,
        max_bytes: None,
        follow_redirects: true,
    }
}

/// Status, address, body.
fn shown(response: &http::Response) -> String {
    format!("{} {} {}", response.status, response.url, String::from_utf8_lossy(&response.body))
}

/// Splits the arguments at `|`, so that one of them may have spaces.
fn execute(program: &str, arguments: &str) -> Result<String, PluginError> {
    let arguments =
        if arguments.is_empty() { Vec::new() } else { arguments.split('|').map(str::to_owned).collect() };
    let outcome = run::execute(&run::Command {
        program: program.to_owned(),
        arguments,
        stdin: b"from the plugin".to_vec(),
        timeout_ms: None,
    })?;
    let code = outcome.code.map_or_else(|| "killed".to_owned(), |code| code.to_string());
    let cut = if outcome.is_cut { " cut" } else { "" };
    Ok(format!("{code}{cut} {} {}", text(outcome.stdout), text(outcome.stderr)))
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}

//! Questions to a simulated Telegram that runs, over the port that hands out keys.

use std::{io::Write as _, path::PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use tapedeck_sim::telegram::Servers;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

#[derive(Debug, Subcommand)]
pub(crate) enum Ask {
    /// Say which code a login was sent
    Code {
        #[command(flatten)]
        of: Running,
    },
    /// Accept a QR code, as the phone of the account would
    Scan {
        /// The link in the QR code, `tg://login?token=…`
        url: String,
        #[command(flatten)]
        of: Running,
    },
    /// List the chats of the account, as JSON
    Chats {
        #[command(flatten)]
        of: Running,
    },
    /// Print the messages of a chat, as JSON
    Messages {
        /// Id of the user, group or channel, as `chats` lists it
        chat: i64,
        #[command(flatten)]
        of: Running,
    },
    /// Let somebody say something in a chat
    Say {
        /// Id of the user, group or channel, as `chats` lists it
        chat: i64,
        text: String,
        #[command(flatten)]
        of: Running,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Running {
    /// The servers file of the one that runs
    #[arg(long, value_name = "FILE", default_value = "servers.json")]
    servers: PathBuf,
    /// The account that is meant. Default: the only one
    #[arg(long)]
    phone: Option<String>,
}

pub(crate) async fn run(ask: Ask) -> anyhow::Result<()> {
    let (of, path, mut body) = match ask {
        Ask::Code { of } => (of, "/code", json!({})),
        Ask::Scan { url, of } => (of, "/scan", json!({ "url": url })),
        Ask::Chats { of } => (of, "/chats", json!({})),
        Ask::Messages { chat, of } => (of, "/messages", json!({ "chat": chat })),
        Ask::Say { chat, text, of } => (of, "/say", json!({ "chat": chat, "text": text })),
    };
    body["phone"] = json!(of.phone);
    let answer = post(&of, path, body).await?;
    let text = match answer {
        Value::String(text) => text,
        value => serde_json::to_string_pretty(&value)?,
    };
    writeln!(std::io::stdout(), "{text}")?;
    Ok(())
}

async fn post(of: &Running, path: &str, body: Value) -> anyhow::Result<Value> {
    let file = of.servers.display();
    let servers = std::fs::read(&of.servers)
        .with_context(|| format!("cannot read {file}; `tapedeck-sim telegram --servers {file}` writes it"))?;
    let servers: Servers =
        serde_json::from_slice(&servers).with_context(|| format!("{file} names no servers"))?;
    let address = servers.keys_from.strip_prefix("http://").and_then(|rest| rest.split('/').next());
    let address =
        address.with_context(|| format!("{file}: `{}` is no address of keys", servers.keys_from))?;
    let mut stream = TcpStream::connect(address)
        .await
        .with_context(|| format!("nothing listens at {address}; does `tapedeck-sim telegram` still run?"))?;
    let body = body.to_string();
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").context("the answer was cut off")?;
    let value: Value = serde_json::from_str(body).unwrap_or_else(|_| Value::String(body.to_owned()));
    if !head.starts_with("HTTP/1.1 200") {
        bail!("{}", value.as_str().unwrap_or(head));
    }
    Ok(value)
}

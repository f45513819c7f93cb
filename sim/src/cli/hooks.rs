use std::{
    io::Write as _,
    net::SocketAddr,
    time::{Duration, UNIX_EPOCH},
};

use anyhow::Context as _;
use clap::Args;
use tapedeck_sim::{
    World,
    hooks::{self, Answer, Request, Signature},
};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Address and port to listen on
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Check Standard Webhooks signatures made with this secret
    #[arg(long)]
    secret: Option<String>,
    /// Status code of every answer
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(200..600))]
    status: u16,
    /// A header of every answer, such as `retry-after: 30`
    #[arg(long)]
    header: Vec<String>,
    /// Body of every answer
    #[arg(long, default_value = "")]
    body: String,
    /// Wait before each answer
    #[arg(long, default_value_t = 0)]
    delay_ms: u64,
    /// Never answer
    #[arg(long)]
    never: bool,
}

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let mut answer = if arguments.never { Answer::never() } else { Answer::status(arguments.status) };
    answer = answer.body(arguments.body).after(Duration::from_millis(arguments.delay_ms));
    for header in &arguments.header {
        let (name, value) = header
            .split_once(':')
            .with_context(|| format!("`{header}` is no header: write `name: value`"))?;
        answer = answer.header(name.trim(), value.trim());
    }
    let world = World::default();
    world.hooks(|hooks| {
        hooks.secret = arguments.secret;
        hooks.otherwise = Some(answer);
    });
    let listen = arguments.listen;
    let server = hooks::serve(&world, listen).await.with_context(|| format!("cannot listen on {listen}"))?;
    let mut out = std::io::stdout();
    writeln!(out, "Listening on {}", server.url("/"))?;
    loop {
        world.wait_for_hooks(|hooks| !hooks.requests.is_empty()).await;
        for request in world.hooks(|hooks| std::mem::take(&mut hooks.requests)) {
            print(&mut out, &request)?;
        }
    }
}

fn print(out: &mut impl std::io::Write, request: &Request) -> std::io::Result<()> {
    let at = request.at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let query = request.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
    writeln!(out, "\n{} {}{query}  (Unix time {at})", request.method, request.path)?;
    for (name, value) in &request.headers {
        writeln!(out, "  {name}: {value}")?;
    }
    match &request.signature {
        Signature::NotChecked => {}
        Signature::Valid => writeln!(out, "  (the signature is valid)")?,
        Signature::Wrong(why) => writeln!(out, "  (wrongly signed: {why})")?,
    }
    writeln!(out, "{}", request.text())?;
    out.flush()
}

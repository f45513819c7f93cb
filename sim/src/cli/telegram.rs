use std::{
    io::Write as _,
    path::PathBuf,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, bail};
use clap::Args;
use tapedeck_sim::{
    World,
    telegram::{
        Fault, Options, Password, Server, Telegram,
        make::{self, Drip, Plan, Recipe},
        serve,
    },
};

const TEACHES: &str = "\
It listens on loopback, one port per data centre, speaks real MTProto, and is full of people, chats and messages \
made from a seed: the same seed makes the same world. Clients need its addresses, and keys made beforehand: both \
are in the servers file, or found through it.

    tapedeck-sim telegram --servers servers.json

In Tapedeck's configuration, `[telegram] servers = \"servers.json\"`. Then, from another terminal:

    tapedeck login telegram --phone +34600000001      asks for a code
    tapedeck-sim code                                 says which
    tapedeck login telegram --qr                      shows a QR code and its link
    tapedeck-sim scan 'tg://login?token=...'          accepts it
    tapedeck-sim chats                                lists the chats
    tapedeck-sim say 1500000003 'Hello'               lets somebody say something there

All of them take --servers, and --phone where there are several accounts. What changes is forgotten when it ends. It fails in the end when a client called what \
it does not know, and says what.";

#[derive(Debug, Args)]
#[command(after_help = TEACHES)]
pub(crate) struct Arguments {
    /// Write how to connect into this file
    #[arg(long, value_name = "FILE", default_value = "servers.json")]
    servers: PathBuf,
    /// What the world is made from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Messages in all chats together, up to millions
    #[arg(long, default_value_t = 3_000)]
    messages: usize,
    #[arg(long, default_value_t = 30)]
    chats: usize,
    /// Make every kind of message there is, not only what ordinary people send
    #[arg(long)]
    everything: bool,
    /// Phone number of the account
    #[arg(long, default_value = "+34600000001")]
    phone: String,
    /// How many accounts there are: the others have the phone numbers that follow
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    accounts: u32,
    /// Ask for this password after the code
    #[arg(long)]
    password: Option<String>,
    /// Hint for the password
    #[arg(long, requires = "password")]
    hint: Option<String>,
    /// Let something happen so often: messages, edits, reactions
    #[arg(long, value_name = "PER_MINUTE")]
    drip: Option<u32>,
    /// Answer each call so much later
    #[arg(long, value_name = "MS")]
    latency: Option<u64>,
    /// Refuse a method once with a flood wait of so many seconds, such as `messages.getHistory=30`; `@5` behind it
    /// lets four calls pass before
    #[arg(long, value_name = "METHOD=SECONDS[@CALL]")]
    flood: Vec<String>,
    /// Listen on ::1 too
    #[arg(long)]
    ipv6: bool,
}

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let recipe = Recipe {
        seed: arguments.seed,
        messages: arguments.messages,
        chats: arguments.chats,
        everything: arguments.everything,
        until: i32::try_from(now).unwrap_or(i32::MAX),
        phone: arguments.phone.clone(),
        ..Recipe::default()
    };
    let floods =
        arguments.flood.iter().map(|flood| parse_flood(flood)).collect::<anyhow::Result<Vec<_>>>()?;
    let world = World::default();
    let (plan, others) = world.telegram(|t| {
        let plan = make::fill(t, &recipe);
        let others = make::add_accounts(t, &plan, arguments.accounts - 1);
        set_up(t, &plan, &arguments, floods);
        (plan, others)
    });
    let options = Options { ipv6: arguments.ipv6, home: recipe.home_dc, ..Options::default() };
    let server = serve(&world, options).await.context("cannot listen on loopback")?;
    if let Some(milliseconds) = arguments.latency {
        world.telegram(|t| {
            let latency = Duration::from_millis(milliseconds);
            t.faults.latency = t.data_centers.iter().map(|dc| (dc.id, latency)).collect();
        });
    }
    write_servers(&server, &arguments.servers)?;
    say_how(&plan, &others, &arguments)?;
    tokio::select! {
        () = live(&world, plan, arguments.drip) => {}
        ended = tokio::signal::ctrl_c() => ended.context("cannot wait for Ctrl-C")?,
    }
    world.finish().context("some calls were not answered as Telegram would")
}

fn set_up(t: &mut Telegram, plan: &Plan, arguments: &Arguments, floods: Vec<Fault>) {
    if let Some(account) = t.account(plan.me()) {
        let hint = arguments.hint.as_deref();
        account.password = arguments.password.as_deref().map(|password| Password::new(password, hint));
    }
    for flood in floods {
        t.faults.add(flood);
    }
}

fn parse_flood(text: &str) -> anyhow::Result<Fault> {
    let (method, wait) = text.split_once('=').unwrap_or((text, ""));
    let (seconds, call) = wait.split_once('@').unwrap_or((wait, "1"));
    let (Ok(seconds), Ok(call)) = (seconds.parse(), call.parse()) else {
        bail!("`{text}` is no flood: write `messages.getHistory=30`, or `messages.getHistory=30@5`");
    };
    // It lives as long as the program.
    let method: &'static str = method.to_owned().leak();
    Ok(Fault::flood(seconds).on(method).at_call(call))
}

fn write_servers(server: &Server, path: &std::path::Path) -> anyhow::Result<()> {
    let text =
        serde_json::to_string_pretty(server.servers()).context("the servers cannot be written down")?;
    std::fs::write(path, text + "\n").with_context(|| format!("cannot write {}", path.display()))
}

fn say_how(plan: &Plan, others: &[String], arguments: &Arguments) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    let file = arguments.servers.display();
    let password = arguments.password.as_deref().unwrap_or("none");
    writeln!(out, "A simulated Telegram listens until Ctrl-C.\n")?;
    writeln!(
        out,
        "  world     {} messages in {} chats, seed {}",
        plan.messages(),
        plan.chats.len(),
        arguments.seed
    )?;
    writeln!(out, "  servers   {file}")?;
    writeln!(out, "  phone     {}", arguments.phone)?;
    for other in others {
        writeln!(out, "            {other}")?;
    }
    writeln!(out, "  code      tapedeck-sim code --servers {file}")?;
    writeln!(out, "  password  {password}")?;
    writeln!(out, "  QR        tapedeck-sim scan 'tg://login?token=…' --servers {file}")?;
    out.flush()?;
    Ok(())
}

async fn live(world: &World, plan: std::sync::Arc<Plan>, per_minute: Option<u32>) {
    match per_minute.and_then(|rate| Duration::from_secs(60).checked_div(rate)) {
        Some(every) => Drip::new(plan).run(world, every).await,
        None => std::future::pending().await,
    }
}

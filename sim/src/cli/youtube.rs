use std::{io::Write as _, net::SocketAddr, path::PathBuf};

use anyhow::Context as _;
use clap::Args;
use tapedeck_sim::{
    World,
    youtube::{Recording, serve},
};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Address and port to listen on
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// What is there: a list of recordings as JSON. Default: some famous songs, with versions of them that nobody wants
    #[arg(long, value_name = "FILE")]
    recordings: Option<PathBuf>,
    /// Write its address into this file
    #[arg(long, value_name = "FILE")]
    address: Option<PathBuf>,
}

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let recordings = match &arguments.recordings {
        Some(file) => {
            let text = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
            serde_json::from_slice(&text)
                .with_context(|| format!("{} is no list of recordings", file.display()))?
        }
        None => famous(),
    };
    let world = World::default();
    world.youtube(|youtube| recordings.into_iter().for_each(|it| drop(youtube.add(it))));
    let listen = arguments.listen;
    let server = serve(&world, listen).await.with_context(|| format!("cannot listen on {listen}"))?;
    let mut out = std::io::stdout();
    writeln!(out, "search_url = {:?}\nwatch_url = {:?}", server.url(), server.watch_url())?;
    if let Some(file) = &arguments.address {
        std::fs::write(file, server.url()).with_context(|| format!("cannot write {}", file.display()))?;
    }
    tokio::signal::ctrl_c().await.context("cannot hear of signals")?;
    world.finish().context("somebody asked for what it does not know")
}

fn famous() -> Vec<Recording> {
    let song = Recording::song;
    vec![
        song("Hello", "Adele", "25", 295),
        song("Hello", "Lionel Richie", "Can't Slow Down", 251),
        Recording::upload("Adele - Hello (Karaoke Version)", "Sing King", 296),
        Recording {
            isrc: Some("USUG11904206".into()),
            ..song("Blinding Lights", "The Weeknd", "After Hours", 200)
        },
        Recording::upload("The Weeknd - Blinding Lights (slowed + reverb)", "Chill Vibes", 208),
        song("Bohemian Rhapsody", "Queen", "A Night at the Opera", 354),
        song("Bohemian Rhapsody (Live at Wembley)", "Queen", "Live at Wembley", 349),
        song("Africa", "TOTO", "Toto IV", 295),
        song("Take On Me", "a-ha", "Hunting High and Low", 225),
        song("Группа крови", "Кино", "Группа крови", 285),
    ]
}

use std::{
    io::{BufRead as _, Write as _},
    net::SocketAddr,
    time::Duration,
};

use anyhow::{Context as _, bail};
use clap::Args;
use tapedeck_sim::{
    World,
    spotify::{Action, Consent, Episode, Item, Local, Repeat, Song, Spotify, serve},
};
use tokio::sync::mpsc;

const TEACHES: &str = "\
It prints what Tapedeck's configuration needs to speak to it, and plays songs over and over. A login shows a page \
that asks whose it is. What is typed here happens to the player:

    play Artist - Title = 180      that song now; seconds are optional
    next Artist - Title = 180      after this one
    episode Show - Title = 1800    a podcast
    local Artist - Title = 180     a file of the listener's own
    ad 30                          an advertisement, now
    pause, resume, skip, stop      stop: the device is gone
    seek 60                        to that second
    device Phone                   another device goes on after three seconds
    private on, private off
    limit 86400                    429, with that Retry-After
    premium on, premium off        whether the application's owner has it
    revoke                         all logins end

What changes is forgotten when it ends. It fails in the end when it was asked what it does not know, or too early.";

#[derive(Debug, Args)]
#[command(after_help = TEACHES)]
pub(crate) struct Arguments {
    /// Address and port to listen on
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// A song to play, such as `Artist - Title = 180`; ten others when none is given
    #[arg(long, value_name = "SONG")]
    song: Vec<String>,
    /// Let everybody in without asking
    #[arg(long)]
    agree: bool,
}

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let mut songs: Vec<Item> =
        arguments.song.iter().map(|text| song(text).map(Item::from)).collect::<anyhow::Result<_>>()?;
    if songs.is_empty() {
        songs = (1..=10).map(|number| Song::numbered(number, 30).into()).collect();
    }
    let world = World::default();
    world.spotify(|s| {
        s.consent = if arguments.agree { Consent::Agrees } else { Consent::Asked };
        s.act(Action::Repeat(Repeat::All));
        s.play(songs);
    });
    let listen = arguments.listen;
    let server = serve(&world, listen).await.with_context(|| format!("cannot listen on {listen}"))?;
    let mut out = std::io::stdout();
    writeln!(out, "A simulated Spotify listens until Ctrl-C. In config.toml:\n")?;
    writeln!(out, "[spotify]\nclient_id = \"{}\"", Spotify::CLIENT)?;
    writeln!(out, "api_url = \"{}\"\naccounts_url = \"{}\"\n", server.api_url(), server.accounts_url())?;
    out.flush()?;
    let mut lines = read_lines();
    loop {
        tokio::select! {
            ended = tokio::signal::ctrl_c() => break ended.context("cannot wait for Ctrl-C")?,
            // Without a terminal it just goes on.
            Some(line) = lines.recv() => match obey(&world, &line) {
                Ok(()) => writeln!(out, "{}", now(&world))?,
                Err(error) => writeln!(out, "{error:#}")?,
            },
        }
    }
    world.finish().context("it was not asked as the real one wants it")
}

fn read_lines() -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(16);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

fn obey(world: &World, line: &str) -> anyhow::Result<()> {
    let (word, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
    let rest = rest.trim();
    let seconds =
        || rest.parse::<u64>().map(Duration::from_secs).with_context(|| format!("`{rest}` is no number"));
    let action = match word {
        "" => return Ok(()),
        "play" => Action::Play(vec![song(rest)?.into()]),
        "next" => Action::Next(song(rest)?.into()),
        "episode" => {
            let (show, title, length) = words(rest)?;
            Action::Play(vec![Item::Episode(Episode::new(&show, &title, length))])
        }
        "local" => {
            let (artist, title, length) = words(rest)?;
            Action::Play(vec![Item::Local(Local::new(&artist, &title, length))])
        }
        "ad" => {
            let item = Item::Ad(seconds()?);
            world.spotify(|s| s.act(Action::Next(item)));
            Action::Skip
        }
        "pause" => Action::Pause,
        "resume" => Action::Resume,
        "skip" => Action::Skip,
        "stop" => Action::Stop,
        "seek" => Action::Seek(seconds()?),
        "device" => Action::HandOver { to: rest.to_owned(), gap: Duration::from_secs(3) },
        "private" => Action::Private(rest == "on"),
        "limit" => {
            let length = seconds()?.as_secs();
            world.spotify(|s| s.rate_limit(length));
            return Ok(());
        }
        "premium" => {
            world.spotify(|s| s.apps.values_mut().for_each(|app| app.is_premium = rest == "on"));
            return Ok(());
        }
        "revoke" => {
            world.spotify(Spotify::revoke_all);
            return Ok(());
        }
        _ => bail!("`{word}` is not known: --help lists what is"),
    };
    world.spotify(|s| s.act(action));
    Ok(())
}

fn song(text: &str) -> anyhow::Result<Song> {
    let (artist, title, seconds) = words(text)?;
    Ok(Song::new(&artist, &title, seconds))
}

/// `Artist - Title = 180`
fn words(text: &str) -> anyhow::Result<(String, String, u64)> {
    let (names, seconds) = match text.rsplit_once('=') {
        Some((names, seconds)) => {
            (names, seconds.trim().parse().with_context(|| format!("`{seconds}` is no number of seconds"))?)
        }
        None => (text, 180),
    };
    let (artist, title) = names
        .split_once(" - ")
        .with_context(|| format!("`{names}` is no song: write `Artist - Title = 180`"))?;
    Ok((artist.trim().to_owned(), title.trim().to_owned(), seconds))
}

fn now(world: &World) -> String {
    world.spotify(|s| match s.player().current() {
        Some((item, progress, is_playing)) => {
            let name = match item {
                Item::Song(song) => format!("{} - {}", song.artists.join(", "), song.title),
                Item::Episode(episode) => format!("{} - {}", episode.show, episode.title),
                Item::Local(local) => format!("{} - {}", local.artist, local.title),
                Item::Ad(_) => "an advertisement".into(),
                Item::Unknown(_) => "something unknown".into(),
            };
            let how = if is_playing { "plays" } else { "is paused" };
            format!("{name} {how} at {} of {} s", progress.as_secs(), item.duration().as_secs())
        }
        None => "nothing plays".into(),
    })
}

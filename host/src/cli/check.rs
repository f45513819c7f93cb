use std::collections::BTreeMap;

use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};

use super::{Cell, Context, Failure, Paint};
use crate::{
    app::{self, CheckedPlugin, Lack, Surroundings},
    config::{Config, JobSection, Loaded, Severity, Source, load, load_listing_all},
    jobs::{self, JobTools},
    model::{JobName, PluginState, PluginView},
    plugin_host::Complaint,
    scheduler::{Preview, preview},
};

/// How many of a job's next fires are shown.
const FIRES: usize = 5;

/// Check the configuration without starting anything
///
/// Lists every problem at once, each with its line and what to do about it. When there is none, shows
/// where each setting that is not a default comes from, and when each job runs next. Plugins with a table are
/// started for a moment, granted nothing, to hear whether they take their settings.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  tapedeck check
  tapedeck check --config /etc/tapedeck/config.toml --all
  tapedeck check --json | jq '.problems[].message'

Ends with 0 when the configuration can be used (there may be warnings), with 2 when it cannot.")]
pub(super) struct Args {
    /// Show the settings that have their defaults too
    #[arg(long, short)]
    all: bool,
}

pub(super) async fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let sources = context.sources();
    let read = if args.all { load_listing_all } else { load };
    let mut loaded = read(&sources, &jobs::vocabulary());
    refuse_impossible_jobs(&mut loaded, context)?;
    let plugins = look_at_plugins(&mut loaded, context).await?;
    look_at_lacks(&mut loaded, context).await?;
    if !args.all {
        loaded.values.retain(|value| value.source != Source::Default);
    }
    let schedule = loaded.config.as_ref().map(|config| schedule(config, context)).unwrap_or_default();
    match context.is_json() {
        true => context.output.json(&document(&loaded, &schedule, &plugins))?,
        false => print(&loaded, &schedule, &plugins, context)?,
    }
    verdict(&loaded)
}

/// Some mistakes only a job's own kind can see: it builds the job, and nobody runs it.
pub(super) fn refuse_impossible_jobs(loaded: &mut Loaded, context: &Context) -> anyhow::Result<()> {
    let Some(config) = &loaded.config else { return Ok(()) };
    let version = env!("CARGO_PKG_VERSION");
    let tools = JobTools {
        accounts: None,
        spotify: None,
        plugins: None,
        music: None,
        archive: None,
        capture: config.capture.clone(),
        sweeps: Default::default(),
        media: None,
        backends: config.backends.clone(),
        http: jobs::build_client(version)?,
        clock: context.clock.clone(),
        base_folder: context.sources().folder(),
        version,
        private_variables: std::sync::Arc::default(),
    };
    if let Err(bad) = jobs::plan(&config.jobs, &tools) {
        bad.into_iter().for_each(|bad| loaded.refuse_job(&bad.job, format!("{:#}", bad.error)));
    }
    Ok(())
}

/// Whether tables of plugins fit the files that they mean is only known from those: from outside, and from
/// what they say to their settings.
async fn look_at_plugins(loaded: &mut Loaded, context: &Context) -> anyhow::Result<Vec<PluginView>> {
    let Some(config) = loaded.config.clone() else { return Ok(Vec::new()) };
    let mut views = Vec::new();
    let mut files = BTreeMap::new();
    for CheckedPlugin { view, complaints } in app::check_plugins(&config, context.program()) {
        for Complaint { part, is_error, message, fix } in complaints {
            let severity = if is_error { Severity::Error } else { Severity::Warning };
            loaded.note_plugin(&view.name, &part, severity, message, Some(fix));
        }
        if let (PluginState::Found, Some(file)) = (&view.state, &view.file) {
            files.insert(view.name.clone(), file.clone());
        }
        views.push(view);
    }
    let clock = context.clock.clone();
    for (name, reason) in app::rehearse_plugins(&config, context.program(), &files, clock).await? {
        let fix = format!("`tapedeck plugins inspect {}` lists its settings.", files[&name].display());
        loaded.note_plugin(&name, "", Severity::Error, reason, Some(fix));
    }
    Ok(views)
}

/// What settings lean on, and is not there.
async fn look_at_lacks(loaded: &mut Loaded, context: &Context) -> anyhow::Result<()> {
    let Some(config) = &loaded.config else { return Ok(()) };
    let sources = context.sources();
    let around = Surroundings {
        program: context.program(),
        search: sources.environment.get("PATH"),
        folder: &sources.folder(),
        clock: &context.clock,
    };
    for Lack { key, message, fix } in app::what_is_lacking(config, around).await? {
        loaded.warn_of(&key, message, fix);
    }
    Ok(())
}

/// The error that the process ends with.
pub(super) fn verdict(loaded: &Loaded) -> anyhow::Result<()> {
    let errors = loaded.problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    match errors {
        0 => Ok(()),
        1 => Err(Failure::usage(format!("{} has an error", loaded.path.display())).into()),
        count => Err(Failure::usage(format!("{} has {count} errors", loaded.path.display())).into()),
    }
}

struct Scheduled<'a> {
    name: &'a JobName,
    section: &'a JobSection,
    preview: Preview,
}

fn schedule<'a>(config: &'a Config, context: &Context) -> Vec<Scheduled<'a>> {
    let named = config.scheduler.timezone.as_deref();
    let zone = named.and_then(|name| TimeZone::get(name).ok()).unwrap_or_else(TimeZone::system);
    let scheduled = |(name, section): (&'a JobName, &'a JobSection)| {
        // A valid configuration has triggers that can be read.
        let preview = preview(&section.policy, &zone, context.now(), FIRES).ok()?;
        Some(Scheduled { name, section, preview })
    };
    config.jobs.iter().filter_map(scheduled).collect()
}

fn document(loaded: &Loaded, schedule: &[Scheduled<'_>], plugins: &[PluginView]) -> Value {
    let jobs: Vec<Value> = schedule
        .iter()
        .map(|job| {
            json!({
                "name": job.name,
                "kind": job.section.kind,
                "enabled": job.section.policy.enabled,
                "timezone": job.preview.zone.iana_name(),
                "triggers": job.preview.triggers,
                "next_fires": job.preview.fires,
            })
        })
        .collect();
    json!({
        "path": loaded.path,
        "has_file": loaded.has_file,
        "ok": loaded.config.is_some(),
        "problems": loaded.problems,
        "values": loaded.values,
        "variables": loaded.answers,
        "jobs": jobs,
        "plugins": plugins,
    })
}

fn print(
    loaded: &Loaded,
    schedule: &[Scheduled<'_>],
    plugins: &[PluginView],
    context: &Context,
) -> anyhow::Result<()> {
    let output = &context.output;
    for problem in &loaded.problems {
        let line = problem.to_string();
        let (word, paint) = match problem.severity {
            Severity::Error => ("error", Paint::Bad),
            Severity::Warning => ("warning", Paint::Busy),
        };
        output.line(line.replacen(
            &format!(": {word}: "),
            &format!(": {}: ", output.paint(paint, word)),
            1,
        ))?;
    }
    if loaded.config.is_none() {
        return Ok(());
    }
    let file = loaded.path.display();
    match loaded.has_file {
        true => output.line(format!("{} {file}", output.paint(Paint::Good, "ok")))?,
        false => output.line(format!("There is no {file}: every setting has its default."))?,
    }
    values(loaded, context)?;
    answers(loaded, context)?;
    schedule.iter().try_for_each(|job| print_job(job, context))?;
    plugins.iter().try_for_each(|plugin| print_plugin(plugin, context))
}

fn print_plugin(plugin: &PluginView, context: &Context) -> anyhow::Result<()> {
    let output = &context.output;
    let kinds: Vec<_> = plugin.kinds.iter().map(ToString::to_string).collect();
    let what = [kinds.join(", "), plugin.version.clone().unwrap_or_default()].join(" ");
    let what = if what.trim().is_empty() { "no file yet" } else { what.trim() };
    output.line("")?;
    output.line(format!("{} (plugin, {what})", output.paint(Paint::Strong, plugin.name.as_str())))?;
    if let Some(file) = &plugin.file {
        output.line(format!("  {}", file.display()))?;
    }
    for it in &plugin.capabilities {
        let granted = match (it.is_granted, &it.given) {
            (true, None) => "granted".to_owned(),
            (true, Some(given)) => format!("granted as {given}"),
            (false, None) => "not granted".to_owned(),
            (false, Some(given)) => format!("granted in part, as {given}"),
        };
        output.line(format!("  asks for {}={}: {granted}", it.capability, it.what))?;
    }
    Ok(())
}

/// Settings as rows: key, value, where it came from.
pub(super) fn values(loaded: &Loaded, context: &Context) -> anyhow::Result<()> {
    if loaded.values.is_empty() {
        return Ok(());
    }
    let rows = loaded.values.iter().map(|value| {
        let source = value.source.to_string();
        vec![value.key.clone().into(), plain(&value.value).into(), Cell::painted(Paint::Faint, source)]
    });
    context.output.line("")?;
    context.output.table(&["setting", "value", "from"], rows.collect())
}

/// Variables of a replaced tool that set nothing.
fn answers(loaded: &Loaded, context: &Context) -> anyhow::Result<()> {
    if loaded.answers.is_empty() {
        return Ok(());
    }
    let rows = loaded.answers.iter().map(|answer| vec![answer.variable.clone().into(), answer.says.into()]);
    context.output.line("")?;
    context.output.table(&["variable", "sets nothing here"], rows.collect())
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => "(not set)".into(),
        value => value.to_string(),
    }
}

fn print_job(job: &Scheduled<'_>, context: &Context) -> anyhow::Result<()> {
    let output = &context.output;
    let Scheduled { name, section, preview } = job;
    let state = if section.policy.enabled { "" } else { ", disabled" };
    output.line("")?;
    output.line(format!("{} ({}{state})", output.paint(Paint::Strong, name.as_str()), section.kind))?;
    if preview.triggers.is_empty() {
        output.line("  only by hand, or when another job's failure starts it")?;
    }
    let has_time = section.policy.cron.is_some() || section.policy.every.is_some();
    for trigger in &preview.triggers {
        output.line(format!("  {trigger}"))?;
    }
    if has_time && preview.fires.is_empty() {
        output.line("  there is no further fire")?;
    }
    preview
        .fires
        .iter()
        .try_for_each(|fire| output.line(format!("    {}", moment(*fire, &preview.zone, context))))
}

/// "Sat 2026-11-21 09:00:00 CET (in 3 min)": the job's zone, which is what its author thinks in.
fn moment(at: Timestamp, zone: &TimeZone, context: &Context) -> String {
    let local = at.to_zoned(zone.clone()).strftime("%a %Y-%m-%d %H:%M:%S %Z");
    format!("{local} ({})", context.relative(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Exit;

    fn checked(text: &str, options: &[&str], args: &Args) -> (Option<Exit>, String) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        std::fs::write(&file, text).unwrap();
        let options = [&["--config", file.to_str().unwrap()], options].concat();
        let context = Context::for_tests(&options);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let exit = runtime
            .block_on(run(args, &context))
            .err()
            .map(|error| error.downcast::<Failure>().unwrap().exit);
        (exit, context.output.written().replace(&format!("{}/", folder.path().display()), ""))
    }

    const GOOD: &str = "[server]\nlisten = \"127.0.0.1:9000\"\n[scheduler]\ntimezone = \"Europe/Madrid\"\n\
        [jobs.tick]\nkind = \"command\"\nprogram = \"true\"\nevery = \"1h\"\nenvironment = { TOKEN = \"hidden\" }\n\
        [jobs.later]\nkind = \"command\"\nprogram = \"true\"\nafter = [\"tick\"]\nenabled = false\n";

    #[test]
    fn shows_sources_and_next_fires() {
        let (exit, said) = checked(GOOD, &[], &Args { all: false });
        assert_eq!(exit, None, "{said}");
        insta::assert_snapshot!(said, @r#"
    ok config.toml

    SETTING                      VALUE             FROM
    jobs.later.after             ["tick"]          config.toml:13
    jobs.later.enabled           false             config.toml:14
    jobs.later.kind              "command"         config.toml:11
    jobs.later.program           "true"            config.toml:12
    jobs.tick.environment.TOKEN  "•••"             config.toml:9
    jobs.tick.every              "1h"              config.toml:8
    jobs.tick.kind               "command"         config.toml:6
    jobs.tick.program            "true"            config.toml:7
    scheduler.timezone           "Europe/Madrid"   config.toml:4
    server.listen                "127.0.0.1:9000"  config.toml:2

    later (command, disabled)
      after tick has succeeded

    tick (command)
      every 1h
        Thu 2026-01-01 14:00:00 CET (in 1 h 0 min)
        Thu 2026-01-01 15:00:00 CET (in 2 h 0 min)
        Thu 2026-01-01 16:00:00 CET (in 3 h 0 min)
        Thu 2026-01-01 17:00:00 CET (in 4 h 0 min)
        Thu 2026-01-01 18:00:00 CET (in 5 h 0 min)
    "#);
    }

    #[test]
    fn shows_defaults_when_asked() {
        let (_, said) = checked(GOOD, &[], &Args { all: true });
        assert!(said.contains("history.keep_runs") && said.contains("jobs.tick.retry.times"), "{said}");
        assert!(!said.contains("hidden"), "{said}");
    }

    #[test]
    fn lists_problems_and_fails() {
        let text = "[jobs.a]\nkind = \"command\"\n[jobs.b]\nkind = \"comand\"\ncron = \"x\"\n";
        let (exit, said) = checked(text, &[], &Args { all: false });
        assert_eq!(exit, Some(Exit::Usage));
        insta::assert_snapshot!(said, @r#"
    config.toml:1:7: error: jobs.a: `program` is missing. Add `program`: a text in quotes.
    config.toml:4:8: error: jobs.b.kind: `comand` is not known here. Did you mean `command`?
    config.toml:5:8: error: jobs.b.cron: the cron expression has 1 of its five fields: write minute, hour, day of month, month and day of week, with `*` for every. Write, for example, "0 */6 * * *" or "@daily".
    "#);
    }

    #[test]
    fn asks_the_kind_about_its_settings() {
        let text = "[jobs.a]\nkind = \"webhook\"\nurl = \"not an address\"\n";
        let (exit, said) = checked(text, &[], &Args { all: false });
        assert_eq!(exit, Some(Exit::Usage));
        insta::assert_snapshot!(said, @"config.toml:2: error: jobs.a: `url` is not a whole address: relative URL without a base");
    }

    #[test]
    fn plugins_are_asked_about_their_settings() {
        use crate::plugin_host::guest::{DATA, Guest};
        let said = "`word` is too short: write at least two letters";
        let place = u32::try_from(DATA).unwrap() + 12;
        let mut answer = [1, place, said.len() as u32].map(u32::to_le_bytes).concat();
        answer.extend(said.bytes());
        let guest = Guest::plugin("words", "1.0.0", "chat-filter")
            .data(answer)
            .does("tapedeck:plugin/chat-filter@1.0.0#configure", |_| {
                vec![wasm_encoder::Instruction::I32Const(DATA)]
            });
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("words.wasm"), guest.component()).unwrap();
        let file = folder.path().join("words.wasm");
        let text = format!("[log]\nlevel = \"info\"\n[plugins.words]\nfile = \"{}\"\n", file.display());
        let (exit, printed) = checked(&text, &[], &Args { all: false });
        assert_eq!(exit, Some(Exit::Usage), "{printed}");
        assert!(
            printed.contains(&format!("error: plugins.words: it refuses its settings: {said}")),
            "{printed}"
        );
        let off = format!("{text}enabled = false\n");
        assert_eq!(checked(&off, &[], &Args { all: false }).0, None, "it is not even started");
    }

    #[test]
    fn jobs_about_music_say_what_they_lack() {
        let text = "[jobs.hear]\nkind = \"player\"\nat_start = true\n\
            [jobs.show]\nkind = \"profile-music\"\non = [\"track-started\"]\nbackends = [\"mine\", \"spotdl\"]\n\
            [backends.mine]\nkind = \"files\"\nfolder = \".\"\n";
        let (exit, said) = checked(text, &[], &Args { all: false });
        assert_eq!(exit, None, "{said}");
        let warnings: Vec<&str> = said.lines().filter(|line| line.contains(": warning: ")).collect();
        insta::assert_snapshot!(warnings.join("\n"), @r#"
        config.toml:2: warning: jobs.hear.kind: it asks Spotify what plays, as no application. Make one on https://developer.spotify.com/dashboard and write `client_id` into [spotify], or leave it to scrobblers: `sources = ["listenbrainz"]` in [player].
        config.toml:5: warning: jobs.show.kind: nobody is logged in to Telegram as `main`. Run `tapedeck login telegram --account main`.
        config.toml:7: warning: jobs.show.backends: there is neither a plugin nor a table [backends.spotdl]. `tapedeck plugins list` shows the plugins that are there.
        "#);
        let off =
            text.replace("at_start = true", "enabled = false").replace("on = [", "enabled = false\non = [");
        let (_, said) = checked(&off, &[], &Args { all: false });
        assert!(!said.contains(": warning: "), "{said}");
        let client = format!("{text}[spotify]\nclient_id = \"0123456789abcdef0123456789abcdef\"\n");
        let (_, said) = checked(&client, &[], &Args { all: false });
        assert!(said.contains("nobody is logged in there. Run `tapedeck login spotify`"), "{said}");
        let scrobblers = format!("{text}[player]\nsources = [\"listenbrainz\"]\n");
        let (_, said) = checked(&scrobblers, &[], &Args { all: false });
        assert!(!said.contains("asks Spotify"), "{said}");
    }

    #[test]
    fn json_is_one_document() {
        let (exit, said) = checked(GOOD, &["--json"], &Args { all: false });
        assert_eq!(exit, None);
        let said: Value = serde_json::from_str(&said).unwrap();
        assert_eq!(said["jobs"][1]["next_fires"][0], "2026-01-01T13:00:00Z");
        let every = said["values"].as_array().unwrap().iter().find(|value| value["key"] == "jobs.tick.every");
        assert_eq!(every.unwrap()["source"], "config.toml:8");
        let (exit, said) = checked("[logg]", &["--json"], &Args { all: false });
        assert_eq!(exit, Some(Exit::Usage));
        let said: Value = serde_json::from_str(&said).unwrap();
        assert_eq!((&said["ok"], &said["problems"][0]["line"]), (&json!(false), &json!(1)));
    }
}

//! What every command gets to work with; built once, from the arguments and the environment.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::{Timestamp, tz::TimeZone};

use super::{Failure, Global, Output, when};
use crate::{
    clock::{SharedClock, SystemClock},
    config::{self, Config, Environment, Loaded, Places, Sources},
    jobs,
    state::State,
};

#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) output: Output,
    pub(crate) clock: SharedClock,
    /// The zone that people read times in.
    pub(crate) zone: TimeZone,
    pub(crate) environment: Environment,
    /// Named by `--config` or `TAPEDECK_CONFIG`.
    config_path: Option<PathBuf>,
    /// A daemon somewhere else.
    pub(super) url: Option<String>,
    pub(super) token: Option<String>,
    /// The running program's own file.
    program: Option<PathBuf>,
    verbosity: i8,
}

impl Context {
    pub(super) fn new(global: &Global, environment: Environment, output: Output) -> Self {
        let variable = |name| environment.get(name).filter(|value| !value.is_empty());
        let text = |name| variable(name).and_then(|value| value.to_str()).map(str::to_owned);
        Self {
            config_path: global.config.clone().or_else(|| variable("TAPEDECK_CONFIG").map(PathBuf::from)),
            url: global.url.clone().or_else(|| text("TAPEDECK_URL")),
            token: global.token.clone().or_else(|| text("TAPEDECK_TOKEN")),
            verbosity: if global.quiet { -1 } else { i8::try_from(global.verbose).unwrap_or(i8::MAX) },
            program: std::env::current_exe().ok(),
            output,
            clock: Arc::new(SystemClock),
            zone: TimeZone::system(),
            environment,
        }
    }

    /// Whether the output is for programs.
    pub(crate) fn is_json(&self) -> bool {
        self.output.is_json()
    }

    pub(crate) fn sources(&self) -> Sources {
        Sources::new(self.config_path.clone(), self.environment.clone())
    }

    /// The configuration as it is, with its problems.
    pub(crate) fn load(&self) -> Loaded {
        config::load(&self.sources(), &jobs::vocabulary())
    }

    /// The plugins that came with the program lie near it.
    pub(super) fn program(&self) -> Option<&Path> {
        self.program.as_deref()
    }

    /// Where the daemon is, however broken the rest of the configuration.
    pub(super) fn places(&self) -> Places {
        config::load_places(&self.sources())
    }

    /// The configuration, when nothing is wrong with it; otherwise every problem has been said.
    pub(crate) fn config(&self) -> anyhow::Result<Config> {
        let loaded = self.load();
        let errors = loaded.problems.iter().filter(|problem| problem.severity == config::Severity::Error);
        let count = errors.inspect(|problem| self.output.error_line(&problem.to_string())).count();
        loaded.config.ok_or_else(|| {
            let problems = if count == 1 { "a problem".to_owned() } else { format!("{count} problems") };
            Failure::usage(format!("the configuration {} has {problems}", loaded.path.display()))
                .fix("correct what is listed above; `tapedeck check` shows where every value comes from")
                .into()
        })
    }

    /// The state of the daemon that does not run. A folder that had none is mentioned: after a
    /// change of `data.folder` it may not be the one that was meant.
    pub(super) fn open_state(&self, folder: &Path) -> anyhow::Result<State> {
        let is_new = !State::exists(folder);
        let state = State::open(folder)?;
        if is_new {
            self.output.note(format!("there was no state yet: made one in {}", folder.display()));
        }
        Ok(state)
    }

    /// The filter of the daemon's own log: `-v` and `-q` win over the configuration.
    pub(crate) fn log_filter(&self, configured: &str) -> String {
        match self.verbosity {
            ..0 => "warn".into(),
            0 => configured.to_owned(),
            1 => "info,tapedeck=debug".into(),
            2.. => "trace".into(),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// "2026-11-21 09:00:00 (in 3 min)"
    pub(crate) fn time(&self, at: Timestamp) -> String {
        format!("{} ({})", self.local(at), self.relative(at))
    }

    /// In the reader's zone.
    pub(crate) fn local(&self, at: Timestamp) -> String {
        when::local(at, &self.zone)
    }

    /// The end of a pause: "14:03:20 (212 s)", with its day when that is another one.
    pub(crate) fn pause(&self, until: Timestamp) -> String {
        when::pause(until, self.now(), &self.zone)
    }

    /// "in 3 min", "5 min ago"
    pub(crate) fn relative(&self, at: Timestamp) -> String {
        when::relative(at, self.now())
    }
}

#[cfg(test)]
impl Context {
    /// With the global options in `arguments`, a clock at 2026-01-01T12:00:00Z, and captured output.
    pub(crate) fn for_tests(arguments: &[&str]) -> Self {
        #[derive(Debug, clap::Parser)]
        struct Only {
            #[command(flatten)]
            global: Global,
        }
        let arguments = std::iter::once("tapedeck").chain(arguments.iter().copied());
        let global = <Only as clap::Parser>::try_parse_from(arguments).unwrap().global;
        let output = Output::captured(global.json, global.quiet);
        let now = "2026-01-01T12:00:00Z".parse().unwrap();
        Self {
            clock: crate::clock::ManualClock::at(now),
            zone: TimeZone::UTC,
            // What was built beside the tests must not decide them.
            program: None,
            ..Self::new(&global, Environment::default(), output)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_win_over_the_environment() {
        let environment: Environment =
            [("TAPEDECK_URL", "http://a"), ("TAPEDECK_CONFIG", "/b.toml")].into_iter().collect();
        let global = Global { url: Some("http://c".into()), ..Global::default() };
        let context = Context::new(&global, environment, Output::captured(false, false));
        assert_eq!(context.url.as_deref(), Some("http://c"));
        assert_eq!(context.sources().file, PathBuf::from("/b.toml"));
        assert!(context.sources().is_file_required);
    }

    #[test]
    fn bad_configuration_lists_every_problem() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        std::fs::write(&file, "[server]\nlisten = 3\n[logg]\n").unwrap();
        let context = Context::for_tests(&["--config", file.to_str().unwrap()]);
        let error = context.config().unwrap_err();
        assert_eq!(error.downcast::<Failure>().unwrap().exit, crate::cli::Exit::Usage);
        let said = context.output.said();
        assert!(said.contains("server.listen") && said.contains("logg"), "{said}");
    }

    #[test]
    fn new_state_is_mentioned_once() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("data");
        let context = Context::for_tests(&[]);
        drop(context.open_state(&folder).unwrap());
        let said = format!("there was no state yet: made one in {}\n", folder.display());
        assert_eq!(context.output.said(), said);
        drop(context.open_state(&folder).unwrap());
        assert_eq!(context.output.said(), said);
    }

    #[test]
    fn verbosity_wins_over_configuration() {
        assert_eq!(Context::for_tests(&[]).log_filter("error"), "error");
        assert_eq!(Context::for_tests(&["-q"]).log_filter("info"), "warn");
        assert_eq!(Context::for_tests(&["-vv"]).log_filter("info"), "trace");
    }
}

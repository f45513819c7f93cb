//! What settings lack outside the configuration to do what they are for. Most of it is told when jobs run; who
//! only writes a configuration hears it here.

mod backends;
mod music;
mod plugins;

use std::{ffi::OsStr, path::Path};

use crate::{
    clock::SharedClock,
    config::Config,
    model::{JobName, PluginView},
    state::State,
};
use plugins::Plugins;

/// Something that is lacking. It can be mended without changing the setting, so it is no error.
#[derive(Debug, PartialEq, Eq)]
pub struct Lack {
    /// The setting that it is about, such as `jobs.show.backends`.
    pub key: String,
    pub message: String,
    pub fix: String,
}

/// What is around a configuration.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// The running program's own file.
    pub program: Option<&'a Path>,
    /// The folders of programs (`PATH`).
    pub search: Option<&'a OsStr>,
    /// Relative paths in settings count from here.
    pub folder: &'a Path,
    pub clock: &'a SharedClock,
}

/// Who is logged in, and what is granted, is only known while no daemon runs.
pub async fn what_is_lacking(config: &Config, around: Surroundings<'_>) -> anyhow::Result<Vec<Lack>> {
    let mut lacks = Lacks::default();
    music::look(config, &mut lacks);
    backends::look(config, around, &mut lacks);
    if !music::is_about_it(config) && !plugins::are_named(config) {
        return Ok(lacks.list);
    }
    let views = {
        let folder = &config.data.folder;
        let state = match State::exists(folder) {
            // A daemon has it.
            true => State::open(folder).ok().map(Some),
            false => Some(None),
        };
        let views = super::plugins::views(config, around.program, state.as_ref().and_then(Option::as_ref));
        // When the state cannot be read, it is not known which plugins there are.
        let views: Option<Vec<PluginView>> = views.ok();
        let plugins = views.as_deref().map(|views| Plugins::new(config, views));
        let state = state.as_ref().map(Option::as_ref);
        music::look_around(config, state, plugins.as_ref(), around.search, &mut lacks);
        if let Some(plugins) = &plugins {
            plugins::look_at_filters(config, plugins, &mut lacks);
        }
        views
    };
    if let Some(views) = views {
        plugins::look_at_formats(config, &Plugins::new(config, &views), around, &mut lacks).await?;
    }
    Ok(lacks.list)
}

#[derive(Default)]
struct Lacks {
    list: Vec<Lack>,
}

impl Lacks {
    fn tell(&mut self, key: impl Into<String>, message: impl Into<String>, fix: impl Into<String>) {
        self.list.push(Lack { key: key.into(), message: message.into(), fix: fix.into() });
    }
}

fn of_job(job: &JobName, part: &str) -> String {
    format!("jobs.{job}.{part}")
}

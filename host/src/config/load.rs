//! Reads every layer, checks the whole, reports all problems at once.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value as Json};

use super::{
    Config, EffectiveValue, JobSection, PluginSection, Problem, Source, Sources, Vocabulary,
    answers::Answer,
    archive_variables, check, env, file, music_variables,
    node::{Node, join},
    overrides,
    problem::{Problems, Severity},
    relations::{self, Job},
    secrets,
    shape::{self, Shapes, TableShape},
    telegram_variables,
    values::{self, Defaults},
    watch::{self, Fingerprint},
};
use crate::model::{JobName, PluginName, Policy};

/// What came out of reading the configuration.
#[derive(Debug)]
pub struct Loaded {
    /// `None` when there is any error.
    pub config: Option<Config>,
    /// Errors and warnings, in the order of the file.
    pub problems: Vec<Problem>,
    /// Every setting outside jobs, and what is set in jobs; secrets are masked.
    pub values: Vec<EffectiveValue>,
    pub path: PathBuf,
    /// Whether there is a file at `path`; without one everything has its default.
    pub has_file: bool,
    /// Variables of replaced tools that set nothing here, and what takes their place.
    pub answers: Vec<Answer>,
    /// What the file was like just before it was read.
    pub fingerprint: Fingerprint,
}

impl Loaded {
    /// For what only the job's own kind can see: adds an error at the job, and takes the
    /// configuration back.
    pub fn refuse_job(&mut self, job: &JobName, message: impl Into<String>) {
        let key = join("jobs", job.as_str());
        let problem = self.problem_at(&key, &join(&key, "kind"), message);
        self.problems.push(problem);
        self.config = None;
    }

    /// For what only a plugin's file can tell. `part` is the key in its table, such as
    /// `settings.words`. An error takes the configuration back.
    pub fn note_plugin(
        &mut self,
        plugin: &PluginName,
        part: &str,
        severity: Severity,
        message: impl Into<String>,
        fix: Option<String>,
    ) {
        let table = join("plugins", plugin.as_str());
        let key = if part.is_empty() { table.clone() } else { format!("{table}.{part}") };
        let problem = Problem { severity, fix, ..self.problem_at(&key, &key, message) };
        self.problems.push(problem);
        if severity == Severity::Error {
            self.config = None;
        }
    }

    /// For what something lacks outside the configuration: a warning at this setting.
    pub fn warn_of(&mut self, key: &str, message: impl Into<String>, fix: String) {
        let problem = self.problem_at(key, key, message);
        self.problems.push(Problem { severity: Severity::Warning, fix: Some(fix), ..problem });
    }

    /// About `key`, at the line of `place` or of what is nearest to it above or below.
    fn problem_at(&self, key: &str, place: &str, message: impl Into<String>) -> Problem {
        let mut problem = Problem::in_file(&self.path.display().to_string(), message).key(key);
        match self.source_near(place) {
            Some(Source::File { line, .. }) => problem.line = Some(*line),
            Some(Source::Override(name)) => problem.file = name.to_string(),
            _ => {}
        }
        problem
    }

    fn source_near(&self, place: &str) -> Option<&Source> {
        let mut place = place;
        loop {
            let is_near = |key: &str| {
                key.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
            };
            let set = self.values.iter().filter(|value| value.source != Source::Default);
            if let Some(value) = set.into_iter().find(|value| is_near(&value.key)) {
                return Some(&value.source);
            }
            // Never above the table itself: `plugins.a`.
            place =
                place.rsplit_once(['.', '[']).map(|(above, _)| above).filter(|above| above.contains('.'))?;
        }
    }

    pub fn has_errors(&self) -> bool {
        self.problems.iter().any(|problem| problem.severity == Severity::Error)
    }
}

pub fn load(sources: &Sources, vocabulary: &Vocabulary) -> Loaded {
    load_with(sources, vocabulary, Defaults::ListedOutsideJobs)
}

/// Like [`load`], and the list of values has the jobs' defaults too.
pub fn load_listing_all(sources: &Sources, vocabulary: &Vocabulary) -> Loaded {
    load_with(sources, vocabulary, Defaults::Listed)
}

fn load_with(sources: &Sources, vocabulary: &Vocabulary, defaults: Defaults) -> Loaded {
    let Shapes { root, job } = shape::read(vocabulary);
    let mut problems = Problems::default();
    let mut tree = env::defaults(&sources.environment, &mut problems);
    let mut loaded = Loaded {
        config: None,
        problems: Vec::new(),
        values: Vec::new(),
        path: sources.file.clone(),
        has_file: false,
        answers: Vec::new(),
        fingerprint: watch::content(&sources.file),
    };
    let name = file::name(sources);
    match file::read(sources) {
        Ok(node) => {
            loaded.has_file = node.is_some();
            telegram_variables::proxy(&sources.environment, node.as_ref(), &mut tree, &mut problems);
            music_variables::defaults(&sources.environment, node.as_ref(), &mut tree, &mut problems);
            loaded.answers =
                archive_variables::defaults(&sources.environment, node.as_ref(), &mut tree, &mut problems);
            loaded.answers.extend(telegram_variables::unread(&sources.environment));
            loaded.answers.sort_by(|one, other| one.variable.cmp(&other.variable));
            node.into_iter().for_each(|node| tree.lay_over(node));
        }
        // What the rest would say about a file that was not read is noise.
        Err(found) => {
            found.into_iter().for_each(|problem| problems.push(problem));
            loaded.problems = problems.into_sorted(&name);
            return loaded;
        }
    }
    problems.append(overrides::apply(&sources.environment, &root, &mut tree));
    problems.append(check::check(&tree, &root, vocabulary));
    let (found, mut private_variables) = secrets::resolve(&mut tree, &root, sources);
    problems.append(found);
    private_variables.extend(env::private(&sources.environment));
    let jobs = jobs(&tree, &job);
    problems.append(relations::check(&tree, &jobs, &problems));
    let config = build(&tree, &job, jobs, sources, &mut problems);
    let config = config.map(|config| Config { private_variables, ..config });
    loaded.config = config.filter(|_| !problems.has_errors());
    loaded.values = values::list(&tree, &root, defaults);
    loaded.problems = problems.into_sorted(&name);
    loaded
}

/// What can be read of each job's common keys; the walk has reported the others.
fn jobs<'t>(tree: &'t Node, common: &TableShape) -> Vec<Job<'t>> {
    let mut jobs = Vec::new();
    for (name, node) in tree.get("jobs").and_then(Node::as_table).into_iter().flatten() {
        let (Some(table), Ok(name)) = (node.as_table(), name.parse::<JobName>()) else { continue };
        let keys = table.iter().filter(|(key, _)| common.keys.contains_key(*key) && *key != "kind");
        let keys: Map<String, Json> = keys.map(|(key, node)| (key.clone(), node.reveal())).collect();
        let (policy, fault) = policy(keys);
        jobs.push(Job { name, policy, fault, node });
    }
    jobs
}

/// The policy, without the keys that cannot be read, and why.
fn policy(keys: Map<String, Json>) -> (Policy, Option<String>) {
    let read = |keys: Map<String, Json>| Policy::deserialize(Json::Object(keys));
    match read(keys.clone()) {
        Ok(policy) => (policy, None),
        Err(error) => {
            let is_right =
                |(key, value): &(String, Json)| read(Map::from_iter([(key.clone(), value.clone())])).is_ok();
            let rest = read(keys.into_iter().filter(is_right).collect());
            (rest.unwrap_or_default(), Some(error.to_string()))
        }
    }
}

fn build(
    tree: &Node,
    common: &TableShape,
    jobs: Vec<Job<'_>>,
    sources: &Sources,
    problems: &mut Problems,
) -> Option<Config> {
    if problems.has_errors() {
        return None;
    }
    let mut config = Config {
        data: section(tree, "data", problems)?,
        archive: section(tree, "archive", problems)?,
        server: section(tree, "server", problems)?,
        auth: section(tree, "auth", problems)?,
        log: section(tree, "log", problems)?,
        history: section(tree, "history", problems)?,
        scheduler: section(tree, "scheduler", problems)?,
        telegram: section(tree, "telegram", problems)?,
        spotify: section(tree, "spotify", problems)?,
        player: section(tree, "player", problems)?,
        capture: section(tree, "capture", problems)?,
        plugin_host: section(tree, "plugin_host", problems)?,
        plugins: plugins(tree, problems)?,
        backends: section(tree, "backends", problems)?,
        jobs: BTreeMap::new(),
        private_variables: BTreeSet::new(),
    };
    // The walk explains every mistake that it knows; this is for those that it does not.
    for job in &jobs {
        if let Some(fault) = &job.fault {
            problems.push(Problem::at_key(job.node, &join("jobs", job.name.as_str()), fault));
        }
    }
    config.data.folder = sources.folder().join(&config.data.folder);
    config.archive.folder = config.archive.folder.take().map(|folder| sources.folder().join(folder));
    for plugin in config.plugins.values_mut() {
        plugin.file = plugin.file.take().map(|file| plugin_file(&sources.folder(), file));
    }
    config.jobs = jobs.into_iter().map(|job| (job.name.clone(), job_section(job, common))).collect();
    Some(config)
}

fn section<T: DeserializeOwned + Default>(tree: &Node, name: &str, problems: &mut Problems) -> Option<T> {
    let Some(node) = tree.get(name) else { return Some(T::default()) };
    T::deserialize(node.reveal())
        .map_err(|error| problems.push(Problem::at_key(node, name, error.to_string())))
        .ok()
}

fn plugins(tree: &Node, problems: &mut Problems) -> Option<BTreeMap<PluginName, PluginSection>> {
    let mut plugins: BTreeMap<PluginName, PluginSection> = section(tree, "plugins", problems)?;
    for (name, plugin) in &mut plugins {
        let settings = tree.get("plugins").and_then(|all| all.get(name.as_str())?.get("settings"));
        if let Some(Json::Object(shown)) = settings.map(Node::redact) {
            plugin.shown_settings = shown;
        }
    }
    Some(plugins)
}

/// A name alone is looked for in the folders of plugins; a path counts from the folder of the file.
fn plugin_file(folder: &Path, file: PathBuf) -> PathBuf {
    let is_name = file.components().count() == 1 && !file.is_absolute();
    if is_name { file } else { folder.join(file) }
}

fn job_section(job: Job<'_>, common: &TableShape) -> JobSection {
    let own = |json: Json| match json {
        Json::Object(map) => map.into_iter().filter(|(key, _)| !common.keys.contains_key(key)).collect(),
        other => other,
    };
    JobSection {
        kind: job.node.get("kind").and_then(Node::as_text).unwrap_or_default().to_owned(),
        settings: own(job.node.reveal()),
        shown_settings: own(job.node.redact()),
        policy: job.policy,
    }
}

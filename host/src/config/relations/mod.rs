//! Rules that one value alone cannot break: between the keys of a job, and between jobs.

mod archive;
mod backends;
mod plugins;
mod spotify;
mod telegram;

use std::collections::{BTreeMap, BTreeSet};

use secrecy::ExposeSecret as _;

use super::{
    node::{Node, Value, join},
    problem::{Problem, Problems},
    suggest,
};
use crate::model::{JobName, Missed, Overlap, PasswordLimits, Period, Policy};

pub(super) struct Job<'t> {
    pub(super) name: JobName,
    /// Without the keys that could not be read.
    pub(super) policy: Policy,
    /// Why some could not.
    pub(super) fault: Option<String>,
    pub(super) node: &'t Node,
}

/// `known` is what has been found so far.
pub(super) fn check(tree: &Node, jobs: &[Job<'_>], known: &Problems) -> Problems {
    let mut problems = Problems::default();
    sign_in(tree, known, &mut problems);
    archive::check(tree, known, &mut problems);
    telegram::check(tree, known, &mut problems);
    spotify::check(tree, known, &mut problems);
    plugins::check(tree, &mut problems);
    backends::check(tree, &mut problems);
    for job in jobs {
        let mut rules = Rules { path: join("jobs", job.name.as_str()), job, problems: &mut problems };
        rules.lengths();
        // A key that could not be read may be the one that others need.
        if job.fault.is_none() {
            rules.without_effect();
        }
    }
    waits(tree, jobs, &mut problems);
    problems
}

fn sign_in(tree: &Node, known: &Problems, problems: &mut Problems) {
    let Some(auth) = tree.get("auth") else { return };
    let mut without = |key: &str, other: &str| {
        if let (Some(node), None) = (auth.get(key), auth.get(other)) {
            let message = format!("`{key}` is given without `{other}`");
            let fix = format!("Add `{other}`, or remove both and use `tapedeck user add`.");
            problems.push(Problem::at_key(node, &join("auth", key), message).fix(fix));
        }
    };
    without("username", "password");
    without("password", "username");
    // A password that could not be read has no length.
    if !known.has_any_at("auth.password")
        && let Some(node) = auth.get("password")
        && let Value::Secret(password) = &node.value
    {
        let limits = password_fault(password.expose_secret());
        if let Some((message, fix)) = limits {
            problems.push(Problem::at(node, "auth.password", message).fix(fix));
        }
    }
    if let Some(node) = auth.get("session_lifetime")
        && node
            .as_text()
            .and_then(|text| text.parse::<Period>().ok())
            .is_some_and(|p| p < Period::from_secs(60))
    {
        let problem = Problem::at(node, "auth.session_lifetime", "sessions would end while people use them");
        problems.push(problem.fix("Write at least \"1m\"."));
    }
}

/// The limits that `tapedeck user add` has too.
fn password_fault(password: &str) -> Option<(&'static str, String)> {
    let (shortest, longest) = (PasswordLimits::SHORTEST, PasswordLimits::LONGEST);
    if password.is_empty() {
        Some(("the password is empty", format!("Use at least {shortest} characters.")))
    } else if PasswordLimits::is_too_short(password) {
        Some(("the password is too short", format!("Use at least {shortest} characters.")))
    } else if PasswordLimits::is_too_long(password) {
        Some(("the password is too long", format!("Use at most {longest} bytes.")))
    } else {
        None
    }
}

struct Rules<'a, 't> {
    path: String,
    job: &'a Job<'t>,
    problems: &'a mut Problems,
}

impl Rules<'_, '_> {
    fn lengths(&mut self) {
        let policy = &self.job.policy;
        if policy.every.is_some_and(|every| every < Period::from_secs(1)) {
            self.error("every", "the interval is shorter than a second", "Write at least \"1s\".");
        }
        if policy.timeout.is_some_and(Period::is_zero) {
            self.error("timeout", "no run could ever succeed", "Leave it out when there is no limit.");
        }
        if policy.overlap == Overlap::Queue && policy.queue_limit == 0 {
            self.error("queue_limit", "nothing can wait", "Write at least 1, or use `overlap = \"skip\"`.");
        }
        if policy.retry.first_delay > policy.retry.max_delay {
            let fix = "Raise `max_delay`, or lower `first_delay`.";
            self.warn("retry", "`first_delay` is longer than `max_delay`, which wins", fix);
        }
        if policy.every.is_some_and(|every| policy.jitter >= every) {
            self.warn("jitter", "the delay can be longer than the interval `every`", "Choose a shorter one.");
        }
    }

    fn without_effect(&mut self) {
        let policy = &self.job.policy;
        let has_schedule = policy.cron.is_some() || policy.every.is_some();
        if policy.cron.is_none() {
            self.warn("timezone", "it has no effect without `cron`", "Remove it, or add `cron`.");
        }
        if !has_schedule {
            for key in ["missed", "missed_window", "missed_limit"] {
                self.warn(key, "it has no effect without `cron` or `every`", "Remove it.");
            }
        } else if policy.missed != Missed::All {
            self.warn(
                "missed_limit",
                "it has no effect without `missed = \"all\"`",
                "Remove it, or add that.",
            );
        } else if policy.missed_limit == 0 {
            self.warn(
                "missed_limit",
                "missed fires are only recorded",
                "Write `missed = \"skip\"` to say so.",
            );
        }
        if has_schedule && policy.missed != Missed::Skip && policy.missed_window.is_zero() {
            self.warn(
                "missed_window",
                "missed fires are only recorded",
                "Write `missed = \"skip\"` to say so.",
            );
        }
        if policy.overlap != Overlap::Queue {
            self.warn(
                "queue_limit",
                "it has no effect without `overlap = \"queue\"`",
                "Remove it, or add that.",
            );
        }
        if policy.retry.times == 0 && policy.retry != crate::model::Retry::default() {
            self.warn("retry", "the pauses have no effect without `times`", "Add `times = 3`, for example.");
        }
    }

    fn error(&mut self, key: &str, message: &str, fix: &str) {
        let node = self.job.node.get(key).unwrap_or(self.job.node);
        self.problems.push(Problem::at(node, &join(&self.path, key), message).fix(fix));
    }

    /// Only about keys that somebody wrote.
    fn warn(&mut self, key: &str, message: &str, fix: &str) {
        if let Some(node) = self.job.node.get(key) {
            self.problems
                .push(Problem::at_key(node, &join(&self.path, key), message).fix(fix).into_warning());
        }
    }
}

/// `after` and `on_failure`: jobs that exist, and no circles.
fn waits(tree: &Node, jobs: &[Job<'_>], problems: &mut Problems) {
    let names: Vec<&str> = tree
        .get("jobs")
        .and_then(Node::as_table)
        .into_iter()
        .flatten()
        .map(|(name, _)| name.as_str())
        .collect();
    let known: BTreeSet<&str> = names.iter().copied().collect();
    let disabled: BTreeSet<&str> =
        jobs.iter().filter(|job| !job.policy.enabled).map(|job| job.name.as_str()).collect();
    for job in jobs {
        for key in ["after", "on_failure"] {
            let path = join(&join("jobs", job.name.as_str()), key);
            for node in entries(job.node, key) {
                let Some(other) = node.as_text() else { continue };
                if !known.contains(other) {
                    let fix = suggest::did_you_mean(other, names.iter().copied());
                    problems.push(Problem::at(node, &path, format!("there is no job `{other}`")).fix(fix));
                } else if other == job.name.as_str() {
                    let (message, fix) = match key {
                        "after" => ("the job waits for itself", "Remove it: `every` or `cron` repeat a job."),
                        _ => {
                            ("the job would start itself when it fails", "Use `retry` for further attempts.")
                        }
                    };
                    problems.push(Problem::at(node, &path, message).fix(fix));
                } else if disabled.contains(other) {
                    let message = format!("`{other}` is disabled and never runs");
                    let fix = format!("Set `enabled = true` in [jobs.{other}], or remove this.");
                    problems.push(Problem::at(node, &path, message).fix(fix).into_warning());
                }
            }
        }
    }
    circles(jobs, problems);
}

fn entries<'t>(job: &'t Node, key: &str) -> &'t [Node] {
    match job.get(key).map(|node| &node.value) {
        Some(Value::List(entries)) => entries,
        _ => &[],
    }
}

/// Follows "starts": a job starts those that wait for it, and those of its `on_failure`.
fn circles(jobs: &[Job<'_>], problems: &mut Problems) {
    let mut starts: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for job in jobs {
        let name = job.name.as_str();
        let later = job.policy.on_failure.iter().map(JobName::as_str).filter(|other| *other != name);
        starts.entry(name).or_default().extend(later);
        for before in job.policy.after.iter().map(JobName::as_str).filter(|other| *other != name) {
            starts.entry(before).or_default().insert(name);
        }
    }
    for circle in find_circles(&starts) {
        let Some(job) = jobs.iter().find(|job| job.name.as_str() == circle[0]) else { continue };
        let find = |key: &'static str, other: Option<&&str>| {
            let node = entries(job.node, key).iter().find(|node| node.as_text() == other.copied())?;
            Some((key, node))
        };
        let after = find("after", circle.last());
        let failure = || find("on_failure", circle.get(1));
        let (key, node) = after.or_else(failure).unwrap_or(("after", job.node));
        let message = format!("jobs start each other in a circle: {} -> {}", circle.join(" -> "), circle[0]);
        let fix = "Remove one of these `after` or `on_failure` entries.";
        problems.push(Problem::at(node, &join(&join("jobs", circle[0]), key), message).fix(fix));
    }
}

/// Depth first with an own stack: a chain of ten thousand jobs must not overflow ours.
fn find_circles<'a>(starts: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> Vec<Vec<&'a str>> {
    let mut circles = Vec::new();
    let mut done: BTreeSet<&str> = BTreeSet::new();
    for root in starts.keys() {
        let mut trail: Vec<&str> = Vec::new();
        let mut on_trail: BTreeSet<&str> = BTreeSet::new();
        let mut stack = vec![(*root, false)];
        while let Some((name, is_left)) = stack.pop() {
            if is_left {
                trail.pop();
                on_trail.remove(name);
                done.insert(name);
                continue;
            }
            if on_trail.contains(name) {
                let from = trail.iter().position(|visited| *visited == name).unwrap_or(0);
                circles.push(trail[from..].to_vec());
                continue;
            }
            if done.contains(name) {
                continue;
            }
            trail.push(name);
            on_trail.insert(name);
            stack.push((name, true));
            stack.extend(starts.get(name).into_iter().flatten().map(|next| (*next, false)));
        }
    }
    circles
}

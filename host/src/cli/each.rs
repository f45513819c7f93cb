//! The same done to several things: all are tried, and one failure is a failure.

use serde::Serialize;

use super::{Context, Exit, Failure};

/// `what` they are, in the plural; `done` says what has become of one.
pub(super) async fn each<N, V: Serialize>(
    names: &[N],
    what: &str,
    context: &Context,
    done: impl Fn(&V) -> String,
    ask: impl AsyncFn(&N) -> anyhow::Result<V>,
) -> anyhow::Result<()> {
    let mut changed = Vec::new();
    let mut failures = Vec::new();
    for name in names {
        match ask(name).await {
            Ok(view) => changed.push(view),
            Err(error) => failures.push(error),
        }
    }
    if context.is_json() {
        context.output.json(&changed)?;
    } else {
        changed.iter().for_each(|view| context.output.note(done(view)));
    }
    first_of(failures, names.len(), what)
}

/// What to say of what went wrong with some of `all` things.
pub(super) fn first_of(failures: Vec<anyhow::Error>, all: usize, what: &str) -> anyhow::Result<()> {
    let count = failures.len();
    match failures.into_iter().next() {
        None => Ok(()),
        Some(first) if count == 1 => Err(first),
        Some(first) => {
            let exit = first.downcast_ref::<Failure>().map_or(Exit::Failed, |failure| failure.exit);
            let text = format!("{count} of {all} {what} cannot be changed");
            Err(Failure::new(exit, text).caused_by(first).into())
        }
    }
}

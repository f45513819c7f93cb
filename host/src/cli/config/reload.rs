use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    cli::{Context, Failure, client::Client},
    config::{Problem, Severity},
};

/// What of the daemon's report matters here.
#[derive(Debug, Deserialize, Serialize)]
struct Report {
    state: String,
    path: Option<String>,
    #[serde(default)]
    problems: Vec<Problem>,
}

pub(super) async fn run(context: &Context) -> anyhow::Result<()> {
    let client = Client::need(context).await?;
    let report: Report = client.post(&["config", "reload"], &json!({})).await?;
    if context.is_json() {
        context.output.json(&report)?;
    } else {
        report.problems.iter().for_each(|problem| context.output.note(problem));
    }
    if report.problems.iter().any(|problem| problem.severity == Severity::Error) {
        return Err(Failure::usage("the configuration has errors; the last good one stays in force")
            .fix("correct what is listed above")
            .into());
    }
    context.output.note("the configuration is in force");
    Ok(())
}

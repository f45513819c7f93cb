use super::{RunOrJob, has_no_run, latest_run};
use crate::{
    cli::{
        Context, Exit, Failure,
        client::Client,
        follow::{self, Lines},
        offline::Offline,
        show,
    },
    model::{Run, RunId},
    state::RunFilter,
};

/// Print the log of a run, or of a job's latest run
///
/// Without a running daemon, the ledger is read instead.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  tapedeck jobs log backup
  tapedeck jobs log backup --follow           until the run is over; ends with 5 without success
  tapedeck jobs log 01975f5e-9f0b-7d2e-8a53-6f2b3c4d5e6f --json | jq -r .message")]
pub(in crate::cli) struct Args {
    /// The id of a run, or the name of a job
    #[arg(value_name = "RUN|NAME")]
    of: RunOrJob,
    /// Go on until the run is over
    #[arg(long, short)]
    follow: bool,
}

pub(super) async fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let Some(client) = Client::find(context).await? else { return read(args, context) };
    let run = match &args.of {
        RunOrJob::Run(id) => follow::get(&client, *id).await?,
        RunOrJob::Job(name) => latest_run(&client, name).await?,
    };
    head(context, &run);
    if args.follow {
        let run = follow::follow(context, &client, run.id, Lines::All).await?;
        return follow::conclude(context, &run);
    }
    let print = |lines: &[_]| lines.iter().try_for_each(|line| show::log_line(context, line));
    follow::rest_of_log(&client, run.id, 0, print).await?;
    tail(context, &run);
    Ok(())
}

fn read(args: &Args, context: &Context) -> anyhow::Result<()> {
    let offline = Offline::open(context)?;
    let run = match &args.of {
        RunOrJob::Run(id) => offline.run(*id)?.ok_or_else(|| unknown_run(*id))?,
        RunOrJob::Job(name) => {
            let filter = RunFilter { job: Some(name.clone()), ..RunFilter::default() };
            let run = offline.runs(&filter, 1)?.into_iter().next();
            match run {
                Some(run) => run,
                // Says so when there is no such job either.
                None => return offline.job(name).and_then(|_| Err(has_no_run(name).into())),
            }
        }
    };
    head(context, &run);
    offline.log(run.id, |lines| lines.iter().try_for_each(|line| show::log_line(context, line)))?;
    tail(context, &run);
    Ok(())
}

fn unknown_run(id: RunId) -> Failure {
    Failure::new(Exit::Failed, format!("there is no run {id}: it may have been pruned"))
        .fix("`tapedeck jobs history` lists the runs that are kept")
}

fn head(context: &Context, run: &Run) {
    if !context.is_json() {
        let when = context.time(run.started.unwrap_or(run.due));
        context.output.note(format!(
            "run {} of {}, {when}, {}",
            run.id,
            run.job,
            show::trigger(&run.trigger)
        ));
    }
}

fn tail(context: &Context, run: &Run) {
    if !context.is_json() && run.status.is_over() {
        context.output.note(show::outcome(context, run));
    }
}

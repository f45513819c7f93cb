use serde_json::{Value, json};

use super::{Args, messages};
use crate::{
    cli::{Cell, Context, Failure, Paint, plugins::bench::Bench, show::plain},
    model::Message,
    plugin_host::{Decision, Verdict, redact},
};

pub(super) async fn call(
    args: &Args,
    messages: Option<Vec<Message>>,
    bench: &Bench,
    context: &Context,
) -> anyhow::Result<()> {
    if args.output.is_some() {
        let failure = Failure::usage("a filter writes no file: --output is for exporters and track backends");
        return Err(failure.fix("leave --output out; what it decides goes to standard output").into());
    }
    let messages = messages::needed(messages)?;
    let filter = bench.plugins.filter(&bench.name).cancelled_by(bench.stop.clone());
    let judged = filter.judge(messages.clone().into(), None).await?;
    let decided = |index: usize| judged.iter().find(|decision| decision.index == index);
    let verdicts: Vec<_> =
        messages.iter().enumerate().map(|(index, it)| verdict(it, decided(index))).collect();
    if context.is_json() {
        return context.output.json(&verdicts);
    }
    let rows = verdicts.iter().map(|it| {
        let word = it["verdict"].as_str().unwrap_or_default();
        let paint = match word {
            "keep" => Paint::Good,
            "drop" => Paint::Bad,
            _ => Paint::Busy,
        };
        let cell = |key: &str| Cell::from(plain(it[key].as_str().unwrap_or_default()));
        vec![it["id"].to_string().into(), Cell::painted(paint, word), cell("text"), cell("reason")]
    });
    context.output.table(&["message", "verdict", "text", "reason"], rows.collect())
}

/// With the text as it would be stored.
fn verdict(message: &Message, decision: Option<&Decision>) -> Value {
    let (word, text) = match decision.map(|decision| &decision.verdict) {
        None => ("keep", Some(message.text.clone())),
        Some(Verdict::Drop) => ("drop", None),
        Some(Verdict::Redact(cuts)) => {
            let mut redacted = message.clone();
            redact(&mut redacted, cuts);
            ("redact", Some(redacted.text))
        }
    };
    let reason = decision.map(|decision| decision.reason.as_str()).filter(|reason| !reason.is_empty());
    json!({ "id": message.id, "verdict": word, "text": text, "reason": reason })
}

#[cfg(test)]
mod example;
mod reload;

use super::{Context, check};
use crate::{
    config::{load_listing_all, schema},
    jobs,
};

/// Look at the configuration: its values, its place, its schema
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Show every setting, its value and where that came from
    ///
    /// Later sources win: defaults, variables of the tools that Tapedeck replaces, the file, and
    /// TAPEDECK__SECTION__KEY variables. Secrets are masked.
    Show,
    /// Print the path of the configuration file
    Path,
    /// Print the JSON schema of the file, for editors
    ///
    /// Save it, and name it in the first line of config.toml: `#:schema ./tapedeck.schema.json`.
    /// Editors with TOML support then complete and explain every key.
    Schema,
    /// Let the running daemon read its configuration again
    ///
    /// It follows a changed file by itself; this tells how that went. With any error the last good
    /// configuration stays in force, and the exit code is 2.
    Reload,
}

pub(super) async fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    match args.what {
        What::Show => show(context),
        What::Path => path(context),
        What::Schema => context.output.json(&schema(&jobs::vocabulary())),
        What::Reload => reload::run(context).await,
    }
}

fn show(context: &Context) -> anyhow::Result<()> {
    let mut loaded = load_listing_all(&context.sources(), &jobs::vocabulary());
    check::refuse_impossible_jobs(&mut loaded, context)?;
    if context.is_json() {
        context.output.json(&loaded.values)?;
    } else {
        check::values(&loaded, context)?;
    }
    loaded.problems.iter().for_each(|problem| context.output.note(problem));
    check::verdict(&loaded)
}

fn path(context: &Context) -> anyhow::Result<()> {
    let path = std::path::absolute(context.sources().file)?;
    match context.is_json() {
        true => context.output.json(&serde_json::json!({ "path": path, "exists": path.exists() })),
        false => context.output.line(path.display()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn context(text: &str, options: &[&str]) -> (tempfile::TempDir, Context) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        std::fs::write(&file, text).unwrap();
        let context = Context::for_tests(&[&["--config", file.to_str().unwrap()], options].concat());
        (folder, context)
    }

    #[tokio::test]
    async fn shows_every_value_and_no_secret() {
        let text = "auth.username = \"me\"\nauth.password = \"hidden-away\"\n";
        let (_folder, context) = context(text, &["--json"]);
        run(&Args { what: What::Show }, &context).await.unwrap();
        let written = context.output.written();
        assert!(written.contains("auth.password") && written.contains("•••"), "{written}");
        assert!(written.contains("scheduler.max_running") && !written.contains("hidden-away"), "{written}");
    }

    #[tokio::test]
    async fn prints_an_absolute_path() {
        let (folder, context) = context("", &[]);
        run(&Args { what: What::Path }, &context).await.unwrap();
        assert_eq!(context.output.written().trim(), folder.path().join("config.toml").to_str().unwrap());
    }

    #[tokio::test]
    async fn schema_knows_every_kind() {
        let (_folder, context) = context("", &["--json"]);
        run(&Args { what: What::Schema }, &context).await.unwrap();
        let schema: serde_json::Value = serde_json::from_str(&context.output.written()).unwrap();
        let kinds = &schema["properties"]["jobs"]["additionalProperties"]["properties"]["kind"]["enum"];
        assert_eq!(kinds.as_array().unwrap().len(), jobs::kinds().len());
    }

    #[test]
    fn kinds_leave_the_common_keys_alone() {
        let policy = serde_json::to_value(crate::model::Policy::default()).unwrap();
        let common: BTreeSet<&String> = policy.as_object().unwrap().keys().collect();
        for kind in jobs::kinds() {
            let own = (kind.schema)();
            // A kind may have no settings of its own.
            let own = own.as_value()["properties"].as_object().into_iter().flatten().map(|(key, _)| key);
            let clash: Vec<_> = own.filter(|key| common.contains(key) || *key == "kind").collect();
            assert!(clash.is_empty(), "{}: {clash:?} belong to every job", kind.name);
        }
    }
}

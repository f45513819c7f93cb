//! The list of commands in groups, which clap cannot do by itself, and the texts around it.

use std::fmt::Write as _;

use clap::CommandFactory as _;

use super::Cli;

/// What people look for, in the order in which they need it.
const GROUPS: &[(&str, &[&str])] = &[
    ("Start", &["init", "check", "run", "demo"]),
    ("Jobs", &["jobs", "emit"]),
    ("Telegram", &["login", "accounts", "logout"]),
    ("Music", &["music"]),
    ("Archive", &["archive", "import", "explain", "export"]),
    ("Plugins", &["plugins"]),
    ("Access", &["user", "token"]),
    ("Upkeep", &["config", "state", "health", "completions"]),
];

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed
  2  wrong arguments, or a problem in the configuration
  3  no daemon is running, or it cannot be reached
  4  refused: not signed in, or not allowed
  5  the run that was waited for did not succeed
  129, 130, 143  a plugin's call was ended by SIGHUP, SIGINT or SIGTERM";

const ENVIRONMENT: &str = "\
Environment:
  TAPEDECK_CONFIG           as --config
  TAPEDECK_URL              as --url
  TAPEDECK_TOKEN            as --token
  TAPEDECK__SECTION__KEY    overrides a setting, such as TAPEDECK__SERVER__LISTEN
  NO_COLOR                  no colour on the terminal";

/// The whole command line, with its help.
pub(super) fn command() -> clap::Command {
    let command = Cli::command();
    let template = format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{}Options:\n{{options}}{{after-help}}",
        groups(&command)
    );
    command
        .help_template(template)
        .after_help(EXIT_CODES)
        .after_long_help(format!("{EXIT_CODES}\n\n{ENVIRONMENT}"))
}

fn groups(command: &clap::Command) -> String {
    let mut text = String::new();
    for (heading, names) in GROUPS {
        let members = names.iter().filter_map(|name| command.find_subcommand(name)).collect::<Vec<_>>();
        if members.is_empty() {
            continue;
        }
        let _ = writeln!(text, "{heading}:"); // Writing to a string cannot fail.
        for member in members {
            let about = member.get_about().map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(text, "  {:<12} {about}", member.get_name());
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn groups_hold_every_command_once() {
        let command = command();
        let mut grouped: Vec<_> = GROUPS.iter().flat_map(|(_, names)| *names).copied().collect();
        let mut known: Vec<_> = command
            .get_subcommands()
            .filter(|command| !command.is_hide_set())
            .map(clap::Command::get_name)
            .collect();
        known.sort_unstable();
        grouped.sort_unstable();
        grouped.retain(|name| known.contains(name));
        assert_eq!(grouped, known);
    }

    /// "jobs run", "health": what has no commands of its own.
    fn leaves(command: &clap::Command, path: &str, found: &mut BTreeSet<String>) {
        for command in command.get_subcommands().filter(|command| !command.is_hide_set()) {
            let path = format!("{path} {}", command.get_name());
            if command.has_subcommands() {
                leaves(command, &path, found)
            } else {
                found.insert(path);
            }
        }
    }

    #[test]
    fn page_about_the_command_line_is_complete() {
        let page = include_str!("../../../docs/cli.md");
        let in_table = page.lines().filter_map(|line| line.strip_prefix("| `tapedeck")?.split_once('`'));
        let documented: BTreeSet<_> = in_table.map(|(path, _)| path.to_owned()).collect();
        let mut known = BTreeSet::new();
        leaves(&command(), "", &mut known);
        assert_eq!(documented, known);
    }

    #[test]
    fn every_option_is_explained() {
        fn check(command: &clap::Command, path: &str) {
            assert!(command.get_about().is_some(), "{path} says nothing about itself");
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            assert!(!about.ends_with('.'), "{path}: no period in the first line");
            for argument in command.get_arguments() {
                assert!(argument.get_help().is_some(), "{path}: {} is not explained", argument.get_id());
            }
            command.get_subcommands().for_each(|inner| check(inner, &format!("{path} {}", inner.get_name())));
        }
        check(&command().mut_subcommand("demo-work", |work| work.about("x")), "tapedeck");
    }

    fn help_of(words: &[&str]) -> String {
        let words = std::iter::once("tapedeck").chain(words.iter().copied());
        let error = command().term_width(100).try_get_matches_from(words).unwrap_err();
        error.render().to_string()
    }

    #[test]
    fn help_teaches() {
        insta::assert_snapshot!("tapedeck_help", help_of(&["--help"]));
        insta::assert_snapshot!("jobs_run_help", help_of(&["help", "jobs", "run"]));
        insta::assert_snapshot!("jobs_help", help_of(&["jobs", "--help"]));
        insta::assert_snapshot!("plugins_help", help_of(&["plugins", "--help"]));
        insta::assert_snapshot!("plugins_grant_help", help_of(&["help", "plugins", "grant"]));
        insta::assert_snapshot!("state_import_help", help_of(&["help", "state", "import"]));
        insta::assert_snapshot!("token_add_help", help_of(&["help", "token", "add"]));
    }

    #[test]
    fn command_tree_is_consistent() {
        command().debug_assert();
    }
}

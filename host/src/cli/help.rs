//! The list of commands in groups, which clap cannot do by itself, and the texts around it.

use std::fmt::Write as _;

use clap::CommandFactory as _;

use super::Cli;

/// What people look for, in the order in which they need it.
const GROUPS: &[(&str, &[&str])] = &[
    ("Start", &["init", "check", "run", "demo"]),
    ("Jobs", &["jobs", "emit"]),
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
  5  the run that was waited for did not succeed";

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
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{}{{options}}{{after-help}}",
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

    #[test]
    fn command_tree_is_consistent() {
        command().debug_assert();
    }
}

use clap_complete::Shell;

use super::{Context, help};

/// Print a completion script for a shell
///
/// Load it in the shell's start file, or put it where the shell looks for completions.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  tapedeck completions bash > ~/.local/share/bash-completion/completions/tapedeck
  tapedeck completions zsh  > ~/.zfunc/_tapedeck
  tapedeck completions fish > ~/.config/fish/completions/tapedeck.fish")]
pub(super) struct Args {
    /// The shell that reads the script
    shell: Shell,
}

pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut help::command(), "tapedeck", &mut script);
    context.output.bytes(&script)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shell_gets_a_script() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell, Shell::Elvish] {
            let context = Context::for_tests(&[]);
            run(&Args { shell }, &context).unwrap();
            assert!(context.output.written().contains("tapedeck"), "{shell}");
        }
    }
}

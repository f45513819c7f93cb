//! Rules of `[backends.<name>]`: each kind has keys of its own.

use crate::config::{
    node::{Node, join},
    problem::{Problem, Problems},
};

const FILES: (&str, &[&str]) = ("files", &["folder", "likeness"]);
const COMMAND: (&str, &[&str]) = ("command", &["program", "args", "environment", "timeout"]);

pub(super) fn check(tree: &Node, problems: &mut Problems) {
    for (name, backend) in tree.get("backends").and_then(Node::as_table).into_iter().flatten() {
        let (other, keys) = match backend.get("kind").and_then(Node::as_text) {
            Some("files") => COMMAND,
            Some("command") => FILES,
            _ => continue,
        };
        for key in keys {
            let Some(node) = backend.get(key) else { continue };
            let message = format!("it has no effect: `{key}` is for a backend of the kind \"{other}\"");
            let problem = Problem::at_key(node, &join(&join("backends", name), key), message);
            problems.push(problem.fix(format!("Remove it, or write `kind = \"{other}\"`.")).into_warning());
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::tests::World;

    #[test]
    fn keys_of_the_other_kind_are_warned_about() {
        let text = "[backends.mine]\nkind = \"files\"\nfolder = \"music\"\nargs = [\"x\"]\n\
            [backends.own]\nkind = \"command\"\nprogram = \"x\"\nlikeness = 90\n";
        assert_eq!(
            World::with(text).problems(),
            "config.toml:4:1: warning: backends.mine.args: it has no effect: `args` is for a backend of the kind \
             \"command\". Remove it, or write `kind = \"command\"`.\n\
             config.toml:8:1: warning: backends.own.likeness: it has no effect: `likeness` is for a backend of the \
             kind \"files\". Remove it, or write `kind = \"files\"`."
        );
        let right = "[backends.mine]\nkind = \"files\"\nfolder = \"music\"\nlikeness = 90\n\
            [backends.own]\nkind = \"command\"\nprogram = \"x\"\nargs = [\"{{query}}\"]\ntimeout = \"1m\"\n";
        assert_eq!(World::with(right).load().problems, []);
    }
}

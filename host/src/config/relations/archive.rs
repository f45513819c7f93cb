//! Rules of `[archive]`: which database, which bucket.

use secrecy::ExposeSecret as _;
use url::Url;

use crate::config::{
    archive::bucket,
    node::{Node, Value, join},
    problem::{Problem, Problems},
};

const DATABASE: &str = "Write \"postgres://user:password@host:5432/database\", or remove `url`: then the archive is a file of \
                        SQLite.";

pub(super) fn check(tree: &Node, known: &Problems, problems: &mut Problems) {
    let Some(archive) = tree.get("archive") else { return };
    if !known.has_any_at("archive.url")
        && let Some(node) = archive.get("url")
        && let Value::Secret(url) = &node.value
        && let Some(message) = fault(url.expose_secret())
    {
        problems.push(Problem::at(node, "archive.url", message).fix(DATABASE));
    }
    if let Some(media) = archive.get("media") {
        files(media, problems);
    }
}

/// What is told of it must not hold the password.
fn fault(url: &str) -> Option<String> {
    let Some((scheme, _)) = url.split_once("://") else {
        return Some("it is no address of a database".to_owned());
    };
    match scheme.to_ascii_lowercase().as_str() {
        "postgres" | "postgresql" => match Url::parse(url) {
            Ok(url) if url.host_str().is_some_and(|host| !host.is_empty()) || url.query().is_some() => None,
            Ok(_) => Some("it names no host".to_owned()),
            // Several hosts, for which PostgreSQL's own form is wider than that of addresses.
            Err(_) => None,
        },
        "sqlite" => Some("a file of SQLite is named by `archive.folder`".to_owned()),
        scheme
            if scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
                && scheme.len() <= 40 =>
        {
            Some(format!(
                "there is no archive in a database of the kind `{scheme}`: PostgreSQL and SQLite are known"
            ))
        }
        _ => Some("it is no address of a database".to_owned()),
    }
}

fn files(media: &Node, problems: &mut Problems) {
    let path = |key: &str| join("archive.media", key);
    let Some(store) = media.get("store") else {
        for key in ["endpoint", "access_key", "secret_key", "path_style", "region"] {
            if let Some(node) = media.get(key) {
                let problem = Problem::at_key(
                    node,
                    &path(key),
                    format!("`{key}` is about a bucket, and `store` names none"),
                );
                problems.push(problem.fix("Add `store = \"s3://bucket\"`, or remove it."));
            }
        }
        return;
    };
    if let Some(text) = store.as_text()
        && let Err(message) = bucket(text)
    {
        let fix = "Write \"s3://bucket\" or \"s3://bucket/prefix\"; another service than Amazon's goes into `endpoint`.";
        problems.push(Problem::at(store, &path("store"), message).fix(fix));
    }
    for key in ["access_key", "secret_key"] {
        if media.get(key).is_none() {
            let message = format!("`store` is given without `{key}`");
            let fix = format!("Add `{key}_file = \"…\"` or `{key} = {{ env = \"…\" }}`.");
            problems.push(Problem::at_key(store, &path("store"), message).fix(fix));
        }
    }
    if let Some(node) = media.get("endpoint")
        && let Some(text) = node.as_text()
        && !Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some())
    {
        let problem = Problem::at(node, &path("endpoint"), format!("`{text}` is no whole address"));
        problems.push(problem.fix("Write \"https://host:port\"."));
    }
}

#[cfg(test)]
mod tests {
    use crate::config::tests::World;

    fn problems(text: &str) -> String {
        World::with(text).load().problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn other_databases_are_refused_with_the_way_out() {
        for url in ["mysql://me:hidden@host/deck", "sqlite:///tmp/a.db", "deck", "postgres:///", "://hidden"]
        {
            let told = problems(&format!("[archive]\nurl = \"{url}\"\n"));
            assert!(
                told.contains("archive.url: ") && told.contains("postgres://user:password@host"),
                "{url}: {told}"
            );
            assert!(!told.contains("hidden"), "{told}");
        }
        for url in [
            "postgres://me:hidden@host/deck",
            "PostgreSQL://host:5433/deck?sslmode=require",
            "postgres:///deck?host=/run",
        ] {
            assert_eq!(problems(&format!("[archive]\nurl = \"{url}\"\n")), "", "{url}");
        }
    }

    #[test]
    fn buckets_need_their_keys() {
        let whole = "[archive.media]\nstore = \"s3://deck/tapes\"\nendpoint = \"http://127.0.0.1:9000\"\naccess_key = \"a\"\nsecret_key = \"b\"\n";
        assert_eq!(problems(whole), "");
        let told = problems("[archive.media]\nstore = \"s3://deck\"\n");
        assert!(told.contains("without `access_key`") && told.contains("without `secret_key`"), "{told}");
        let told = problems("[archive.media]\nregion = \"eu-west-1\"\naccess_key = \"a\"\n");
        assert_eq!(told.matches("names none").count(), 2, "{told}");
        let told = problems(&whole.replace("s3://deck/tapes", "https://deck").replace("http://", ""));
        assert!(told.contains("s3://bucket/prefix") && told.contains("no whole address"), "{told}");
    }
}

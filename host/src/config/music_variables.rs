//! Variables of the tool that put music on profiles: they make its two jobs, so that its `docker
//! run` line goes on working, and are defaults of the job of that kind that the file has.

use super::{
    Environment,
    env::{add, refuse, text_of},
    node::{Layer, Node, Value},
    problem::{Problem, Problems},
};

const PROFILE: &str = "profile-music";
const PLAYER: &str = "player";
/// Of a job that puts music on a profile, wherever it is said.
pub const MOST_WORKERS: u32 = 32;
const MIXED: &[&str] = &["zero", "spotdl"];

/// `file` is what the operator wrote: jobs that are in it are not made a second time.
pub(super) fn defaults(
    environment: &Environment,
    file: Option<&Node>,
    root: &mut Node,
    problems: &mut Problems,
) {
    // Both were needed there; alone, either may belong to somebody else.
    let is_theirs =
        ["SPOTIFY_CLIENT_ID", "TELEGRAM_API_ID"].iter().all(|name| text_of(environment, name).is_some());
    if !is_theirs {
        return;
    }
    const MADE_BY: &str = "SPOTIFY_CLIENT_ID";
    if job_of_kind(file, PLAYER).is_none() {
        add(root, &["jobs", PLAYER, "kind"], Value::Text(PLAYER.into()), MADE_BY);
        add(root, &["jobs", PLAYER, "at_start"], Value::Boolean(true), MADE_BY);
    }
    let name = job_of_kind(file, PROFILE).unwrap_or_else(|| {
        let key = |key| ["jobs", PROFILE, key];
        let text = |text: &str| Value::Text(text.into());
        add(root, &key("kind"), text(PROFILE), MADE_BY);
        add(
            root,
            &key("on"),
            list(&["track-started", "playback-stopped", "profile-changed"], MADE_BY),
            MADE_BY,
        );
        add(root, &key("every"), text("10m"), MADE_BY);
        add(root, &key("at_start"), Value::Boolean(true), MADE_BY);
        add(root, &key("overlap"), text("queue"), MADE_BY);
        // Both versions brought recordings when nobody chose; the newer one put silence there first.
        add(root, &key("backends"), list(MIXED, MADE_BY), MADE_BY);
        PROFILE.to_owned()
    });
    let mut job = Job { environment, name: &name, root, problems };
    job.number("TRACKS_CACHE_SIZE", "keep", (1, 1_000));
    // Less than one was one there.
    job.number("TRACKS_DOWNLOAD_WORKERS", "workers", (i64::MIN, MOST_WORKERS.into()));
    job.backends();
    job.clean();
}

/// The name of the first job of a kind.
fn job_of_kind(file: Option<&Node>, kind: &str) -> Option<String> {
    let jobs = file?.get("jobs")?.as_table()?;
    let job = jobs.iter().find(|(_, job)| job.get("kind").and_then(Node::as_text) == Some(kind));
    job.map(|(name, _)| name.clone())
}

fn list(items: &[&str], variable: &str) -> Value {
    let item = |text: &&str| Node::new(Value::Text((*text).into()), Layer::Environment(variable.into()));
    Value::List(items.iter().map(item).collect())
}

struct Job<'a> {
    environment: &'a Environment,
    name: &'a str,
    root: &'a mut Node,
    problems: &'a mut Problems,
}

impl Job<'_> {
    fn set(&mut self, key: &str, value: Value, variable: &str) {
        add(self.root, &["jobs", self.name, key], value, variable);
    }

    fn key(&self, key: &str) -> String {
        format!("jobs.{}.{key}", self.name)
    }

    /// What is beyond what we allow becomes the nearest that is not; less than `least` made no sense there either.
    fn number(&mut self, variable: &str, key: &str, (least, most): (i64, i64)) {
        let Some(text) = text_of(self.environment, variable) else { return };
        let Some(number) = text.trim().parse::<i64>().ok().filter(|number| *number >= least) else {
            let reason = format!("it is not a number from 1 to {most}");
            return refuse(self.problems, variable, &self.key(key), &reason);
        };
        let allowed = number.clamp(1, most);
        self.set(key, Value::Integer(allowed), variable);
        if allowed != number {
            let message = format!("{number} is not from 1 to {most}; here it means {allowed}");
            let fix = format!("Write a number from 1 to {most}, or set the key in the file.");
            let problem = Problem::in_file(variable, message).key(&self.key(key)).fix(&fix);
            self.problems.push(problem.into_warning());
        }
    }

    /// The names of both versions, with or without the class.
    fn backends(&mut self) {
        const VARIABLE: &str = "TRACKS_BACKEND";
        let Some(text) = text_of(self.environment, VARIABLE) else { return };
        let chain: &[&str] = match text.trim() {
            // Silence stood in there too when nothing was found.
            "spotdl_track_backend.SpotdlTrackBackend" | "spotdl" => &["spotdl", "zero"],
            "zero_track_backend.ZeroTrackBackend" | "zero" => &["zero"],
            "mixed_track_backend.MixedTrackBackend" | "mixed" => MIXED,
            _ => {
                let reason = "it names none of the three backends: write a plugin and name it in `backends`";
                return refuse(self.problems, VARIABLE, &self.key("backends"), reason);
            }
        };
        self.set("backends", list(chain, VARIABLE), VARIABLE);
    }

    /// The older version took any text for yes, the newer one only `true`. Where they differ, what is
    /// written says which was meant; what only the newer one has says that it is the newer one.
    fn clean(&mut self) {
        const VARIABLE: &str = "CLEAN_TRACKS";
        // An empty text is one too, and no yes to either of them.
        let Some(text) = self.environment.get(VARIABLE).and_then(|text| text.to_str()) else { return };
        let text = text.trim().to_ascii_lowercase();
        let backend = text_of(self.environment, "TRACKS_BACKEND").unwrap_or_default();
        let is_newer =
            backend.starts_with("mixed") || text_of(self.environment, "TRACKS_DOWNLOAD_WORKERS").is_some();
        let cleans = text == "true" || (!is_newer && matches!(text.as_str(), "1" | "yes" | "y" | "on"));
        self.set("clean_when_stopped", Value::Boolean(cleans), VARIABLE);
        if text == "true" || text.is_empty() {
            return;
        }
        let (key, older) =
            (self.key("clean_when_stopped"), "the older version of that tool took this for yes");
        let message =
            format!("{older}, the newer one for no; here it means {}", if cleans { "yes" } else { "no" });
        let fix = "Write `true`, or set the key in the file.";
        self.problems.push(Problem::in_file(VARIABLE, message).key(&key).fix(fix).into_warning());
    }
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;

    use crate::config::{
        Loaded, Source,
        tests::{World, vocabulary},
    };

    #[derive(JsonSchema)]
    #[schemars(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct ProfileMusic {
        backends: Option<Vec<String>>,
        keep: Option<u32>,
        workers: Option<u32>,
        clean_when_stopped: Option<bool>,
    }

    #[derive(JsonSchema)]
    #[schemars(deny_unknown_fields)]
    struct Player {}

    fn load(world: &World) -> Loaded {
        let mut vocabulary = vocabulary();
        vocabulary.kinds.push(("profile-music", schemars::schema_for!(ProfileMusic)));
        vocabulary.kinds.push(("player", schemars::schema_for!(Player)));
        world.load_with(&vocabulary)
    }

    fn problems(world: &World) -> String {
        let lines: Vec<String> = load(world).problems.iter().map(ToString::to_string).collect();
        lines.join("\n")
    }

    fn old_tool(text: &str) -> World {
        World::with(text)
            .variable("SPOTIFY_CLIENT_ID", "id")
            .variable("SPOTIFY_CLIENT_SECRET", "secret")
            .variable("TELEGRAM_API_ID", "12345")
            .variable("TELEGRAM_API_HASH", "0123456789abcdef0123456789abcdef")
    }

    fn jobs(world: &World) -> Vec<String> {
        let loaded = load(world);
        let ours = loaded.values.iter().filter(|value| value.key.starts_with("jobs."));
        let set = ours.filter(|value| value.source != Source::Default);
        set.map(|value| format!("{} = {} from {}", value.key, value.value, value.source)).collect()
    }

    fn cleans(world: &World) -> String {
        jobs(world).into_iter().find(|line| line.contains("clean_when_stopped")).unwrap_or_default()
    }

    #[test]
    fn variables_make_both_jobs() {
        let world = old_tool("")
            .variable("TRACKS_CACHE_SIZE", "5")
            .variable("TRACKS_BACKEND", "spotdl_track_backend.SpotdlTrackBackend")
            .variable("TRACKS_DOWNLOAD_WORKERS", "3")
            .variable("CLEAN_TRACKS", "True");
        assert!(load(&world).problems.is_empty(), "{}", problems(&world));
        insta::assert_snapshot!(jobs(&world).join("\n"), @r#"
        jobs.player.at_start = true from variable SPOTIFY_CLIENT_ID
        jobs.player.kind = "player" from variable SPOTIFY_CLIENT_ID
        jobs.profile-music.at_start = true from variable SPOTIFY_CLIENT_ID
        jobs.profile-music.backends = ["spotdl","zero"] from variable TRACKS_BACKEND
        jobs.profile-music.clean_when_stopped = true from variable CLEAN_TRACKS
        jobs.profile-music.every = "10m" from variable SPOTIFY_CLIENT_ID
        jobs.profile-music.keep = 5 from variable TRACKS_CACHE_SIZE
        jobs.profile-music.kind = "profile-music" from variable SPOTIFY_CLIENT_ID
        jobs.profile-music.on = ["track-started","playback-stopped","profile-changed"] from variable SPOTIFY_CLIENT_ID
        jobs.profile-music.overlap = "queue" from variable SPOTIFY_CLIENT_ID
        jobs.profile-music.workers = 3 from variable TRACKS_DOWNLOAD_WORKERS
        "#);
        assert!(jobs(&World::with("").variable("SPOTIFY_CLIENT_ID", "id")).is_empty());
    }

    #[test]
    fn variables_fill_the_job_of_the_file() {
        let text = "[jobs.mine]\nkind = \"profile-music\"\non = [\"track-started\"]\nkeep = 7\n";
        let world = old_tool(text).variable("TRACKS_CACHE_SIZE", "5").variable("TRACKS_BACKEND", "zero");
        let jobs = jobs(&world).join("\n");
        assert!(jobs.contains("jobs.mine.keep = 7") && jobs.contains("jobs.mine.backends"), "{jobs}");
        assert!(!jobs.contains("jobs.profile-music"), "{jobs}");
    }

    #[test]
    fn backends_of_both_versions_become_chains() {
        for (name, chain) in [
            ("spotdl_track_backend.SpotdlTrackBackend", r#"["spotdl","zero"]"#),
            ("zero_track_backend.ZeroTrackBackend", r#"["zero"]"#),
            ("mixed_track_backend.MixedTrackBackend", r#"["zero","spotdl"]"#),
            ("", r#"["zero","spotdl"]"#),
        ] {
            let world = old_tool("").variable("TRACKS_BACKEND", name);
            assert_eq!(problems(&world), "");
            let line = format!("jobs.profile-music.backends = {chain} from");
            assert!(jobs(&world).iter().any(|it| it.starts_with(&line)), "{name}: {:?}", jobs(&world));
        }
        let own = old_tool("[jobs.mine]\nkind = \"profile-music\"\non = [\"track-started\"]\n");
        assert!(!jobs(&own).iter().any(|it| it.contains("backends")), "the file's job is its author's");
    }

    #[test]
    fn both_readings_of_clean_are_honoured() {
        for (text, backend, cleans_up) in [
            ("true", "", true),
            ("TRUE", "mixed", true),
            ("False", "", false),
            ("1", "", true),
            ("yes", "spotdl", true),
            ("1", "mixed_track_backend.MixedTrackBackend", false),
            ("whatever", "", false),
            ("", "", false),
        ] {
            let world = old_tool("").variable("CLEAN_TRACKS", text).variable("TRACKS_BACKEND", backend);
            assert!(
                cleans(&world).contains(&format!("= {cleans_up} ")),
                "{text} {backend}: {}",
                cleans(&world)
            );
            let is_plain = text.is_empty() || text.eq_ignore_ascii_case("true");
            assert_eq!(problems(&world).contains("older version"), !is_plain, "{text}: {}", problems(&world));
        }
    }

    #[test]
    fn numbers_beyond_the_limits_become_the_nearest() {
        for (size, workers, kept, at_once) in [("5000", "0", 1_000, 1), ("1001", "64", 1_000, 32)] {
            let world =
                old_tool("").variable("TRACKS_CACHE_SIZE", size).variable("TRACKS_DOWNLOAD_WORKERS", workers);
            let jobs = jobs(&world).join("\n");
            assert!(jobs.contains(&format!("keep = {kept} from variable")), "{jobs}");
            assert!(jobs.contains(&format!("workers = {at_once} from variable")), "{jobs}");
            let said = problems(&world);
            assert!(said.contains(&format!("{size} is not from 1 to 1000; here it means {kept}")), "{said}");
            assert!(
                said.contains(&format!("{workers} is not from 1 to 32; here it means {at_once}")),
                "{said}"
            );
        }
    }

    #[test]
    fn senseless_variables_say_so() {
        let world = old_tool("")
            .variable("TRACKS_CACHE_SIZE", "-1")
            .variable("TRACKS_DOWNLOAD_WORKERS", "many")
            .variable("TRACKS_BACKEND", "os.system");
        insta::assert_snapshot!(problems(&world), @r"
        TRACKS_BACKEND: warning: jobs.profile-music.backends: this variable is not used: it names none of the three backends: write a plugin and name it in `backends`. Correct or unset TRACKS_BACKEND, or set `jobs.profile-music.backends` in the file.
        TRACKS_CACHE_SIZE: warning: jobs.profile-music.keep: this variable is not used: it is not a number from 1 to 1000. Correct or unset TRACKS_CACHE_SIZE, or set `jobs.profile-music.keep` in the file.
        TRACKS_DOWNLOAD_WORKERS: warning: jobs.profile-music.workers: this variable is not used: it is not a number from 1 to 32. Correct or unset TRACKS_DOWNLOAD_WORKERS, or set `jobs.profile-music.workers` in the file.
        ");
    }
}

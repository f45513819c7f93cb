use serde_json::json;

use super::{testing::permit, *};
use crate::model::HttpMethod;

fn http(permit: &Permit, method: HttpMethod, url: &str) -> Result<HttpTerms, String> {
    permit.http(method, &url.parse().unwrap()).map_err(|denied| denied.to_string())
}

#[test]
fn asking_alone_gives_nothing() {
    let permit = permit(
        json!({
            "http": [{"host": "*.example.com"}], "run": [{"program": "yt-dlp"}],
            "kv": {"bytes": 1024}, "scratch": {"bytes": 4096}
        }),
        json!({}),
        &[],
    );
    insta::assert_snapshot!(http(&permit, HttpMethod::Get, "https://api.example.com/v1?token=x").unwrap_err(), @r#"zero may not use `http` for GET api.example.com: nobody has granted it; `http = ["api.example.com"]` in [plugins.zero.grants] or `tapedeck plugins grant zero http=api.example.com` allows it"#);
    insta::assert_snapshot!(permit.run("yt-dlp").unwrap_err(), @r#"zero may not use `run` for `yt-dlp`: nobody has granted it; `run = ["yt-dlp"]` in [plugins.zero.grants] or `tapedeck plugins grant zero run=yt-dlp` allows it"#);
    insta::assert_snapshot!(permit.kv().unwrap_err(), @r#"zero may not use `kv` for its values: nobody has granted it; `kv = "1KiB"` in [plugins.zero.grants] or `tapedeck plugins grant zero kv=1KiB` allows it"#);
    insta::assert_snapshot!(permit.scratch().unwrap_err(), @r#"zero may not use `scratch` for files: nobody has granted it; `scratch = "4KiB"` in [plugins.zero.grants] or `tapedeck plugins grant zero scratch=4KiB` allows it"#);
}

#[test]
fn who_tries_a_file_is_told_its_commands_option() {
    let wants = json!({"http": [{"host": "127.0.0.1"}], "run": [{"program": "sh"}], "kv": {"bytes": 1024}});
    let permit = permit(wants, json!({}), &[]).with_giving(Giving::Command);
    let told = |denied: Denied| denied.to_string().split_once("; ").unwrap().1.to_owned();
    let url = "https://127.0.0.1/".parse().unwrap();
    assert_eq!(
        told(permit.http(HttpMethod::Get, &url).unwrap_err()),
        "`--grant http=127.0.0.1,private` allows it"
    );
    let private = permit.private_address(HttpMethod::Get, &url, "it is this machine".into());
    assert_eq!(told(private), "`--grant http=127.0.0.1,private` allows it");
    assert_eq!(told(permit.run("sh").unwrap_err()), "`--grant run=sh` allows it");
    assert_eq!(told(permit.kv().unwrap_err()), "`--grant kv=1KiB` allows it");
}

#[test]
fn local_servers_are_granted_with_one_line() {
    let hosts = ["localhost", "192.168.1.9", "[::1]", "a.org"]
        .map(|host| json!({"host": format!("http://{host}:*")}));
    let permit = permit(json!({"http": hosts}), json!({}), &[]).with_giving(Giving::Command);
    for (url, line) in [
        ("http://localhost:18761/", "--grant http=http://localhost:18761,private`"),
        ("http://192.168.1.9:80/", "--grant http=http://192.168.1.9,private`"),
        ("http://[::1]:8080/", "--grant http=http://[::1]:8080,private`"),
        ("http://a.org:8080/", "--grant http=http://a.org:8080`"),
    ] {
        let told = http(&permit, HttpMethod::Get, url).unwrap_err();
        assert!(told.contains(line), "{told}");
    }
}

#[test]
fn grants_alone_give_nothing() {
    let grants = json!({"http": ["*"], "run": ["yt-dlp"], "kv": "1MiB", "scratch": "1MiB"});
    let permit = permit(json!({}), grants, &[("http=a.org", true)]);
    insta::assert_snapshot!(http(&permit, HttpMethod::Post, "https://a.org/").unwrap_err(), @r#"zero may not use `http` for POST a.org: it does not ask for that in its manifest; its author has to add `{"host": "a.org", "methods": ["POST"]}` under `http` to `wants`"#);
    assert!(matches!(*permit.run("yt-dlp").unwrap_err().why, Why::NotAsked { .. }));
    assert!(matches!(*permit.kv().unwrap_err().why, Why::NotAsked { .. }));
    assert!(matches!(*permit.scratch().unwrap_err().why, Why::NotAsked { .. }));
}

#[test]
fn grants_reach_no_further_than_wishes() {
    let wants = json!({"http": [{"host": "a.org"}]});
    let permit = permit(wants, json!({"http": ["*", "http://*:*"]}), &[]);
    assert!(http(&permit, HttpMethod::Get, "https://a.org/").is_ok());
    for (method, url) in [
        (HttpMethod::Get, "https://b.org/"),
        (HttpMethod::Get, "https://b.a.org/"),
        (HttpMethod::Post, "https://a.org/"),
    ] {
        let error = http(&permit, method, url).unwrap_err();
        assert!(error.contains("does not ask for that in its manifest"), "{error}");
    }
}

#[test]
fn both_together_allow_what_both_mean() {
    let permit = permit(
        json!({"http": [{"host": "*.example.com", "methods": ["GET", "POST"]}], "kv": {"bytes": 10}}),
        json!({
            "http": ["api.example.com", {"host": "b.example.com", "methods": ["GET"], "max_bytes": "1KiB", "private": true}],
            "kv": "1KiB"
        }),
        &[],
    );
    let terms = http(&permit, HttpMethod::Post, "https://api.example.com/");
    assert_eq!(terms, Ok(HttpTerms { max_bytes: 16 << 20, allows_private: false }));
    let terms = http(&permit, HttpMethod::Get, "https://b.example.com/");
    assert_eq!(terms, Ok(HttpTerms { max_bytes: 1024, allows_private: true }));
    assert_eq!(permit.kv(), Ok(1024));
    for (method, url) in [
        (HttpMethod::Delete, "https://api.example.com/"),
        (HttpMethod::Get, "http://api.example.com/"),
        (HttpMethod::Get, "https://api.example.com:8443/"),
        (HttpMethod::Get, "https://c.example.com/"),
    ] {
        assert!(http(&permit, method, url).is_err(), "{method} {url}");
    }
    let error = http(&permit, HttpMethod::Post, "https://b.example.com/").unwrap_err();
    assert!(error.contains("grant zero http=b.example.com,methods=GET+POST`"), "{error}");
}

#[test]
fn withdrawing_beats_every_grant() {
    let wants = json!({"http": [{"host": "*"}], "run": [{"program": "sh"}], "kv": {"bytes": 10}});
    let grants = json!({"http": ["*", "api.example.com"], "run": ["sh"], "kv": "1KiB"});
    let withdrawn = [("http=*.example.com", false), ("run=sh", false), ("kv=1KiB", false)];
    let permit = permit(wants, grants, &withdrawn);
    insta::assert_snapshot!(http(&permit, HttpMethod::Get, "https://api.example.com/").unwrap_err(), @"zero may not use `http` for GET api.example.com: `http=*.example.com` was withdrawn; `tapedeck plugins grant zero http=*.example.com` gives it back");
    assert!(http(&permit, HttpMethod::Get, "https://example.org/").is_ok());
    assert!(matches!(*permit.run("sh").unwrap_err().why, Why::Withdrawn { .. }));
    assert!(matches!(*permit.kv().unwrap_err().why, Why::Withdrawn { .. }));
}

#[test]
fn approvals_count_before_settings() {
    let wants = json!({"kv": {"bytes": 10}, "run": [{"program": "sh"}], "http": [{"host": "a.org"}]});
    let permit = permit(
        wants,
        json!({"kv": "1KiB", "run": ["sh"]}),
        &[("kv=2KiB", true), ("run=sh,timeout=5s", true), ("http=a.org", true)],
    );
    assert_eq!(permit.kv(), Ok(2048));
    assert_eq!(permit.run("sh").unwrap().timeout.unwrap().as_millis_u64(), 5000);
    assert!(http(&permit, HttpMethod::Get, "https://a.org/").is_ok());
}

#[test]
fn withdrawals_reach_all_copies() {
    let wants = json!({"kv": {"bytes": 10}});
    let permits = Permits::new(permit(wants.clone(), json!({"kv": "1KiB"}), &[]));
    let instance = permits.clone();
    assert!(instance.now().kv().is_ok());
    permits.replace(permit(wants, json!({"kv": "1KiB"}), &[("kv=1KiB", false)]));
    assert!(instance.now().kv().is_err());
}

#[test]
fn views_tell_asked_and_given() {
    let permit = permit(
        json!({
            "http": [{"host": "*.a.org", "why": "songs"}, {"host": "b.org"}, {"host": "c.org"}],
            "run": [{"program": "sh"}], "kv": {"bytes": 1024}, "fly": {}
        }),
        json!({"http": ["*.a.org", "z.org"], "run": ["sh"]}),
        &[("http=b.org", true), ("run=sh", false)],
    );
    let lines: Vec<String> = permit
        .views()
        .into_iter()
        .map(|it| {
            let by = it.decided_by.unwrap_or_default();
            format!("{} {} {} {by} {}", it.capability, it.what, it.is_granted, it.why.unwrap_or_default())
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    http *.a.org,methods=GET+HEAD true config songs
    http b.org,methods=GET+HEAD true approved 
    http c.org,methods=GET+HEAD false  
    run sh false withdrawn 
    kv 1KiB false  
    http z.org true config 
    fly nothing that this daemon knows false  
    ");
}

#[test]
fn views_tell_what_was_given_in_place_of_the_wish() {
    let given = |grants: serde_json::Value, decisions: &[(&str, bool)]| {
        let wants = json!({
            "http": [{"host": "a.org", "methods": ["GET", "POST"]}], "run": [{"program": "sh"}],
            "kv": {"bytes": 1024}
        });
        let views = permit(wants, grants, decisions).views();
        let asked = views.into_iter().filter(|it| it.given.is_some());
        asked.map(|it| (it.is_granted, it.given.unwrap())).collect::<Vec<_>>()
    };
    let plain = json!({"http": ["a.org"], "run": ["sh"], "kv": "1KiB"});
    assert_eq!(given(plain.clone(), &[]), [], "as it was asked for");
    let told = |is_granted: bool, text: &str| vec![(is_granted, text.to_owned())];
    assert_eq!(given(json!({}), &[("kv=64B", true)]), told(true, "64B"));
    assert_eq!(given(plain.clone(), &[("kv=64KiB", true)]), told(true, "64KiB"), "the later decision counts");
    assert_eq!(given(json!({}), &[("http=a.org,private", true)]), told(true, "a.org,private"));
    assert_eq!(given(plain, &[("http=a.org,private", true)]), told(true, "a.org,private and a.org"));
    assert_eq!(given(json!({"http": ["*"]}), &[]), told(true, "*"));
    assert_eq!(given(json!({}), &[("run=sh,timeout=5s", true)]), told(true, "sh,timeout=5s"));
    let part = json!({"http": [{"host": "a.org", "methods": ["GET"]}]});
    assert_eq!(given(part.clone(), &[]), told(false, "a.org,methods=GET"), "a part is no secret");
    assert_eq!(given(part, &[("http=a.org", false)]), []);
}

#[test]
fn each_line_is_shown_once() {
    let permit = permit(
        json!({"http": [{"host": "*.a.org"}, {"host": "*.a.org"}], "run": [{"program": "sh"}, {"program": "sh"}]}),
        json!({"http": ["x.a.org"]}),
        &[("http=x.a.org", true), ("http=y.a.org", false)],
    );
    let lines: Vec<_> = permit.views().into_iter().map(|it| (it.what, it.is_granted)).collect();
    let expected =
        [("*.a.org,methods=GET+HEAD", false), ("sh", false), ("x.a.org", true), ("y.a.org", false)];
    assert_eq!(lines, expected.map(|(what, is_granted)| (what.to_owned(), is_granted)));
}

#[test]
fn what_people_were_told_is_not_remembered_without_end() {
    let permits = Permits::new(permit(json!({}), json!({}), &[]));
    assert!((0..10 * MOST_TOLD).all(|number| permits.is_news(&format!("no {number}"))));
    assert_eq!(permits.lock_told().len(), MOST_TOLD);
    assert!(!permits.is_news("no 0"));
}

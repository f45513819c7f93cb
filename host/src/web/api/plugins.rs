use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};

use crate::{
    model::{Grant, GrantKey, PluginForgotten, PluginLogLine, PluginName, PluginView, PluginsView, Scope},
    plugin_host::{Failure, PluginError},
    web::{
        Web,
        auth::Identity,
        error::Problem,
        extract::{Body, Limit, Query, Segment},
    },
};

/// Lists the plugins: those of the configuration and those found in the folders
///
/// Without log lines and schemas, which each plugin's own address has.
#[utoipa::path(get, path = "/api/v1/plugins", tag = "plugins", responses((status = 200, body = PluginsView)))]
pub(crate) async fn list(State(web): State<Web>, identity: Identity) -> Result<Json<PluginsView>, Problem> {
    identity.needs(Scope::Read)?;
    let (folder, bundled) = (web.parts.plugin_folders)();
    let mut plugins = web.parts.plugins.views();
    for plugin in &mut plugins {
        plugin.log.clear();
        plugin.settings_schema = None;
    }
    let remains = web.parts.plugins.remains()?;
    Ok(Json(PluginsView { folder, bundled, plugins, remains }))
}

/// What one plugin's own page shows.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct PluginDetails {
    #[serde(flatten)]
    plugin: PluginView,
    /// As the configuration says, secrets masked.
    settings: serde_json::Value,
}

/// Shows a plugin: what it is, what it asks for and has, how it fares, its last log lines
#[utoipa::path(get, path = "/api/v1/plugins/{name}", tag = "plugins", params(("name" = PluginName, Path)),
    responses((status = 200, body = PluginDetails), (status = 404, body = Problem)))]
pub(crate) async fn show(
    State(web): State<Web>,
    identity: Identity,
    Segment(name): Segment<PluginName>,
) -> Result<Json<PluginDetails>, Problem> {
    identity.needs(Scope::Read)?;
    let plugin = web.parts.plugins.view(&name)?;
    Ok(Json(PluginDetails { settings: (web.parts.plugin_settings)(&name), plugin }))
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LogQuery {
    /// How many lines at most, from 1 to 1000; the last ones. Default: 200.
    #[serde(default)]
    #[param(value_type = Option<usize>)]
    limit: Limit,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct PluginLog {
    /// Oldest first.
    lines: Vec<PluginLogLine>,
}

/// Reads the last lines that a plugin has logged, and what the host had to say about it
#[utoipa::path(get, path = "/api/v1/plugins/{name}/log", tag = "plugins", params(("name" = PluginName, Path), LogQuery),
    responses((status = 200, body = PluginLog), (status = 404, body = Problem)))]
pub(crate) async fn log(
    State(web): State<Web>,
    identity: Identity,
    Segment(name): Segment<PluginName>,
    Query(query): Query<LogQuery>,
) -> Result<Json<PluginLog>, Problem> {
    identity.needs(Scope::Read)?;
    let mut lines = web.parts.plugins.view(&name)?.log;
    let surplus = lines.len().saturating_sub(query.limit.or(PluginView::LOG_LINES));
    lines.drain(..surplus);
    Ok(Json(PluginLog { lines }))
}

/// Reads a plugin's file again, also when it has not changed
///
/// Answers when the new code runs, or when it is known why it does not: then `problem` says so.
#[utoipa::path(post, path = "/api/v1/plugins/{name}/reload", tag = "plugins", params(("name" = PluginName, Path)),
    responses((status = 200, body = PluginView), (status = 404, body = Problem)))]
pub(crate) async fn reload(
    State(web): State<Web>,
    identity: Identity,
    Segment(name): Segment<PluginName>,
) -> Result<Json<PluginView>, Problem> {
    identity.needs(Scope::Run)?;
    Ok(Json(web.parts.plugins.reload(&name).await?))
}

/// Keeps a plugin from being called, also after a restart
///
/// Calls in flight end as they would have.
#[utoipa::path(post, path = "/api/v1/plugins/{name}/pause", tag = "plugins", params(("name" = PluginName, Path)),
    responses((status = 200, body = PluginView), (status = 404, body = Problem)))]
pub(crate) async fn pause(
    State(web): State<Web>,
    identity: Identity,
    Segment(name): Segment<PluginName>,
) -> Result<Json<PluginView>, Problem> {
    identity.needs(Scope::Run)?;
    web.parts.plugins.pause(&name, &identity.who)?;
    web.parts.state.flushed().await?;
    tracing::info!(plugin.name = %name, user = identity.who, "A plugin was paused");
    Ok(Json(web.parts.plugins.view(&name)?))
}

/// Lets a plugin be called again that was paused, or that failed too often
#[utoipa::path(post, path = "/api/v1/plugins/{name}/resume", tag = "plugins", params(("name" = PluginName, Path)),
    responses((status = 200, body = PluginView), (status = 404, body = Problem)))]
pub(crate) async fn resume(
    State(web): State<Web>,
    identity: Identity,
    Segment(name): Segment<PluginName>,
) -> Result<Json<PluginView>, Problem> {
    identity.needs(Scope::Run)?;
    web.parts.plugins.resume(&name)?;
    web.parts.state.flushed().await?;
    tracing::info!(plugin.name = %name, user = identity.who, "A plugin was resumed");
    Ok(Json(web.parts.plugins.view(&name)?))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Approval {
    /// Such as `http=api.example.com`, `run=yt-dlp`, `kv=1MiB` or `scratch=100MiB`.
    #[schema(value_type = String)]
    grant: Grant,
}

/// Grants a plugin something that it asks for
///
/// Holds from the next host call on, over restarts too, and lifts a withdrawal.
#[utoipa::path(post, path = "/api/v1/plugins/{name}/grants", tag = "plugins", params(("name" = PluginName, Path)),
    request_body = Approval,
    responses((status = 200, body = PluginView), (status = 404, body = Problem),
              (status = 409, description = "It does not ask for this", body = Problem)))]
pub(crate) async fn approve(
    State(web): State<Web>,
    identity: Identity,
    Segment(name): Segment<PluginName>,
    Body(approval): Body<Approval>,
) -> Result<Json<PluginView>, Problem> {
    identity.needs(Scope::Admin)?;
    let grant = approval.grant;
    web.parts.plugins.approve(&name, grant.clone(), &identity.who)?;
    web.parts.state.flushed().await?;
    tracing::info!(plugin.name = %name, grant = %grant, user = identity.who, "A grant was approved");
    Ok(Json(web.parts.plugins.view(&name)?))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Withdrawal {
    /// Such as `http=api.example.com`, `run=yt-dlp`, `kv` or `scratch`.
    #[schema(value_type = String)]
    grant: GrantKey,
}

/// Takes back what a plugin was granted, by the configuration or by somebody
///
/// Holds from the next host call on, over restarts too.
#[utoipa::path(post, path = "/api/v1/plugins/{name}/grants/withdraw", tag = "plugins",
    params(("name" = PluginName, Path)), request_body = Withdrawal,
    responses((status = 200, body = PluginView), (status = 404, body = Problem),
              (status = 409, description = "It does not have this", body = Problem)))]
pub(crate) async fn withdraw(
    State(web): State<Web>,
    identity: Identity,
    Segment(name): Segment<PluginName>,
    Body(withdrawal): Body<Withdrawal>,
) -> Result<Json<PluginView>, Problem> {
    identity.needs(Scope::Admin)?;
    let key = withdrawal.grant;
    web.parts.plugins.withdraw(&name, &key, &identity.who)?;
    web.parts.state.flushed().await?;
    tracing::info!(plugin.name = %name, grant = %key, user = identity.who, "A grant was withdrawn");
    Ok(Json(web.parts.plugins.view(&name)?))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Forgetting {
    /// What the plugin has stored (`kv`). Default: true.
    values: bool,
    /// What was granted and withdrawn outside the configuration. Default: true.
    decisions: bool,
}

impl Default for Forgetting {
    fn default() -> Self {
        Self { values: true, decisions: true }
    }
}

/// Forgets what a plugin remembers and what was decided about it
///
/// The plugin need not be there any more: what is left of one that is gone is listed as `remains`.
#[utoipa::path(post, path = "/api/v1/plugins/{name}/forget", tag = "plugins", params(("name" = PluginName, Path)),
    request_body = Forgetting,
    responses((status = 200, body = PluginForgotten), (status = 404, body = Problem)))]
pub(crate) async fn forget(
    State(web): State<Web>,
    identity: Identity,
    Segment(name): Segment<PluginName>,
    Body(Forgetting { values, decisions }): Body<Forgetting>,
) -> Result<Json<PluginForgotten>, Problem> {
    identity.needs(Scope::Admin)?;
    let forgotten = web.parts.plugins.forget(&name, values, decisions)?;
    web.parts.state.flushed().await?;
    let PluginForgotten { values, decisions } = forgotten;
    tracing::info!(plugin.name = %name, user = identity.who, values, decisions, "What was kept of a plugin was forgotten");
    Ok(Json(forgotten))
}

impl From<PluginError> for Problem {
    fn from(error: PluginError) -> Self {
        let text = error.to_string();
        match &error.failure {
            Failure::Unknown { .. } => Self::not_found(text)
                .fix("GET /api/v1/plugins and `tapedeck plugins list` show the names of all plugins."),
            Failure::NotAsked { .. } => {
                Self::conflict(text).fix("Grant what the plugin's page lists, and spell it as there.")
            }
            Failure::PartOfWithdrawn { .. } => {
                Self::conflict(text).fix("Approve the line of the plugin's page that was withdrawn.")
            }
            Failure::NotGiven { .. } => Self::conflict(text).fix("There is nothing to take back."),
            Failure::Loading => Self::conflict(text).fix("Wait until it is loaded, and try again."),
            Failure::Host { .. } => Self::internal(&error),
            _ => Self::new(StatusCode::CONFLICT, text)
                .fix("`tapedeck plugins show` and the plugin's page say more about it."),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::{plugin_host::guest::Guest, web::testing::TestWeb};

    fn asking() -> Vec<u8> {
        let manifest = json!({
            "id": "asking", "version": "1.2.0", "summary": "Asks.",
            "wants": { "http": [{ "host": "api.example.com", "methods": ["GET"], "why": "To look." }], "kv": { "bytes": 1024 } },
            "settings_schema": { "type": "object", "properties": { "word": { "type": "string" } } },
        });
        Guest::of_wit_beside("package test:guest; world guest { export tapedeck:plugin/chat-filter@1.0.0; }")
            .manifest(&manifest.to_string())
            .component()
    }

    async fn world() -> TestWeb {
        let world = TestWeb::open();
        world.add_plugin("asking", &asking()).await;
        world
    }

    /// `http: approved`, `kv: -`
    fn granted(plugin: &Value) -> Vec<String> {
        let line = |it: &Value| {
            let by = it["decided_by"].as_str().unwrap_or("-");
            assert_eq!(it["is_granted"], by == "approved");
            format!("{}: {by}", it["capability"].as_str().unwrap())
        };
        plugin["capabilities"].as_array().unwrap().iter().map(line).collect()
    }

    #[tokio::test]
    async fn lists_without_what_is_long() {
        let world = world().await;
        let list = world.get("/api/v1/plugins").send().await.json();
        assert_eq!(list["folder"], "/plugins");
        assert_eq!(
            (&list["plugins"][0]["name"], &list["plugins"][0]["state"]),
            (&json!("asking"), &json!("ready"))
        );
        assert!(list["plugins"][0]["settings_schema"].is_null());
        let one = world.get("/api/v1/plugins/asking").send().await.json();
        assert_eq!(one["settings_schema"]["properties"]["word"]["type"], "string");
        assert_eq!(one["settings"]["words"][0], "sale");
        let log = world.get("/api/v1/plugins/asking/log?limit=1").send().await.json();
        assert!(log["lines"].as_array().unwrap().len() <= 1, "{log}");
    }

    #[tokio::test]
    async fn unknown_plugins_are_not_found() {
        let world = TestWeb::open();
        for path in ["", "/log"] {
            world.get(&format!("/api/v1/plugins/zero{path}")).send().await.problem(404);
        }
        for action in ["reload", "pause", "resume"] {
            world.post(&format!("/api/v1/plugins/zero/{action}")).on_our_page().send().await.problem(404);
        }
        let grant = json!({ "grant": "kv=1MiB" });
        for action in ["grants", "grants/withdraw"] {
            let answer =
                world.post(&format!("/api/v1/plugins/zero/{action}")).on_our_page().json(&grant).send().await;
            assert!(answer.problem(404).contains("plugins list"), "{}", answer.text);
        }
    }

    #[tokio::test]
    async fn grants_are_given_and_taken_back() {
        let world = world().await;
        let post = async |action: &str, grant: &str| {
            let ask = world.post(&format!("/api/v1/plugins/asking/{action}")).on_our_page();
            ask.json(&json!({ "grant": grant })).send().await
        };
        let answer = post("grants", "http=api.example.com").await.json();
        assert_eq!(granted(&answer), ["http: approved", "kv: -"]);
        let answer = post("grants/withdraw", "http=api.example.com").await.json();
        assert_eq!(granted(&answer), ["http: withdrawn", "kv: -"]);
        let answer = post("grants", "http=api.example.com").await.json();
        assert_eq!(granted(&answer)[0], "http: approved", "an approval lifts a withdrawal");

        let refused = post("grants", "run=yt-dlp").await.problem(409);
        assert!(refused.contains("does not ask") && refused.contains("http=api.example.com"), "{refused}");
        post("grants/withdraw", "kv").await.problem(409);
        post("grants", "everything").await.problem(400);
    }

    #[tokio::test]
    async fn pause_and_resume_are_remembered() {
        let world = world().await;
        let post = async |action: &str| {
            world.post(&format!("/api/v1/plugins/asking/{action}")).on_our_page().send().await.json()
        };
        assert_eq!(post("pause").await["state"], "paused");
        assert!(world.state.plugin_pauses.get(&"asking".parse().unwrap()).unwrap().is_some());
        assert_eq!(post("resume").await["state"], "ready");
        assert!(world.state.plugin_pauses.get(&"asking".parse().unwrap()).unwrap().is_none());
        assert_eq!(post("reload").await["state"], "ready");
    }

    #[tokio::test]
    async fn what_is_kept_can_be_forgotten() {
        let world = world().await;
        for name in ["asking", "gone"] {
            world.state.plugin_kv.set(name, b"key", b"value", 100).unwrap();
        }
        let post = async |name: &str, what: Value| {
            world.post(&format!("/api/v1/plugins/{name}/forget")).on_our_page().json(&what).send().await
        };
        let grant = world.post("/api/v1/plugins/asking/grants").on_our_page();
        grant.json(&json!({ "grant": "kv=1KiB" })).send().await.json();
        let list = world.get("/api/v1/plugins").send().await.json();
        assert_eq!(list["remains"], json!([{ "name": "gone", "kv_bytes": 8, "decisions": 0 }]));

        let forgotten = post("asking", json!({ "decisions": false })).await.json();
        assert_eq!(forgotten, json!({ "values": 1, "decisions": 0 }));
        let forgotten = post("asking", json!({})).await.json();
        assert_eq!(forgotten, json!({ "values": 0, "decisions": 1 }));
        let plugin = world.get("/api/v1/plugins/asking").send().await.json();
        assert_eq!(granted(&plugin), ["http: -", "kv: -"], "from then on the configuration decides");
        assert_eq!(post("gone", json!({})).await.json()["values"], 1);
        assert_eq!(world.get("/api/v1/plugins").send().await.json()["remains"], json!([]));
        post("gone", json!({})).await.problem(404);
    }

    #[tokio::test]
    async fn each_address_has_its_scope() {
        let world = TestWeb::with_user().await;
        world.add_plugin("asking", &asking()).await;
        let (read, run) = (world.token(&["read"]).await, world.token(&["read", "run"]).await);
        assert_eq!(world.get("/api/v1/plugins").bearer(&read).send().await.status, 200);
        for action in ["pause", "resume", "reload"] {
            let path = format!("/api/v1/plugins/asking/{action}");
            world.post(&path).bearer(&read).send().await.problem(403);
            assert_eq!(world.post(&path).bearer(&run).send().await.status, 200);
        }
        for action in ["grants", "grants/withdraw"] {
            let ask = world.post(&format!("/api/v1/plugins/asking/{action}")).bearer(&run);
            ask.json(&json!({ "grant": "kv=1KiB" })).send().await.problem(403);
        }
        world.post("/api/v1/plugins/asking/forget").bearer(&run).json(&json!({})).send().await.problem(403);
    }
}

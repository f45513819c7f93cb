//! The description of the API, made from the handlers themselves.

use std::sync::OnceLock;

use axum::{body::Bytes, http::header, response::IntoResponse};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        self,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use super::{error::Problem, router};

#[derive(OpenApi)]
#[openapi(
    info(title = "Tapedeck", description = "Jobs, their runs, and what happens. docs/api.md has examples.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")),
    components(schemas(Problem)),
    modifiers(&Security),
    security(("token" = []), ("session" = [])),
    tags((name = "status"), (name = "jobs"), (name = "runs"), (name = "events"), (name = "config"), (name = "accounts"), (name = "plugins"), (name = "music"), (name = "archive"), (name = "listens"),
        (name = "session"), (name = "tokens"), (name = "users"), (name = "health"))
)]
pub(super) struct Api;

struct Security;

impl Modify for Security {
    fn modify(&self, api: &mut openapi::OpenApi) {
        let components = api.components.get_or_insert_default();
        let token = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An API token, from `tapedeck token add` or POST /api/v1/tokens"))
            .build();
        components.add_security_scheme("token", SecurityScheme::Http(token));
        let cookie = ApiKeyValue::with_description("tapedeck_session", "From POST /api/v1/session");
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    }
}

/// The whole document, OpenAPI 3.1.
pub fn document() -> openapi::OpenApi {
    let mut document = router::routes().split_for_parts().1;
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in [
            ("get", &mut item.get),
            ("post", &mut item.post),
            ("put", &mut item.put),
            ("delete", &mut item.delete),
        ] {
            if let Some(operation) = operation {
                operation.operation_id = Some(operation_id(method, path));
            }
        }
    }
    document
}

/// Client generators make a function of each: `post_jobs_job_run`. Handlers' own names repeat.
fn operation_id(method: &str, path: &str) -> String {
    let words =
        path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !matches!(*word, "" | "api" | "v1"));
    std::iter::once(method).chain(words).collect::<Vec<_>>().join("_")
}

/// Describes this API
#[utoipa::path(get, path = "/api/openapi.json", tag = "status", security(()),
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value)))]
pub(super) async fn show() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], json())
}

/// Made once: everybody may ask for it, and making it takes far longer than sending it.
fn json() -> Bytes {
    static JSON: OnceLock<Bytes> = OnceLock::new();
    let made =
        || serde_json::to_vec(&document()).expect("a document has string keys and no failing Serialize");
    JSON.get_or_init(|| made().into()).clone()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use axum::http::Method;
    use serde_json::{Value, json};

    use super::*;
    use crate::web::testing::{PASSWORD, TestWeb};

    fn parsed() -> Value {
        serde_json::to_value(document()).unwrap()
    }

    /// Method and path of everything in the document.
    fn operations() -> BTreeSet<(String, String)> {
        let document = parsed();
        let paths = document["paths"].as_object().unwrap();
        let of_path = |(path, item): (&String, &Value)| {
            let methods = item.as_object().unwrap().keys().map(|method| method.to_uppercase());
            methods.map(|method| (method, path.clone())).collect::<Vec<_>>()
        };
        paths.iter().flat_map(of_path).collect()
    }

    fn example(path: &str) -> String {
        let path = path.replace("{job}", "backup").replace("{event}", "rain").replace("{name}", "eve");
        let path = path.replace("{document}", "7");
        let path = path.replace("{chat}", "-1001234567890").replace("{number}", "7");
        path.replace("{id}", "01975f5e-9f0b-7d2e-8a53-6f2b3c4d5e6f")
    }

    /// What needs no scope.
    fn is_for_everybody(path: &str) -> bool {
        path.starts_with("/health/")
            || path.starts_with("/1/")
            || ["/api/v1/session", "/api/openapi.json", "/callback"].contains(&path)
    }

    #[test]
    fn operation_ids_are_unique() {
        let ids: Vec<String> = operations()
            .into_iter()
            .map(|(method, path)| operation_id(&method.to_lowercase(), &path))
            .collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{ids:?}");
        let document = parsed();
        assert_eq!(document["paths"]["/api/v1/jobs/{job}/run"]["post"]["operationId"], "post_jobs_job_run");
    }

    #[test]
    fn has_every_address_that_we_promise() {
        let promised = "\
            DELETE /api/v1/logins/{id}|DELETE /api/v1/session|DELETE /api/v1/tokens/{id}|DELETE /api/v1/users/{name}|\
            GET /1/validate-token|GET /api/openapi.json|GET /api/v1/accounts|\
            GET /api/v1/archive|GET /api/v1/archive/blocked|GET /api/v1/archive/chats|GET /api/v1/archive/chats/{chat}|\
            GET /api/v1/archive/chats/{chat}/certificate|GET /api/v1/archive/chats/{chat}/messages|GET /api/v1/archive/chats/{chat}/picture|GET /api/v1/archive/chats/{chat}/versions|\
            GET /api/v1/archive/exports|GET /api/v1/archive/exports/{id}/file|GET /api/v1/archive/formats|GET /api/v1/archive/poison|GET /api/v1/archive/search|GET /api/v1/archive/sweeps|GET /api/v1/archive/undo|\
            GET /api/v1/config|GET /api/v1/events|GET /api/v1/jobs|\
            GET /api/v1/jobs/{job}|GET /api/v1/logins/{id}|GET /api/v1/logins/{id}/qr.svg|\
            GET /api/v1/music/choices|GET /api/v1/music/cover|GET /api/v1/music/history|GET /api/v1/music/now|GET /api/v1/music/profile|\
            GET /api/v1/music/profile/explain|GET /api/v1/music/profile/songs/{document}/recording|GET /api/v1/music/queue|\
            GET /api/v1/plugins|GET /api/v1/plugins/{name}|GET /api/v1/plugins/{name}/log|GET /api/v1/runs|GET /api/v1/runs/{id}|GET /api/v1/runs/{id}/log|\
            GET /api/v1/session|GET /api/v1/spotify|GET /api/v1/spotify/logins/{id}|GET /api/v1/status|GET /api/v1/tokens|GET /api/v1/users|GET /auth|GET /callback|\
            GET /health/live|GET /health/ready|GET /metrics|\
            POST /1/submit-listens|POST /api/v1/accounts/{name}/logout|POST /api/v1/archive/blocked/{number}/apply|POST /api/v1/archive/blocked/{number}/dismiss|\
            POST /api/v1/archive/exports|POST /api/v1/archive/imports|POST /api/v1/archive/poison/retry|POST /api/v1/archive/undo|POST /api/v1/archive/uploads|\
            POST /api/v1/config/reload|POST /api/v1/events/{event}|POST /api/v1/jobs/{job}/pause|\
            POST /api/v1/jobs/{job}/resume|POST /api/v1/jobs/{job}/run|POST /api/v1/logins|POST /api/v1/logins/{id}/answer|\
            POST /api/v1/music/choices|POST /api/v1/music/choices/import|POST /api/v1/music/choices/undo|\
            POST /api/v1/music/profile/clean|POST /api/v1/music/profile/look|POST /api/v1/music/profile/move|POST /api/v1/music/profile/remove|POST /api/v1/music/profile/songs|\
            POST /api/v1/plugins/{name}/forget|POST /api/v1/plugins/{name}/grants|POST /api/v1/plugins/{name}/grants/withdraw|POST /api/v1/plugins/{name}/pause|\
            POST /api/v1/plugins/{name}/reload|POST /api/v1/plugins/{name}/resume|POST /api/v1/runs/{id}/cancel|\
            POST /api/v1/session|POST /api/v1/spotify/logins|POST /api/v1/spotify/logins/{id}/answer|POST /api/v1/spotify/logout|POST /api/v1/tokens|POST /api/v1/users";
        let found: Vec<_> = operations().iter().map(|(method, path)| format!("{method} {path}")).collect();
        assert_eq!(found.join("|"), promised);
    }

    #[test]
    fn routes_are_made_from_the_document_only() {
        let source = include_str!("router.rs");
        for way_around in [".route(", ".nest(", ".merge(axum", ".route_service(", ".nest_service("] {
            assert!(!source.contains(way_around), "`{way_around}` adds what the document does not know");
        }
    }

    #[tokio::test]
    async fn every_documented_address_exists() {
        let world = TestWeb::open();
        for (method, path) in operations() {
            let ask = world.ask(Method::from_bytes(method.as_bytes()).unwrap(), &example(&path));
            let response = ask.start().await;
            assert_ne!(response.status(), 405, "{method} {path}");
            if response.status() == 404 {
                let bytes = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
                assert!(!String::from_utf8_lossy(&bytes).contains("there is nothing at"), "{method} {path}");
            }
        }
    }

    #[tokio::test]
    async fn every_address_asks_who_it_is() {
        let world = TestWeb::with_user().await;
        let read = world.token(&["read"]).await;
        for (method, path) in operations().into_iter().filter(|(_, path)| !is_for_everybody(path)) {
            let ask = || world.ask(Method::from_bytes(method.as_bytes()).unwrap(), &example(&path));
            ask().send().await.problem(401);
            let is_read = method == "GET"
                && !["/users", "/tokens", "/logins", "/auth"].iter().any(|part| path.contains(part));
            let body = if path.ends_with("/users") {
                json!({ "name": "eve", "password": PASSWORD })
            } else if path.ends_with("/tokens") {
                json!({ "name": "eve", "scopes": ["read"] })
            } else if path.ends_with("/logins") {
                json!({ "account": "eve", "method": "qr" })
            } else if path.ends_with("/answer") {
                json!({ "answer": "resend" })
            } else if path.contains("/grants") {
                json!({ "grant": "kv=1MiB" })
            } else if path.ends_with("/profile/look") {
                json!({ "song": "1", "backend": "zero" })
            } else if path.ends_with("/music/choices") {
                json!({ "song": "1", "candidate": "x" })
            } else if path.ends_with("/choices/import") {
                json!({ "file": { "version": 1, "choices": [] } })
            } else if path.ends_with("/choices/undo")
                || path.ends_with("/profile/remove")
                || path.ends_with("/profile/move")
            {
                json!({ "song": "1" })
            } else {
                json!({})
            };
            let status = ask().bearer(&read).json(&body).start().await.status();
            assert_eq!(status == 403, !is_read, "{method} {path}: {status}");
        }
    }

    #[test]
    fn follows_its_own_references() {
        let document = parsed();
        assert_eq!(document["openapi"], "3.1.0");
        fn references(value: &Value, found: &mut BTreeSet<String>) {
            match value {
                Value::Object(fields) => {
                    found.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
                    fields.values().for_each(|value| references(value, found));
                }
                Value::Array(values) => values.iter().for_each(|value| references(value, found)),
                _ => {}
            }
        }
        let mut found = BTreeSet::new();
        references(&document, &mut found);
        assert!(found.len() > 15, "{found:?}");
        for reference in found {
            let place = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(place).is_some(), "{reference} leads nowhere");
        }
    }

    #[test]
    fn is_made_once() {
        assert_eq!(json().as_ptr(), json().as_ptr());
    }

    #[tokio::test]
    async fn is_there_before_signing_in() {
        let world = TestWeb::with_user().await;
        assert_eq!(world.get("/api/openapi.json").send().await.json(), parsed());
    }
}

//! The description of the API, made from the handlers themselves.

use axum::Json;
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
    tags((name = "status"), (name = "jobs"), (name = "runs"), (name = "events"), (name = "config"),
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
    router::routes().split_for_parts().1
}

/// Describes this API
#[utoipa::path(get, path = "/api/openapi.json", tag = "status", security(()),
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value)))]
pub(super) async fn show() -> Json<openapi::OpenApi> {
    Json(document())
}

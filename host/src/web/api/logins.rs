use axum::{
    Json,
    extract::State,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::IntoResponse,
};

use crate::{
    model::{LoginAnswer, LoginId, LoginRefusal, LoginRequest, LoginState, LoginView, Scope},
    web::{
        Web,
        auth::Identity,
        error::Problem,
        extract::{Body, Segment},
        qr,
    },
};

/// Starts to log in to a Telegram account
///
/// The answer's `step` says what follows; events of type `login` tell when it has changed. Only who
/// starts a login sees and answers it. A few can go on at once, one for each account.
#[utoipa::path(post, path = "/api/v1/logins", tag = "accounts", request_body = LoginRequest,
    responses((status = 201, body = LoginView), (status = 400, body = Problem),
              (status = 409, description = "Somebody is logging in to it, or it has no application", body = Problem),
              (status = 429, description = "Too many are going on", body = Problem)))]
pub(crate) async fn start(
    State(web): State<Web>,
    identity: Identity,
    Body(request): Body<LoginRequest>,
) -> Result<(StatusCode, Json<LoginView>), Problem> {
    identity.needs(Scope::Admin)?;
    let login = web.parts.accounts.start_login(request, &identity.who).await?;
    Ok((StatusCode::CREATED, Json(login)))
}

/// Shows where a login stands
#[utoipa::path(get, path = "/api/v1/logins/{id}", tag = "accounts", params(("id" = LoginId, Path)),
    responses((status = 200, body = LoginView), (status = 404, body = Problem)))]
pub(crate) async fn show(
    State(web): State<Web>,
    identity: Identity,
    Segment(id): Segment<LoginId>,
) -> Result<Json<LoginView>, Problem> {
    identity.needs(Scope::Admin)?;
    Ok(Json(web.parts.accounts.login(id, &identity.who)?))
}

/// Gives a login up
#[utoipa::path(delete, path = "/api/v1/logins/{id}", tag = "accounts", params(("id" = LoginId, Path)),
    responses((status = 204, description = "Given up"), (status = 404, body = Problem)))]
pub(crate) async fn cancel(
    State(web): State<Web>,
    identity: Identity,
    Segment(id): Segment<LoginId>,
) -> Result<StatusCode, Problem> {
    identity.needs(Scope::Admin)?;
    web.parts.accounts.cancel_login(id, &identity.who)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Answers what a login asks for
///
/// The step is `connecting` until Telegram has answered.
#[utoipa::path(post, path = "/api/v1/logins/{id}/answer", tag = "accounts", params(("id" = LoginId, Path)),
    request_body = LoginAnswer,
    responses((status = 200, body = LoginView), (status = 404, body = Problem),
              (status = 409, description = "It does not ask for this now", body = Problem)))]
pub(crate) async fn answer(
    State(web): State<Web>,
    identity: Identity,
    Segment(id): Segment<LoginId>,
    Body(answer): Body<LoginAnswer>,
) -> Result<Json<LoginView>, Problem> {
    identity.needs(Scope::Admin)?;
    Ok(Json(web.parts.accounts.answer_login(id, &identity.who, answer)?))
}

/// Shows the QR code as a picture
#[utoipa::path(get, path = "/api/v1/logins/{id}/qr.svg", tag = "accounts", params(("id" = LoginId, Path)),
    responses((status = 200, description = "The picture", body = String, content_type = "image/svg+xml"),
              (status = 404, body = Problem), (status = 409, description = "There is none now", body = Problem)))]
pub(crate) async fn qr_code(
    State(web): State<Web>,
    identity: Identity,
    Segment(id): Segment<LoginId>,
) -> Result<impl IntoResponse, Problem> {
    identity.needs(Scope::Admin)?;
    let step = web.parts.accounts.login(id, &identity.who)?.step;
    let LoginState::Qr { url, .. } = &step else {
        return Err(LoginRefusal::NotAsked { state: step.name() }.into());
    };
    let picture = qr::svg(url).ok_or_else(|| {
        Problem::unavailable("the link does not fit into a QR code")
            .fix("Open the link on the phone instead.")
    })?;
    let headers: [(HeaderName, HeaderValue); 1] =
        [(header::CONTENT_TYPE, HeaderValue::from_static("image/svg+xml"))];
    Ok((headers, picture))
}

impl From<LoginRefusal> for Problem {
    fn from(refusal: LoginRefusal) -> Self {
        let (text, fix) = (refusal.to_string(), refusal.fix());
        match refusal {
            LoginRefusal::Unknown(_) | LoginRefusal::NotLoggedIn { .. } => Self::not_found(text),
            LoginRefusal::NoPhone | LoginRefusal::ImportElsewhere => Self::bad_request(text),
            LoginRefusal::TooMany { .. } => return Self::too_many(text, 60),
            LoginRefusal::Failed(_) => Self::unavailable(text),
            LoginRefusal::IsOver
            | LoginRefusal::NotAsked { .. }
            | LoginRefusal::NoOtherWay
            | LoginRefusal::Busy { .. }
            | LoginRefusal::NoApplication { .. } => Self::conflict(text),
        }
        .fix(fix)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::web::testing::TestWeb;

    #[tokio::test]
    async fn missing_application_is_explained() {
        let world = TestWeb::open();
        let request = json!({ "account": "main", "method": "qr" });
        let answer = world.post("/api/v1/logins").on_our_page().json(&request).send().await;
        assert_eq!(answer.status, 409, "{}", answer.text);
        assert!(answer.text.contains("my.telegram.org"), "{}", answer.text);
        let accounts = world.get("/api/v1/accounts").send().await.json();
        assert_eq!(accounts["has_application"], false);
        assert_eq!(accounts["accounts"][0]["name"], "main");
        assert_eq!(accounts["accounts"][0]["state"], "logged-out");
    }

    #[tokio::test]
    async fn phone_logins_need_a_number() {
        let world = TestWeb::open();
        let request = json!({ "account": "main", "method": "phone" });
        let answer = world.post("/api/v1/logins").on_our_page().json(&request).send().await;
        assert_eq!(answer.status, 400, "{}", answer.text);
        assert!(answer.text.contains("country code"), "{}", answer.text);
    }

    #[tokio::test]
    async fn unknown_logins_and_accounts_are_not_found() {
        let world = TestWeb::open();
        let login = "/api/v1/logins/01975f5e-9f0b-7d2e-8a53-6f2b3c4d5e6f";
        world.get(login).send().await.problem(404);
        world.get(&format!("{login}/qr.svg")).send().await.problem(404);
        let logout = world.post("/api/v1/accounts/main/logout").on_our_page();
        logout.json(&json!({})).send().await.problem(404);
    }
}

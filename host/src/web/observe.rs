//! Around every request: a time limit, one log line, one count, and an answer even when the
//! handler panics. Never the query: it can hold what nobody should read.

use std::panic::AssertUnwindSafe;

use axum::{
    extract::{MatchedPath, Request, State},
    http::{Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use futures_util::FutureExt as _;

use super::{
    Web,
    api::archive::uploads,
    error::{PROBLEM_JSON, Problem},
};

/// Left in the answer by whoever knows who asked.
#[derive(Clone, Debug)]
pub(crate) struct Who(pub(crate) String);

pub(crate) async fn observe(State(web): State<Web>, request: Request, next: Next) -> Response {
    let started = tokio::time::Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    // Everything that is no route of the API is one series, or a scanner would make thousands.
    let route = route.as_ref().map_or("page", MatchedPath::as_str);
    let answering = async {
        match route {
            // It has a limit of its own, for what comes of the file.
            uploads::PATH => Ok(next.run(request).await),
            _ => tokio::time::timeout(web.patience.request, next.run(request)).await,
        }
    };
    let answer = AssertUnwindSafe(answering).catch_unwind().await;
    let response = match answer {
        Ok(Ok(response)) => as_problem(response),
        Ok(Err(_)) => too_slow().into_response(),
        Err(_) => {
            tracing::error!(http.route = route, "A request handler has panicked; this is a bug");
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "something went wrong inside tapedeck")
                .fix("The daemon's log has the cause.")
                .into_response()
        }
    };
    let duration_ms = started.elapsed().as_secs_f64() * 1000.0;
    let status = response.status().as_u16();
    web.metrics.count_request(&method, route, status);
    let who = response.extensions().get::<Who>().map(|who| who.0.as_str());
    log(&method, route, status, duration_ms, who);
    response
}

/// What only reads is asked for by every open page all the time.
fn log(method: &Method, route: &str, status: u16, duration_ms: f64, who: Option<&str>) {
    let method = method.as_str();
    if matches!(method, "GET" | "HEAD") && status < 500 {
        tracing::debug!(
            http.method = method,
            http.route = route,
            http.status = status,
            duration_ms,
            user.name = who,
            "Answered"
        );
    } else {
        tracing::info!(
            http.method = method,
            http.route = route,
            http.status = status,
            duration_ms,
            user.name = who,
            "Answered"
        );
    }
}

fn too_slow() -> Problem {
    Problem::new(StatusCode::REQUEST_TIMEOUT, "the request took longer than 30 seconds")
        .fix("Send the body faster, or ask for less at a time.")
}

/// The router's own refusals have no body; ours explain themselves.
fn as_problem(response: Response) -> Response {
    if response.status() != StatusCode::METHOD_NOT_ALLOWED {
        return response;
    }
    if response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == PROBLEM_JSON) {
        return response;
    }
    let allow = response.headers().get(header::ALLOW).cloned();
    let methods = allow.as_ref().and_then(|allow| allow.to_str().ok()).unwrap_or("GET").to_owned();
    let mut problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this address does not take that method")
        .fix(format!("Use {methods}."))
        .into_response();
    if let Some(allow) = allow {
        problem.headers_mut().insert(header::ALLOW, allow);
    }
    problem
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body, middleware::from_fn_with_state, routing::get};
    use tower::ServiceExt as _;

    use super::*;
    use crate::web::testing::TestWeb;

    #[tokio::test]
    async fn a_panic_is_an_answer() {
        let world = TestWeb::open();
        async fn boom() {
            panic!("hunter2");
        }
        let layer = from_fn_with_state(world.web.clone(), observe);
        let router: Router = Router::new().route("/boom", get(boom)).layer(layer);
        let request = Request::get("/boom").body(Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        assert_eq!(response.status(), 500);
        assert_eq!(response.headers()[header::CONTENT_TYPE], PROBLEM_JSON);
    }

    #[tokio::test]
    async fn wrong_methods_learn_the_right_ones() {
        let world = TestWeb::open();
        let answer = world.delete("/api/v1/jobs/backup").send().await;
        assert!(answer.problem(405).contains("GET"));
        assert_eq!(answer.headers[header::ALLOW], "GET,HEAD");
        let answer = world.post("/jobs").send().await;
        answer.problem(405);
        assert_eq!(answer.headers[header::ALLOW], "GET, HEAD");
    }
}

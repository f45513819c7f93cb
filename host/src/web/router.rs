use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state},
};
use tower_http::compression::{
    CompressionLayer,
    predicate::{DefaultPredicate, NotForContentType, Predicate},
};
use utoipa::OpenApi as _;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Web,
    api::{
        accounts, archive, choices, config, events, jobs, logins, music, plugins, profile, recordings, runs,
        session, spotify as spotify_api, status, tokens, users,
    },
    assets, auth, headers, health, listenbrainz, metrics, observe, openapi, spotify,
};

const BODY_BYTES: usize = 1024 * 1024;
/// A song of one's own.
pub(crate) const SONG_BYTES: usize = 50 * 1024 * 1024;

/// Everything that the document describes, and nothing else.
pub(super) fn routes() -> OpenApiRouter<Web> {
    guarded().merge(unguarded()).merge(scrobbled())
}

/// The guard finds out who asks; each handler says what that takes.
fn guarded() -> OpenApiRouter<Web> {
    OpenApiRouter::with_openapi(openapi::Api::openapi())
        .routes(routes!(status::show))
        .routes(routes!(jobs::list))
        .routes(routes!(jobs::show))
        .routes(routes!(jobs::run))
        .routes(routes!(jobs::pause))
        .routes(routes!(jobs::resume))
        .routes(routes!(runs::list))
        .routes(routes!(runs::show))
        .routes(routes!(runs::log))
        .routes(routes!(runs::cancel))
        .routes(routes!(events::listen))
        .routes(routes!(events::emit))
        .routes(routes!(config::show))
        .routes(routes!(config::reload))
        .routes(routes!(session::show, session::sign_in, session::sign_out))
        .routes(routes!(tokens::list, tokens::add))
        .routes(routes!(tokens::remove))
        .routes(routes!(users::list, users::add))
        .routes(routes!(users::remove))
        .routes(routes!(accounts::list))
        .routes(routes!(accounts::log_out))
        .routes(routes!(logins::start))
        .routes(routes!(logins::show, logins::cancel))
        .routes(routes!(logins::answer))
        .routes(routes!(logins::qr_code))
        .routes(routes!(spotify_api::show))
        .routes(routes!(spotify_api::log_out))
        .routes(routes!(spotify_api::start))
        .routes(routes!(spotify_api::login))
        .routes(routes!(spotify_api::answer))
        .routes(routes!(spotify::set_out))
        .routes(routes!(plugins::list))
        .routes(routes!(plugins::show))
        .routes(routes!(plugins::log))
        .routes(routes!(plugins::reload))
        .routes(routes!(plugins::pause))
        .routes(routes!(plugins::resume))
        .routes(routes!(plugins::approve))
        .routes(routes!(plugins::withdraw))
        .routes(routes!(plugins::forget))
        .routes(routes!(music::now))
        .routes(routes!(music::history))
        .routes(routes!(recordings::cover))
        .routes(routes!(recordings::recording))
        .routes(routes!(choices::list, choices::choose))
        .routes(routes!(choices::undo))
        .routes(routes!(choices::import))
        .routes(routes!(profile::list))
        .routes(routes!(profile::queue))
        .routes(routes!(profile::explain))
        .routes(routes!(profile::look))
        .routes(routes!(profile::remove))
        .routes(routes!(profile::move_song))
        .routes(routes!(profile::clean))
        .merge(OpenApiRouter::new().routes(routes!(profile::add)).layer(DefaultBodyLimit::max(SONG_BYTES)))
        .routes(routes!(archive::show))
        .routes(routes!(archive::chats::list))
        .routes(routes!(archive::chats::show))
        .routes(routes!(archive::pictures::show))
        .routes(routes!(archive::messages::list))
        .routes(routes!(archive::messages::versions))
        .routes(routes!(archive::search::search))
        .routes(routes!(archive::poison::list))
        .routes(routes!(archive::poison::retry))
        .routes(routes!(archive::blocked::list))
        .routes(routes!(archive::blocked::apply))
        .routes(routes!(archive::blocked::dismiss))
        .routes(routes!(archive::undo::list, archive::undo::undo))
        .routes(routes!(archive::certificates::show))
        .routes(routes!(archive::sweeps::list))
        .routes(routes!(archive::exports::formats))
        .routes(routes!(archive::exports::list, archive::exports::start))
        .routes(routes!(archive::exports::download))
        .routes(routes!(archive::imports::start))
        // It counts by itself what it takes.
        .merge(
            OpenApiRouter::new().routes(routes!(archive::uploads::take)).layer(DefaultBodyLimit::disable()),
        )
        .routes(routes!(metrics::show))
}

fn unguarded() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(openapi::show))
        .routes(routes!(spotify::come_back))
}

/// Clients that are not ours, which know no other guard than their token.
fn scrobbled() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(listenbrainz::submit)).routes(routes!(listenbrainz::validate))
}

/// What is packed already is not packed again.
fn worth_compressing() -> impl Predicate {
    DefaultPredicate::new().and(NotForContentType::const_new(archive::exports::PACKED))
}

pub(super) fn build(web: Web) -> Router {
    let guarded = guarded().route_layer(from_fn_with_state(web.clone(), auth::guard));
    let scrobbled = scrobbled()
        .route_layer(listenbrainz::body_limit())
        .route_layer(from_fn(listenbrainz::allow_all_origins));
    let (routes, _) = guarded.merge(unguarded()).merge(scrobbled).split_for_parts();
    routes
        .fallback(assets::show)
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(CompressionLayer::new().compress_when(worth_compressing()))
        .layer(from_fn_with_state(web.clone(), observe::observe))
        .layer(from_fn_with_state(web.clone(), headers::harden))
        .with_state(web)
}

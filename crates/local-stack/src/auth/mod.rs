//! A stand-in for the platform's Auth server: enough for people to sign up, sign
//! in, stay signed in and sign out, with real rows in `auth.*` and tokens signed
//! with ES256 as real projects have them.
//!
//! Absent: e-mails (addresses count as confirmed), phones, outside providers,
//! second factors, hooks.
//!
//! - [`routes`]: the endpoints.
//! - [`store`]: users, sessions and refresh tokens in the database.
//! - [`token`]: the claims of an access token.
//! - [`error`]: refusals in the shape clients expect.

mod error;
mod routes;
mod store;
mod token;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::config;
use crate::database::Database;
use crate::keys::Keys;
use crate::log::Log;
use store::Store;

/// What the endpoints need.
pub(crate) struct Auth {
    keys: Arc<Keys>,
    store: Store,
    settings: config::Auth,
    /// The `iss` of every token.
    issuer: String,
    log: Log,
}

impl Auth {
    /// `database` connects as the superuser; rows are written as Auth's own role.
    pub(crate) fn new(
        keys: Arc<Keys>,
        database: Database,
        settings: config::Auth,
        api_url: &str,
        log: Log,
    ) -> Self {
        Self {
            keys,
            store: Store::new(database),
            settings,
            issuer: format!("{api_url}/auth/v1"),
            log,
        }
    }
}

/// The endpoints, relative to `/auth/v1`.
pub(crate) fn router(auth: Auth) -> Router {
    Router::new()
        .route("/signup", post(routes::sign_up))
        .route("/token", post(routes::token))
        .route("/user", get(routes::user).put(routes::update_user))
        .route("/logout", post(routes::log_out))
        .route("/health", get(routes::health))
        .route("/settings", get(routes::settings))
        .route("/.well-known/jwks.json", get(routes::public_keys))
        .with_state(Arc::new(auth))
}

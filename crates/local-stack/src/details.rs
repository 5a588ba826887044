//! How to reach a running stack.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Addresses and keys, printed when the stack is ready and kept in `stack.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Details {
    /// The gateway: what `SUPABASE_URL` is set to.
    pub api_url: String,
    /// Where the edge functions are called.
    pub functions_url: String,
    /// The database as `postgres`, who owns the schema and is no superuser.
    pub db_url: String,
    /// The database as the superuser; for measurements and for breaking things in tests.
    pub admin_db_url: String,
    /// The API key with the rights of `anon`.
    pub publishable_key: String,
    /// The API key with the rights of `service_role`.
    pub secret_key: String,
    /// The legacy API key (a token) with the rights of `anon`.
    pub anon_key: String,
    /// The legacy API key (a token) with the rights of `service_role`.
    pub service_role_key: String,
    /// The shared secret with which legacy tokens are signed.
    pub jwt_secret: String,
    /// Straight to PostgREST, past the gateway; for measurements.
    pub postgrest_url: String,
    /// The folder with everything the stack writes.
    pub data: PathBuf,
    /// The folder with one log file per part.
    pub logs: PathBuf,
    /// The process that runs the stack.
    pub pid: u32,
}

//! The ports of `use-cases` over the real world: PostgREST, HTTP, the built-in services.
//!
//! - [`config`] reads the environment of the function
//! - [`token`] recognises who calls
//! - [`http`] is the way out: the transport that the host implements, and what guards it
//! - [`postgrest`] holds the collections, one file each
//! - [`vault`] encrypts secrets
//! - [`services`] holds the providers of outside services
//!
//! To add an outside service: a file in `services` that implements its port over
//! [`http::HttpClient`], which refuses addresses that a server must not call. To add a table: see
//! [`postgrest`]. Nothing here knows JavaScript or decides a question of the business.

pub mod config;
mod error;
pub mod http;
mod jwks;
pub mod postgrest;
pub mod services;
pub mod token;
pub mod vault;

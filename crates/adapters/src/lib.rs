//! The ports of `use-cases` over the real world: PostgREST, HTTP, the built-in services.
//!
//! - [`config`] reads the environment of the function
//! - [`token`] recognises who calls, [`jwks`] keeps the keys for it
//! - [`http`] is the way out: the transport the host implements, and what guards it

pub mod config;
pub mod http;
mod jwks;
pub mod token;

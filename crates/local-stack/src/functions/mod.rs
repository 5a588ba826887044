//! The edge functions of `supabase/functions`, unchanged, each under a Deno of its own.
//!
//! - [`registry`]: which functions there are, and their processes.
//! - [`admission`]: who may call one that asks for a token (`verify_jwt`).
//! - `shim.js`: what the platform's runtime offers beyond Deno.

pub(crate) mod admission;
pub(crate) mod registry;

/// The module that is loaded before a function's own.
pub(crate) const SHIM: &str = include_str!("shim.js");

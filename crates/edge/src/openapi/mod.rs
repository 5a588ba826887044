//! The description of the API: OpenAPI 3.1, made of the same types that requests are read into
//! and answers are written from. Not in the module; `cargo xtask openapi` writes it.
//!
//! | file | what |
//! | --- | --- |
//! | `operations/` | what is said of each operation; a match over all of them |
//! | `description.rs` | the words that is said in: body, answers, parameters, refusals |
//! | `document.rs` | the whole document out of them |
//! | `schemas.rs` | schemas of types, closed against what they do not name |
//! | `refusals.rs` | problem+json |
//! | `examples.rs` | an example for every body and answer |
//! | `conformance.rs` | whether an answer is what is said of it; every test of a route asks |
//!
//! To describe an operation: a function in the file of its noun below `operations/`, and an arm
//! in `operations/mod.rs`.

#[cfg(test)]
pub(crate) mod conformance;
mod description;
mod document;
mod examples;
mod operations;
mod refusals;
mod schemas;

pub use document::document;

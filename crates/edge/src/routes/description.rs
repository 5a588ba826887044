//! What the API says of itself: OpenAPI, made of the types of this crate and kept beside the module.

use crate::call::{Answer, Wiring};
use crate::problem::{Problem, Success};
use crate::query::Query;
use crate::request::Request;
use crate::response::Response;

pub(crate) async fn read<W: Wiring>(wiring: &W, request: &Request) -> Answer {
    Query::read(request, &[])?;
    let description = wiring.description().await.map_err(Problem::internal)?;
    Ok(Response::text(Success::Ok, description))
}

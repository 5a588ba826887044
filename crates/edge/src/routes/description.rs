//! What the API says of itself and of its events: documents made of the types, kept beside the module.

use crate::call::{Answer, Document, Wiring};
use crate::problem::{Problem, Success};
use crate::query::Query;
use crate::request::Request;
use crate::response::Response;

pub(crate) async fn read<W: Wiring>(wiring: &W, request: &Request, document: Document) -> Answer {
    Query::read(request, &[])?;
    let text = wiring.document(document).await.map_err(Problem::internal)?;
    Ok(Response::text(Success::Ok, text))
}

#[cfg(test)]
mod tests {
    use crate::testing::Stage;

    #[test]
    fn the_schemas_of_events_are_public() {
        let stage = Stage::new();
        let schemas = stage.ask("GET", "/schemas/events").by("").send().ok(200);
        let schemas = schemas["items"].as_array().unwrap().clone();
        let added = schemas
            .iter()
            .find(|it| it["eventType"] == "ContainerNodeAdded")
            .unwrap();
        assert_eq!(added["eventVersion"], 1);
        assert!(added["schema"]["properties"]["addedBy"].is_object());
    }
}

//! Frozen snapshots of models. They are written along with their model, by its save.

use domain::ids::ModelId;
use use_cases::context::Context;
use use_cases::ports::{Clock, ModelVersion, ModelVersions, Page, PageRequest, PortError};

use super::client::Session;
use super::query::Order;
use super::table::Table;
use crate::http::Transport;

const WHOLE: Table<ModelVersion> = Table::new(
    "function_model_versions",
    &[
        "version_id",
        "model_id",
        "version_number",
        "version_data",
        "author_id",
        "is_published",
        "notes",
        "previous_version",
        "created_at",
    ],
);
const WITHOUT_DATA: Table<ModelVersion> = Table::new(
    "function_model_versions",
    &[
        "version_id",
        "model_id",
        "version_number",
        "author_id",
        "is_published",
        "notes",
        "previous_version",
        "created_at",
    ],
);
const NEWEST_FIRST: Order = Order::newest_first("created_at", "version_id");

/// [`ModelVersions`] over PostgREST.
pub struct PostgrestModelVersions<H, C> {
    session: Session<H, C>,
}

impl<H: Transport, C: Clock> PostgrestModelVersions<H, C> {
    /// The snapshots that the session's caller may see.
    pub fn new(session: Session<H, C>) -> Self {
        Self { session }
    }
}

impl<H: Transport, C: Clock> ModelVersions for PostgrestModelVersions<H, C> {
    async fn find(
        &self,
        _context: &Context,
        model_id: ModelId,
        version_number: &str,
    ) -> Result<Option<ModelVersion>, PortError> {
        let read = WHOLE
            .read(&self.session)
            .eq("model_id", model_id)
            .eq("version_number", version_number);
        WHOLE.find(&self.session, "model_versions.find", read).await
    }

    async fn list(
        &self,
        _context: &Context,
        model_id: ModelId,
        page: &PageRequest,
    ) -> Result<Page<ModelVersion>, PortError> {
        let read = WITHOUT_DATA.read(&self.session).eq("model_id", model_id);
        let operation = "model_versions.list";
        WITHOUT_DATA
            .page(&self.session, operation, read, NEWEST_FIRST, page)
            .await
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use serde_json::json;

    use super::*;
    use crate::http::script::{Script, StillClock, answer};
    use crate::postgrest::script::{ID, WHEN, context, parameter, session};

    #[test]
    fn a_snapshot_is_found_with_its_data_and_listed_without() {
        let mut row = json!({
            "versionId": ID, "modelId": ID, "versionNumber": "1.0.0", "versionData": {"name": "a"},
            "authorId": ID, "isPublished": true, "notes": null, "previousVersion": null, "createdAt": WHEN,
        });
        let whole = json!([row]).to_string();
        row.as_object_mut().unwrap().remove("versionData");
        let script = Script::of([answer(200, &whole), answer(200, &json!([row]).to_string())]);
        let clock = StillClock::default();
        let versions = PostgrestModelVersions::new(session(&script, &clock));
        let id = ModelId::parse(ID).unwrap();
        let found = block_on(versions.find(&context(), id, "1.0.0"))
            .unwrap()
            .unwrap();
        assert_eq!(found.version_data, Some(json!({"name": "a"})));
        let page = block_on(versions.list(&context(), id, &PageRequest::default())).unwrap();
        assert_eq!(page.items[0].version_data, None);
        let sent = script.sent();
        assert_eq!(
            parameter(&sent[0], "version_number").as_deref(),
            Some("eq.1.0.0")
        );
        assert!(
            !parameter(&sent[1], "select")
                .unwrap()
                .contains("version_data")
        );
    }
}

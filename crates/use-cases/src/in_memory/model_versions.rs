//! Frozen snapshots of models.

use std::rc::Rc;

use domain::ids::ModelId;
use serde_json::json;

use super::page::page;
use super::store::Shared;
use crate::context::Context;
use crate::ports::{self, ModelVersion, Page, PageRequest, PortError};

/// A twin of the stored snapshots.
#[derive(Debug)]
pub struct ModelVersions(pub(super) Rc<Shared>);

impl ports::ModelVersions for ModelVersions {
    async fn find(
        &self,
        context: &Context,
        model_id: ModelId,
        version_number: &str,
    ) -> Result<Option<ModelVersion>, PortError> {
        self.0.faults.check("model_versions.find")?;
        let store = self.0.store.borrow();
        let mut versions = store.versions.iter();
        let found = versions.find(|v| v.model_id == model_id && v.version_number == version_number);
        Ok(found.filter(|_| store.shows(context, model_id)).cloned())
    }

    async fn list(
        &self,
        context: &Context,
        model_id: ModelId,
        request: &PageRequest,
    ) -> Result<Page<ModelVersion>, PortError> {
        self.0.faults.check("model_versions.list")?;
        let store = self.0.store.borrow();
        let versions = store.versions.iter().rev();
        let all = versions
            .filter(|v| v.model_id == model_id && store.shows(context, model_id))
            .map(|version| ModelVersion {
                version_data: None,
                ..version.clone()
            })
            .collect();
        Ok(page(all, |v| json!(v.version_id), request))
    }
}

//! The snapshots of a model.

use domain::ids::ModelId;
use use_cases::function_model;

use crate::call::{Answer, Call, Wiring, id};
use crate::query::PAGE;

pub(crate) async fn list<W: Wiring>(call: &Call<'_, W>, model: &str) -> Answer {
    let query = call.query(&[&PAGE])?;
    let page = call.page(&query, 20)?;
    let model_id = id("modelId", model, ModelId::parse)?;
    let found = function_model::list_versions(call.ports(), &call.context, model_id, &page).await?;
    Ok(call.list(&query, &found))
}

pub(crate) async fn read<W: Wiring>(call: &Call<'_, W>, model: &str, number: &str) -> Answer {
    let query = call.query(&[&["fields"]])?;
    let model_id = id("modelId", model, ModelId::parse)?;
    let found = function_model::read_version(call.ports(), &call.context, model_id, number).await?;
    Ok(call.one(&query, &found))
}

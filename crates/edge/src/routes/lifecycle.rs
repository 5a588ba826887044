//! The life of a model: permissions, copies, versions, archiving, deletion, recovery.

use domain::function_model::commands::{
    ArchiveFunctionModel, CreateModelVersion, DuplicateFunctionModel, RestoreFunctionModel,
    SoftDeleteFunctionModel,
};
use domain::function_model::{FunctionModel, Permissions};
use domain::ids::{ModelId, UserId};
use domain::json;
use use_cases::Saved;
use use_cases::function_model::{
    self, ArchivedModel, CreatedVersion, DeletedModel, DeletedModels, RestoredModel, WORKING,
};

use super::function_models::shown;
use crate::call::{Answer, Call, Wiring, id};
use crate::problem::{Problem, Success};
use crate::query::PAGE;
use crate::response::Response;

/// How far back deleted models can be asked for, in days.
pub(crate) const MOST_DAYS: u64 = 36_500;

fn model_of(saved: &Saved<FunctionModel>) -> Response {
    Response::json(Success::Ok, &shown(&saved.value, false, false)).with_revision(saved.revision)
}

pub(crate) async fn change_permissions<W: Wiring>(call: &Call<'_, W>, model: &str) -> Answer {
    let model_id = id("modelId", model, ModelId::parse)?;
    let lists: Permissions = call.body()?;
    let keep = |saved: &Saved<FunctionModel>| model_of(saved).to_stored();
    let (ports, context) = (call.ports(), &call.context);
    let saved = function_model::change_permissions(ports, context, model_id, lists, keep).await?;
    Ok(model_of(&saved))
}

pub(crate) async fn duplicate<W: Wiring>(call: &Call<'_, W>, model: &str) -> Answer {
    let model_id = id("modelId", model, ModelId::parse)?;
    let command: DuplicateFunctionModel = call.body()?;
    let render = |saved: &Saved<FunctionModel>| {
        Response::json(Success::Created, &shown(&saved.value, false, false))
            .with_revision(saved.revision)
            .with_location(&format!("/function-models/{}", saved.value.model_id))
    };
    let keep = |saved: &Saved<FunctionModel>| render(saved).to_stored();
    let (ports, context) = (call.ports(), &call.context);
    let saved = function_model::duplicate(ports, context, model_id, &command, keep).await?;
    Ok(render(&saved))
}

pub(crate) async fn create_version<W: Wiring>(call: &Call<'_, W>, model: &str) -> Answer {
    let model_id = id("modelId", model, ModelId::parse)?;
    let command: CreateModelVersion = call.body()?;
    let render = |saved: &Saved<CreatedVersion>| {
        let path = match saved.value.version_id {
            Some(_) => format!(
                "/function-models/{model_id}/versions/{}",
                saved.value.version
            ),
            None => format!("/function-models/{model_id}"),
        };
        Response::json(Success::Created, &saved.value)
            .with_revision(saved.revision)
            .with_location(&path)
    };
    let keep = |saved: &Saved<CreatedVersion>| render(saved).to_stored();
    let (ports, context) = (call.ports(), &call.context);
    let saved = function_model::create_version(ports, context, model_id, command, keep).await?;
    Ok(render(&saved))
}

pub(crate) async fn compare_versions<W: Wiring>(call: &Call<'_, W>, model: &str) -> Answer {
    let query = call.query(&[&["from", "to", "fields"]])?;
    let model_id = id("modelId", model, ModelId::parse)?;
    let Some(from) = query.text("from") else {
        let detail = "from is needed: the number of a version.";
        return Err(Problem::invalid_field("from", "required", detail).into());
    };
    let to = query.text("to").unwrap_or(WORKING);
    let (ports, context) = (call.ports(), &call.context);
    let found = function_model::compare_versions(ports, context, model_id, from, to).await?;
    Ok(call.one(&query, &found))
}

pub(crate) async fn restore_version<W: Wiring>(
    call: &Call<'_, W>,
    model: &str,
    number: &str,
) -> Answer {
    let model_id = id("modelId", model, ModelId::parse)?;
    let keep = |saved: &Saved<FunctionModel>| model_of(saved).to_stored();
    let (ports, context) = (call.ports(), &call.context);
    let saved = function_model::restore_version(ports, context, model_id, number, keep).await?;
    Ok(model_of(&saved))
}

pub(crate) async fn archive<W: Wiring>(call: &Call<'_, W>, model: &str) -> Answer {
    let model_id = id("modelId", model, ModelId::parse)?;
    let command: ArchiveFunctionModel = call.body()?;
    let render = |saved: &Saved<ArchivedModel>| {
        Response::json(Success::Ok, &saved.value).with_revision(saved.revision)
    };
    let keep = |saved: &Saved<ArchivedModel>| render(saved).to_stored();
    let (ports, context) = (call.ports(), &call.context);
    let saved = function_model::archive(ports, context, model_id, &command, keep).await?;
    Ok(render(&saved))
}

pub(crate) async fn assess_archive<W: Wiring>(call: &Call<'_, W>, model: &str) -> Answer {
    let query = call.query(&[&["fields"]])?;
    let model_id = id("modelId", model, ModelId::parse)?;
    let found = function_model::assess_archive(call.ports(), &call.context, model_id).await?;
    Ok(call.one(&query, &found))
}

pub(crate) async fn soft_delete<W: Wiring>(call: &Call<'_, W>, model: &str) -> Answer {
    let query = call.query(&[&[
        "reason",
        "enforceReferentialIntegrity",
        "allowCascading",
        "dataRetention",
    ]])?;
    let model_id = id("modelId", model, ModelId::parse)?;
    let enforced = query.flag("enforceReferentialIntegrity")?;
    let command = SoftDeleteFunctionModel {
        reason: query.text("reason").map(str::to_owned),
        enforce_referential_integrity: enforced
            || query.text("enforceReferentialIntegrity").is_none(),
        allow_cascading: query.flag("allowCascading")?,
        data_retention: query.text("dataRetention").map(str::to_owned),
    };
    let render = |saved: &Saved<DeletedModel>| {
        Response::json(Success::Ok, &saved.value).with_revision(saved.revision)
    };
    let keep = |saved: &Saved<DeletedModel>| render(saved).to_stored();
    let (ports, context) = (call.ports(), &call.context);
    let saved = function_model::soft_delete(ports, context, model_id, &command, keep).await?;
    Ok(render(&saved))
}

pub(crate) async fn list_deleted<W: Wiring>(call: &Call<'_, W>) -> Answer {
    let query = call.query(&[&PAGE, &["olderThanDays", "deletedBy", "purgeable"]])?;
    let page = call.page(&query, 20)?;
    let days = query.number("olderThanDays", 0..=MOST_DAYS)?;
    let wanted = DeletedModels {
        older_than_days: days.and_then(|days| u32::try_from(days).ok()),
        deleted_by: query.id("deletedBy", UserId::parse)?,
        purgeable: query.flag("purgeable")?,
    };
    let found = function_model::list_deleted(call.ports(), &call.context, &wanted, &page).await?;
    Ok(call.list(&query, &found.map(|model| shown(&model, false, false))))
}

pub(crate) async fn recovery_eligibility<W: Wiring>(call: &Call<'_, W>, model: &str) -> Answer {
    let query = call.query(&[&["windowDays", "fields"]])?;
    let model_id = id("modelId", model, ModelId::parse)?;
    let days = query.number("windowDays", 0..=MOST_DAYS)?;
    let days = days.and_then(|days| i64::try_from(days).ok());
    let (ports, context) = (call.ports(), &call.context);
    let found = function_model::recovery_eligibility(ports, context, model_id, days).await?;
    Ok(call.one(&query, &found))
}

pub(crate) async fn restore<W: Wiring>(call: &Call<'_, W>, model: &str) -> Answer {
    let model_id = id("modelId", model, ModelId::parse)?;
    let command: RestoreFunctionModel = call.body()?;
    let render = |saved: &Saved<RestoredModel>| {
        let mut body = json::to_value(&saved.value);
        body["model"] = shown(&saved.value.model, false, false);
        Response::json(Success::Ok, &body).with_revision(saved.revision)
    };
    let keep = |saved: &Saved<RestoredModel>| render(saved).to_stored();
    let (ports, context) = (call.ports(), &call.context);
    let saved = function_model::restore(ports, context, model_id, &command, keep).await?;
    Ok(render(&saved))
}

pub(crate) async fn purge<W: Wiring>(call: &Call<'_, W>, model: &str) -> Answer {
    let model_id = id("modelId", model, ModelId::parse)?;
    let render = |_: &Saved<()>| Response::empty(Success::NoContent);
    let keep = |saved: &Saved<()>| render(saved).to_stored();
    function_model::purge(call.ports(), &call.context, model_id, keep).await?;
    Ok(Response::empty(Success::NoContent))
}

#[cfg(test)]
mod tests;

//! Models.

use domain::error::Code;
use domain::function_model::commands::{CreateFunctionModel, UpdateFunctionModel};
use use_cases::context::Idempotency;
use use_cases::error::UseCaseError;
use use_cases::function_model;
use use_cases::ports::{Extent, FunctionModels, ModelFilter, PageRequest, Ports};

use crate::home::{Home, kept, model, published};

pub(crate) async fn what_is_saved_is_read_back(home: &impl Home) {
    let (id, version) = published(home, "Order to cash").await;
    let (models, context) = (home.ports(0).function_models(), home.context(0));
    let whole = models.find_by_id(context, id, Extent::Whole).await;
    let whole = whole.unwrap().unwrap();
    assert_eq!(
        (whole.model.nodes.len(), whole.model.action_nodes.len()),
        (3, 2)
    );
    assert_eq!(whole.published.unwrap().version_id, version);
    let header = models.find_by_id(context, id, Extent::Header).await;
    let header = header.unwrap().unwrap();
    assert!(header.model.nodes.is_empty());
    assert_eq!(header.model.revision, whole.model.revision);
    let nested = models.nested_models(context, &[id]).await.unwrap();
    let nested = &nested[&id];
    assert_eq!(nested.name, "Order to cash");
    assert!(nested.nests.is_empty() && !nested.deleted);
    assert_eq!(nested.published.as_ref().unwrap().version_number, "1.0.1");
}

pub(crate) async fn names_and_revisions_are_guarded(home: &impl Home) {
    let id = model(home, "Taken").await;
    let (ports, context) = (home.ports(0), home.context(0));
    let command = CreateFunctionModel {
        name: "Taken".into(),
        ..CreateFunctionModel::default()
    };
    let taken = function_model::create(ports, context, &command, kept).await;
    match taken.unwrap_err() {
        UseCaseError::Refused(refusal) => assert_eq!(refusal.code, Code::ModelNameTaken),
        other => panic!("{other:?}"),
    }
    let mut stale = home.context(0).clone();
    stale.if_match = Some(7);
    let command: UpdateFunctionModel =
        serde_json::from_value(serde_json::json!({"description": "new"})).unwrap();
    let refused = function_model::update(ports, &stale, id, command.clone(), kept).await;
    let current_revision = Some(1);
    let if_match = true;
    let expected = UseCaseError::Conflict {
        current_revision,
        if_match,
    };
    assert_eq!(refused.unwrap_err(), expected);
    let saved = function_model::update(ports, context, id, command, kept).await;
    assert_eq!(saved.unwrap().revision, 2);
}

pub(crate) async fn hidden_models_are_missing(home: &impl Home) {
    let id = model(home, "Private").await;
    let (models, context) = (home.ports(1).function_models(), home.context(1));
    let hidden = models.find_by_id(context, id, Extent::Whole).await;
    assert!(hidden.unwrap().is_none());
    let (filter, page) = (ModelFilter::default(), PageRequest::default());
    let list = models.list(context, &filter, &page).await.unwrap();
    assert!(list.items.is_empty());
    assert!(
        models
            .nested_models(context, &[id])
            .await
            .unwrap()
            .is_empty()
    );
    let own = home.ports(0).function_models();
    let list = own.list(home.context(0), &filter, &page).await.unwrap();
    assert_eq!(list.items.len(), 1);
}

pub(crate) async fn an_answer_is_kept_under_its_key(home: &impl Home) {
    let command = CreateFunctionModel {
        name: "Repeated".into(),
        ..CreateFunctionModel::default()
    };
    let mut context = home.context(0).clone();
    context.idempotency = Some(Idempotency {
        key: "key".into(),
        path: "POST /function-models".into(),
        body_hash: "one".into(),
    });
    let ports = home.ports(0);
    function_model::create(ports, &context, &command, kept)
        .await
        .unwrap();
    let again = function_model::create(ports, &context, &command, kept).await;
    assert!(matches!(again, Err(UseCaseError::Replayed(_))));
    if let Some(idempotency) = &mut context.idempotency {
        idempotency.body_hash = "two".into();
    }
    match function_model::create(ports, &context, &command, kept).await {
        Err(UseCaseError::Refused(refusal)) => {
            assert_eq!(refusal.code, Code::IdempotencyKeyReused);
        }
        other => panic!("{other:?}"),
    }
}

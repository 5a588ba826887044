//! Models.

use domain::error::Code;
use domain::function_model::commands::{CreateFunctionModel, UpdateFunctionModel};
use domain::function_model::{ContainerNode, FunctionModel};
use domain::ids::{ActionId, NodeId};
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
    one_container_is_read_as_it_stands_in_the_whole(home, &whole.model).await;
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

async fn one_container_is_read_as_it_stands_in_the_whole(home: &impl Home, whole: &FunctionModel) {
    let (models, context) = (home.ports(0).function_models(), home.context(0));
    let id = whole.model_id;
    for (node_id, node) in &whole.nodes {
        let part = models.find_by_id(context, id, Extent::Container(*node_id));
        let part = part.await.unwrap().unwrap().model;
        assert_eq!(part.nodes.values().collect::<Vec<_>>(), [node]);
        assert_eq!(part.actions_of(*node_id), whole.actions_of(*node_id));
        assert_eq!(part.action_nodes.len(), whole.actions_of(*node_id).len());
        assert_eq!(part.revision, whole.revision);
    }
    for (action_id, action) in &whole.action_nodes {
        let part = models.find_by_id(context, id, Extent::ContainerOf(*action_id));
        let part = part.await.unwrap().unwrap().model;
        let parent = action.parent_node_id;
        let node = &whole.nodes[&parent];
        assert_eq!(part.nodes.values().collect::<Vec<_>>(), [node]);
        assert_eq!(part.actions_of(parent), whole.actions_of(parent));
    }
    for node_id in whole.nodes.keys() {
        let part = models.find_by_id(context, id, Extent::Dependents(*node_id));
        let part = part.await.unwrap().unwrap().model;
        let waits = |node: &&ContainerNode| node.dependencies.contains(node_id);
        let expected = whole.nodes.values();
        let expected: Vec<_> = expected
            .filter(|node| node.node_id == *node_id || waits(node))
            .collect();
        assert_eq!(part.nodes.values().collect::<Vec<_>>(), expected);
    }
    let (node_id, action_id) = (whole.nodes.keys().next(), whole.action_nodes.keys().next());
    let room = Extent::Room(*node_id.unwrap(), action_id.copied());
    let part = models.find_by_id(context, id, room).await.unwrap().unwrap();
    assert!(part.model.nodes.contains_key(node_id.unwrap()));
    assert!(part.model.action_nodes.contains_key(action_id.unwrap()));
    let read = part.model.nodes.len() + part.model.action_nodes.len();
    let size = whole.nodes.len() + whole.action_nodes.len();
    assert_eq!(read + part.besides, size);
    let nobody = Extent::Room(NodeId::from_uuid(uuid::Uuid::from_u128(1)), None);
    let part = models
        .find_by_id(context, id, nobody)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((part.model.nodes.len(), part.besides), (0, size));
    let nobody = Extent::Container(NodeId::from_uuid(uuid::Uuid::from_u128(1)));
    let part = models.find_by_id(context, id, nobody).await;
    assert!(part.unwrap().unwrap().model.nodes.is_empty());
    let nobody = Extent::ContainerOf(ActionId::from_uuid(uuid::Uuid::from_u128(1)));
    let part = models.find_by_id(context, id, nobody).await;
    assert!(part.unwrap().unwrap().model.nodes.is_empty());
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

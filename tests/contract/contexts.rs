//! Contexts of nodes.

use domain::ids::{ContextId, NodeId};
use domain::node_context::{ContextNodeType, ContextScope, NodeContext};
use serde_json::json;
use use_cases::ports::{Clock, ContextSave, Contexts, PortErrorKind, Ports, TreeId};
use uuid::Uuid;

use crate::home::{Home, model};

pub(crate) async fn trees_are_kept_and_guarded(home: &impl Home) {
    let model_id = model(home, "Shared").await;
    let (ports, context) = (home.ports(0), home.context(0));
    let tree = TreeId {
        model_id,
        execution_id: None,
    };
    let now = ports.clock().instant();
    let fresh = NodeContext {
        context_id: ContextId::from_uuid(Uuid::new_v4()),
        model_id,
        execution_id: None,
        node_id: NodeId::from_uuid(Uuid::new_v4()),
        node_type: ContextNodeType::StageNode,
        parent_node_id: None,
        level: 0,
        scope: ContextScope::Execution,
        data: json!({"a": 1}).as_object().cloned().unwrap(),
        inherited_data: Default::default(),
        inheritance: Vec::new(),
        last_emergency: None,
        created_at: now,
        updated_at: now,
        revision: 0,
    };
    let save = async |person: usize, change: ContextSave| {
        let contexts = home.ports(person).contexts();
        let saved = contexts
            .save(home.context(person), tree, &change, None)
            .await;
        saved.map_err(|error| error.kind)
    };
    let put = |put: NodeContext| ContextSave {
        put: vec![put],
        ..ContextSave::default()
    };
    assert_eq!(
        save(1, put(fresh.clone())).await,
        Err(PortErrorKind::Forbidden)
    );
    save(0, put(fresh.clone())).await.unwrap();
    let twice = NodeContext {
        context_id: ContextId::from_uuid(Uuid::new_v4()),
        ..fresh.clone()
    };
    assert_eq!(save(0, put(twice)).await, Err(PortErrorKind::IdTaken));
    let stored = ports.contexts().find_by_model(context, tree).await.unwrap();
    assert_eq!((stored.len(), stored[0].revision), (1, 1));
    assert_eq!(stored[0].data, fresh.data);
    save(0, put(stored[0].clone())).await.unwrap();
    let stale = save(0, put(stored[0].clone())).await;
    assert!(matches!(stale, Err(PortErrorKind::Conflict { .. })));
    let hidden = home
        .ports(1)
        .contexts()
        .find_by_model(home.context(1), tree)
        .await;
    assert!(hidden.unwrap().is_empty());
    let remove = ContextSave {
        remove: vec![fresh.node_id],
        ..ContextSave::default()
    };
    save(0, remove).await.unwrap();
    assert!(
        ports
            .contexts()
            .find_by_model(context, tree)
            .await
            .unwrap()
            .is_empty()
    );
}

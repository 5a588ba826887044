//! One container of a model with its actions, read as rows beside the model's own and put into the
//! form in which a whole model comes.

use serde_json::{Map, Value, json};
use use_cases::ports::Extent;

use super::client::Read;
use super::query::selected;

const CONTAINER: &[&str] = &[
    "node_id",
    "node_type",
    "name",
    "description",
    "position_x",
    "position_y",
    "execution_type",
    "status",
    "timeout_ms",
    "metadata",
    "visual_properties",
    "type_specific_data",
    "created_at",
    "updated_at",
];
const ACTION: &[&str] = &[
    "action_id",
    "parent_node_id",
    "action_type",
    "name",
    "description",
    "execution_mode",
    "execution_order",
    "status",
    "priority",
    "estimated_duration_minutes",
    "retry_policy",
    "raci",
    "action_specific_data",
    "metadata",
    "created_at",
    "updated_at",
];

/// What to ask for; nothing for a header and for the whole.
pub(super) fn asked(extent: Extent) -> String {
    let own = format!(
        "{},dependencies:node_dependencies!node_dependencies_node_id_fkey(dependencyId:dependency_id,position),actions:action_nodes({})",
        selected(CONTAINER),
        selected(ACTION)
    );
    let container = format!("containers:container_nodes({own})");
    let parent = format!("parents:action_nodes(container:container_nodes({own}))");
    match extent {
        Extent::Header | Extent::Whole => String::new(),
        Extent::Container(_) => container,
        Extent::ContainerOf(_) => parent,
        Extent::Dependents(_) => format!(
            "containers:container_nodes({own},dependents:node_dependencies!node_dependencies_dependency_id_fkey(container:container_nodes!node_dependencies_node_id_fkey({own})))"
        ),
        Extent::Room(_, None) => format!("{container},size"),
        Extent::Room(_, Some(_)) => format!("{container},{parent},size"),
    }
}

/// The one container and the one action that are meant.
pub(super) fn narrowed(read: Read, extent: Extent) -> Read {
    match extent {
        Extent::Header | Extent::Whole => read,
        Extent::Container(node_id) | Extent::Dependents(node_id) | Extent::Room(node_id, None) => {
            read.eq("containers.node_id", node_id)
        }
        Extent::ContainerOf(action_id) => read.eq("parents.action_id", action_id),
        Extent::Room(node_id, Some(action_id)) => {
            let read = read.eq("containers.node_id", node_id);
            read.eq("parents.action_id", action_id)
        }
    }
}

/// Puts the containers that came as rows where those of a whole model stand; answers how many
/// containers and actions there are besides, if they were counted.
pub(super) fn put_together(row: &mut Value) -> usize {
    let mut open = taken(row, "containers");
    let parents = taken(row, "parents").into_iter();
    open.extend(parents.map(|mut parent| field(&mut parent, "container")));
    let (mut nodes, mut actions) = (Map::new(), Map::new());
    while let Some(mut container) = open.pop() {
        let dependents = taken(&mut container, "dependents").into_iter();
        open.extend(dependents.map(|mut edge| field(&mut edge, "container")));
        for action in taken(&mut container, "actions") {
            put(&mut actions, "actionId", action);
        }
        let place = (
            field(&mut container, "positionX"),
            field(&mut container, "positionY"),
        );
        let mut edges = taken(&mut container, "dependencies");
        edges.sort_by_key(|edge| edge.get("position").and_then(Value::as_i64));
        let ids = edges.iter_mut().map(|edge| field(edge, "dependencyId"));
        if let Some(fields) = container.as_object_mut() {
            let position = json!({"x": place.0, "y": place.1});
            fields.insert("position".to_owned(), position);
            fields.insert("dependencies".to_owned(), ids.collect());
        }
        put(&mut nodes, "nodeId", container);
    }
    let read = nodes.len() + actions.len();
    let size = field(row, "size").as_u64().unwrap_or_default();
    if let (false, Some(fields)) = (nodes.is_empty(), row.as_object_mut()) {
        fields.insert("nodes".to_owned(), Value::Object(nodes));
        fields.insert("actionNodes".to_owned(), Value::Object(actions));
    }
    usize::try_from(size)
        .unwrap_or(usize::MAX)
        .saturating_sub(read)
}

fn field(row: &mut Value, name: &str) -> Value {
    row.get_mut(name).map(Value::take).unwrap_or_default()
}

fn taken(row: &mut Value, name: &str) -> Vec<Value> {
    match field(row, name) {
        Value::Array(items) => items,
        _ => Vec::new(),
    }
}

fn put(into: &mut Map<String, Value>, key: &str, item: Value) {
    let id = item.get(key).and_then(Value::as_str).map(str::to_owned);
    into.extend(id.map(|id| (id, item)));
}

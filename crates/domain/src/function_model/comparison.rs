//! What differs between two states of a model, and which step of its number that suggests.
//!
//! Both states are walked once side by side, so the work is in proportion to their nodes.

use crate::sorted::SortedMap;

use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::{ActionNode, ContainerNode, FunctionModel};
use crate::limits::JsonObject;
use crate::vocabulary::VersionBump;

/// What differs between two states of a model.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// The name, when it differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<TextChange>,
    /// The description, when it differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<TextChange>,
    /// Containers that differ.
    pub containers: PartChanges,
    /// Actions that differ.
    pub actions: PartChanges,
    /// Metadata that differs, by key.
    pub metadata_changes: SortedMap<String, MetadataChange>,
    /// Whether the settings of agents differ.
    pub ai_agent_config_changed: bool,
    /// Whether nothing differs.
    pub is_identical: bool,
    /// Whether something is gone that others may rely on.
    pub is_breaking: bool,
    /// `major` when something is gone, `minor` when something came, else `patch`.
    pub suggested_bump: VersionBump,
}

/// A text that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TextChange {
    /// The former text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The latter text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// Containers or actions that differ, each list by identifier.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PartChanges {
    /// Only in the latter state.
    pub added: Vec<Part>,
    /// Only in the former state.
    pub removed: Vec<Part>,
    /// In both, and different.
    pub modified: Vec<ModifiedPart>,
}

/// A container or an action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Part {
    /// Its identifier.
    pub id: Uuid,
    /// Its type, such as `stageNode`.
    pub r#type: &'static str,
    /// Its name.
    pub name: String,
}

/// A container or an action with different fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ModifiedPart {
    /// Its identifier.
    pub id: Uuid,
    /// Its latter name.
    pub name: String,
    /// The names of the fields that differ.
    pub fields: Vec<&'static str>,
}

/// A key of the metadata that differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct MetadataChange {
    /// The latter value; absent when the key is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "schema",
        schemars(with = "Option<crate::schema::given::Free>")
    )]
    pub value: Option<Value>,
    /// Whether the key is gone.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub removed: bool,
    /// The former value of a key that is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "schema",
        schemars(with = "Option<crate::schema::given::Free>")
    )]
    pub previous_value: Option<Value>,
}

/// What differs between two states of a model. Times of parts do not count.
pub fn compare(from: &FunctionModel, to: &FunctionModel) -> Comparison {
    let name = text_change(Some(from.name.as_str()), Some(to.name.as_str()));
    let description = text_change(from.description.as_deref(), to.description.as_deref());
    let mut containers = PartChanges::default();
    walk(&from.nodes, &to.nodes, |former, latter| {
        containers.note(
            former.map(|node| {
                (
                    node.node_id.as_uuid(),
                    node.node_type().as_str(),
                    &node.name,
                )
            }),
            latter.map(|node| {
                (
                    node.node_id.as_uuid(),
                    node.node_type().as_str(),
                    &node.name,
                )
            }),
            former.zip(latter).map(|(a, b)| container_fields(a, b)),
        );
    });
    let mut actions = PartChanges::default();
    walk(&from.action_nodes, &to.action_nodes, |former, latter| {
        let named = |action: &ActionNode| (action.action_id.as_uuid(), action.action_type());
        actions.note(
            former.map(|action| (named(action).0, named(action).1.as_str(), &action.name)),
            latter.map(|action| (named(action).0, named(action).1.as_str(), &action.name)),
            former.zip(latter).map(|(a, b)| action_fields(a, b)),
        );
    });
    let metadata_changes = metadata_changes(&from.metadata, &to.metadata);
    let ai_agent_config_changed = from.ai_agent_config != to.ai_agent_config;
    let removed = !containers.removed.is_empty() || !actions.removed.is_empty();
    let added = !containers.added.is_empty() || !actions.added.is_empty();
    let modified = !containers.modified.is_empty() || !actions.modified.is_empty();
    Comparison {
        is_identical: !(removed || added || modified || ai_agent_config_changed)
            && name.is_none()
            && description.is_none()
            && metadata_changes.is_empty(),
        name,
        description,
        containers,
        actions,
        metadata_changes,
        ai_agent_config_changed,
        is_breaking: removed,
        suggested_bump: match (removed, added) {
            (true, _) => VersionBump::Major,
            (false, true) => VersionBump::Minor,
            (false, false) => VersionBump::Patch,
        },
    }
}

impl PartChanges {
    fn note(
        &mut self,
        former: Option<(Uuid, &'static str, &String)>,
        latter: Option<(Uuid, &'static str, &String)>,
        fields: Option<Vec<&'static str>>,
    ) {
        let part = |(id, r#type, name): (Uuid, &'static str, &String)| Part {
            id,
            r#type,
            name: name.clone(),
        };
        match (former, latter) {
            (Some(former), None) => self.removed.push(part(former)),
            (None, Some(latter)) => self.added.push(part(latter)),
            (Some(_), Some((id, _, name))) => {
                let fields = fields.unwrap_or_default();
                if !fields.is_empty() {
                    let name = name.clone();
                    self.modified.push(ModifiedPart { id, name, fields });
                }
            }
            (None, None) => {}
        }
    }
}

/// Walks two maps side by side in the order of their keys.
fn walk<K: Ord, V>(
    from: &SortedMap<K, V>,
    to: &SortedMap<K, V>,
    mut visit: impl FnMut(Option<&V>, Option<&V>),
) {
    let (mut former, mut latter) = (from.iter().peekable(), to.iter().peekable());
    loop {
        let order = match (former.peek(), latter.peek()) {
            (None, None) => return,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some((a, _)), Some((b, _))) => a.cmp(b),
        };
        let a = order.is_le().then(|| former.next()).flatten();
        let b = order.is_ge().then(|| latter.next()).flatten();
        visit(a.map(|(_, value)| value), b.map(|(_, value)| value));
    }
}

fn text_change(from: Option<&str>, to: Option<&str>) -> Option<TextChange> {
    (from != to).then(|| TextChange {
        from: from.map(str::to_owned),
        to: to.map(str::to_owned),
    })
}

fn metadata_changes(from: &JsonObject, to: &JsonObject) -> SortedMap<String, MetadataChange> {
    let put = to
        .iter()
        .filter(|(key, value)| from.get(*key) != Some(value));
    let put = put.map(|(key, value)| {
        let change = MetadataChange {
            value: Some(value.clone()),
            removed: false,
            previous_value: None,
        };
        (key.clone(), change)
    });
    let gone = from.iter().filter(|(key, _)| !to.contains_key(*key));
    let gone = gone.map(|(key, value)| {
        let change = MetadataChange {
            value: None,
            removed: true,
            previous_value: Some(value.clone()),
        };
        (key.clone(), change)
    });
    put.chain(gone).collect()
}

fn differing<const N: usize>(fields: [(&'static str, bool); N]) -> Vec<&'static str> {
    let different = fields.iter().filter(|(_, differs)| *differs);
    different.map(|(name, _)| *name).collect()
}

/// The fields of a container that differ, times left out.
pub(super) fn container_fields(a: &ContainerNode, b: &ContainerNode) -> Vec<&'static str> {
    differing([
        ("name", a.name != b.name),
        ("description", a.description != b.description),
        ("position", a.position != b.position),
        ("dependencies", a.dependencies != b.dependencies),
        ("typeSpecificData", a.kind != b.kind),
        ("executionType", a.execution_type != b.execution_type),
        ("status", a.status != b.status),
        ("timeoutMs", a.timeout_ms != b.timeout_ms),
        ("metadata", a.metadata != b.metadata),
        (
            "visualProperties",
            a.visual_properties != b.visual_properties,
        ),
    ])
}

/// The fields of an action that differ, times left out.
pub(super) fn action_fields(a: &ActionNode, b: &ActionNode) -> Vec<&'static str> {
    let estimates = a.estimated_duration_minutes != b.estimated_duration_minutes;
    differing([
        ("parentNodeId", a.parent_node_id != b.parent_node_id),
        ("name", a.name != b.name),
        ("description", a.description != b.description),
        ("actionSpecificData", a.kind != b.kind),
        ("executionMode", a.execution_mode != b.execution_mode),
        ("executionOrder", a.execution_order != b.execution_order),
        ("status", a.status != b.status),
        ("priority", a.priority != b.priority),
        ("estimatedDurationMinutes", estimates),
        ("retryPolicy", a.retry_policy != b.retry_policy),
        ("raci", a.raci != b.raci),
        ("metadata", a.metadata != b.metadata),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instant::Instant;
    use crate::workflow::tests::{Sketch, action_id, boundary, node_id, object, stage};
    use serde_json::json;

    fn sketch() -> Sketch {
        Sketch::new()
            .with(boundary("In", "input", &[]))
            .with(stage("Work", &["In"]).actions(&["a", "b"]))
    }

    fn ids(parts: &[Part]) -> Vec<Uuid> {
        parts.iter().map(|part| part.id).collect()
    }

    #[test]
    fn equal_states_differ_in_nothing_whenever_they_were_written() {
        let from = sketch().model;
        let later = Instant::from_millis(1);
        let to = sketch()
            .node("In", |node| node.updated_at = later)
            .action("a", |action| action.updated_at = later)
            .model;
        let comparison = compare(&from, &to);
        assert!(comparison.is_identical && !comparison.is_breaking);
        assert_eq!(comparison.suggested_bump, VersionBump::Patch);
    }

    #[test]
    fn what_came_suggests_a_minor_step_and_what_is_gone_a_major_one() {
        let from = sketch().model;
        let to = sketch().with(stage("More", &[]).actions(&["c"])).model;
        let came = compare(&from, &to);
        assert_eq!(came.suggested_bump, VersionBump::Minor);
        assert_eq!(ids(&came.containers.added), [node_id("More").as_uuid()]);
        assert_eq!(ids(&came.actions.added), [action_id("c").as_uuid()]);
        assert_eq!(came.actions.added[0].r#type, "tetherNode");
        let gone = compare(&to, &from);
        assert!(gone.is_breaking);
        assert_eq!(gone.suggested_bump, VersionBump::Major);
        assert_eq!(ids(&gone.containers.removed), [node_id("More").as_uuid()]);
        assert_eq!(ids(&gone.actions.removed), [action_id("c").as_uuid()]);
    }

    #[test]
    fn different_fields_are_named() {
        let from = sketch().model;
        let to = sketch()
            .node("Work", |node| {
                node.name = "Labour".into();
                node.dependencies.clear();
            })
            .action("b", |action| action.priority = 9)
            .model;
        let comparison = compare(&from, &to);
        let work = &comparison.containers.modified[0];
        assert_eq!(work.fields, ["name", "dependencies"]);
        assert_eq!(work.name, "Labour");
        assert_eq!(comparison.actions.modified[0].fields, ["priority"]);
        assert!(!comparison.is_identical && !comparison.is_breaking);
        assert_eq!(comparison.suggested_bump, VersionBump::Patch);
    }

    #[test]
    fn texts_and_metadata_show_what_they_were() {
        let mut from = sketch().model;
        from.metadata = object(json!({"same": 1, "gone": [2], "other": 3}));
        let mut to = sketch().model;
        to.description = Some("Now described".into());
        to.metadata = object(json!({"same": 1, "other": 4, "new": null}));
        let json = serde_json::to_value(compare(&from, &to)).unwrap();
        assert_eq!(json["description"], json!({"to": "Now described"}));
        assert_eq!(json.get("name"), None);
        let expected = json!({
            "gone": {"removed": true, "previousValue": [2]},
            "new": {"value": null},
            "other": {"value": 4},
        });
        assert_eq!(json["metadataChanges"], expected);
        assert_eq!(json["suggestedBump"], "patch");
    }
}

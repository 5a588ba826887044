use proptest::prelude::*;

use super::*;
use crate::function_model::commands::{
    CreateModelVersion, Dependency, PublishFunctionModel, UpdateFunctionModel,
};
use crate::function_model::{Command, Event, FunctionModel, decide, events, evolve, snapshot};
use crate::ids::VersionId;
use crate::json as wire;
use crate::limits::JsonObject;
use crate::upcast::Step;
use crate::vocabulary::{ModelStatus, RiskLevel, VersionBump};
use crate::workflow::tests::{Sketch, boundary, owner, stage, uuid};

/// A model with everything that happened to it, as commands and saves go.
struct Story {
    model: FunctionModel,
    events: Vec<Recorded>,
    versions: Map<String, Value>,
    saves: i64,
    next: u64,
}

impl Story {
    fn begin() -> Self {
        let sketch = Sketch::new()
            .with(boundary("In", "input", &[]))
            .with(stage("Work", &["In"]).actions(&["a"]))
            .with(boundary("Out", "output", &["Work"]))
            .model;
        let created = events::FunctionModelCreated {
            model_id: sketch.model_id,
            name: sketch.name.clone(),
            description: None,
            version: sketch.version.clone(),
            permissions: sketch.permissions.clone(),
            organization_id: None,
            metadata: JsonObject::new(),
            ai_agent_config: None,
            template_id: None,
            duplicated_from: None,
            version_id: Some(VersionId::from_uuid(uuid(900))),
            nodes: sketch.nodes.values().cloned().collect(),
            action_nodes: sketch.action_nodes.values().cloned().collect(),
            created_by: owner(),
            created_at: sketch.created_at,
        };
        let model = evolve::create(&created);
        let mut story = Self {
            model,
            events: Vec::new(),
            versions: Map::new(),
            saves: 0,
            next: 1000,
        };
        story.save(vec![created.into()]);
        story
    }

    fn now(&self) -> Instant {
        self.model.created_at.plus_millis((self.saves - 1) * 1000)
    }

    fn fresh(&mut self) -> Uuid {
        self.next += 1;
        uuid(self.next)
    }

    /// Appends what one command raised, and stores what it stores.
    fn save(&mut self, raised: Vec<Event>) {
        self.saves += 1;
        let (before, at) = (self.model.clone(), timestamp(self.now()));
        for event in &raised {
            let told = event.to_json();
            self.events.push(Recorded {
                aggregate_version: self.events.len() as i64 + 1,
                event_type: event.event_type().to_owned(),
                event_version: 1,
                occurred_at: at.clone(),
                actor_id: Some(owner()),
                organization_id: None,
                correlation_id: Some(self.saves.to_string()),
                data: told["data"].clone(),
            });
            self.model = evolve(self.model.clone(), event);
        }
        let stored = raised.iter().find_map(|event| match event {
            Event::FunctionModelCreated(made) => Some((made.version_id?, false, None)),
            Event::FunctionModelPublished(made) => {
                let former = Some(before.current_version.clone());
                Some((made.version_id?, true, former))
            }
            Event::FunctionModelVersionCreated(made) => {
                let former = Some(before.current_version.clone());
                Some((made.version_id?, false, former))
            }
            _ => None,
        });
        let Some((id, is_published, previous)) = stored else {
            return;
        };
        if is_published {
            for former in self.versions.values_mut() {
                former["is_published"] = false.into();
            }
        }
        let row = json!({
            "version_id": id, "model_id": self.model.model_id, "author_id": owner(),
            "version_number": self.model.version, "version_data": snapshot(&self.model),
            "is_published": is_published, "previous_version": previous, "created_at": at,
        });
        self.versions.insert(id.to_string(), row);
    }

    /// What the database has.
    fn stored(&self) -> Value {
        let mut model = self.model.clone();
        model.revision = self.saves;
        let times = [timestamp(model.created_at), timestamp(self.now())];
        let times = [times[0].as_str(), times[1].as_str()];
        Value::Object(model_rows(&model, times, self.versions.clone()))
    }

    fn check(&self) {
        let replayed = replay(ReplayedType::FunctionModel, &self.events, &[]).unwrap();
        let found = compare(&self.stored(), &replayed);
        assert_eq!(found.differences, [], "{:#?}", self.events);
    }

    /// One of many commands, with two numbers to pick what it is about.
    fn command(&mut self, kind: u8, one: usize, two: usize) -> Option<Command> {
        let nodes: Vec<_> = self.model.nodes.keys().copied().collect();
        let actions: Vec<_> = self.model.action_nodes.keys().copied().collect();
        let node = *nodes.get(one % nodes.len().max(1))?;
        let action = actions.get(one % actions.len().max(1)).copied();
        let edge = Dependency {
            node_id: node,
            dependency_id: nodes[two % nodes.len()],
        };
        let read = |kind: &str, value: Value| -> Option<Command> {
            Some(match kind {
                "update" => Command::Update(wire::from_value(value).unwrap()),
                "node" => Command::AddContainerNode(wire::from_value(value).unwrap()),
                "change" => Command::ChangeContainerNode(wire::from_value(value).unwrap()),
                "action" => Command::AddActionNode(wire::from_value(value).unwrap()),
                "act" => Command::ChangeActionNode(wire::from_value(value).unwrap()),
                _ => Command::EditStructure(wire::from_value(value).unwrap()),
            })
        };
        let bumps = [VersionBump::Minor, VersionBump::Major];
        let status = [
            "configured",
            "active",
            "inactive",
            "error",
            "draft",
            "archived",
        ][two % 6];
        match kind {
            0 => read(
                "update",
                json!({"name": format!("Model {two}"), "description": "What for",
                "metadata": {"tags": ["t"], "n": two, "none": null}}),
            ),
            1 => Some(Command::Update(UpdateFunctionModel {
                description: crate::patch::Patch::Clear,
                ..UpdateFunctionModel::default()
            })),
            2 => read(
                "node",
                json!({"nodeId": self.fresh(), "nodeType": "stageNode",
                "name": format!("Stage {two}"), "position": {"x": two as f64 / 8.0, "y": 7},
                "timeoutMs": 1000 * two, "description": "d", "metadata": {"priority": 1}}),
            ),
            3 => read(
                "change",
                json!({"nodeId": node, "changes": {"name": format!("N{two}"),
                "description": if two.is_multiple_of(2) { Value::Null } else { "new".into() }}}),
            ),
            4 => read(
                "change",
                json!({"nodeId": node, "changes": {"status": status}}),
            ),
            5 => read(
                "change",
                json!({"nodeId": node, "changes": {"timeoutMs": null,
                "position": {"x": 1.25, "y": two}, "visualProperties": {"color": "red"}}}),
            ),
            6 => Some(Command::RemoveContainerNode(node)),
            7 => Some(Command::AddDependency(edge)),
            8 => Some(Command::RemoveDependency(edge)),
            9 => read(
                "action",
                json!({"actionId": self.fresh(), "parentNodeId": node,
                "actionType": "kbNode", "name": format!("Read {two}"),
                "actionSpecificData": {"kbReferenceId": uuid(two as u64), "shortDescription": "s",
                    "searchKeywords": ["k"]}, "estimatedDurationMinutes": 1.5}),
            ),
            10 => read(
                "act",
                json!({"actionId": action?, "changes": {"name": "Other",
                "priority": two % 10 + 1, "executionOrder": two % 7 + 1,
                "executionMode": "parallel"}}),
            ),
            11 => read(
                "act",
                json!({"actionId": action?, "changes": {"status": status,
                "estimatedDurationMinutes": null, "metadata": {"critical": true}}}),
            ),
            12 => Some(Command::RemoveActionNode(action?)),
            13 => read(
                "edit",
                json!({"containers": {"add": [{"nodeId": self.fresh(),
                    "nodeType": "stageNode", "name": "Bulk", "position": {"x": 0, "y": 0}}],
                    "change": [{"nodeId": node, "changes": {"name": "Changed"}}]},
                "dependencies": {"remove": []}}),
            ),
            14 => Some(Command::Publish(PublishFunctionModel {
                version: self.model.version.bumped(bumps[two % 2]).to_string(),
                version_id: Some(VersionId::from_uuid(self.fresh())),
                ..read_publish()
            })),
            15 => Some(Command::CreateVersion(CreateModelVersion {
                bump: Some(VersionBump::Minor),
                version_id: Some(VersionId::from_uuid(self.fresh())),
                ..CreateModelVersion::default()
            })),
            _ => {
                let former = Sketch::new()
                    .with(stage("Work", &[]).actions(&["a", "b"]))
                    .with(stage("Late", &["Work"]).actions(&["c"]));
                Some(Command::RestoreVersion(Box::new(former.model)))
            }
        }
    }
}

fn read_publish() -> PublishFunctionModel {
    wire::from_value(json!({"version": "1.0.0"})).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_commands_decide_is_what_their_events_make(
        picks in proptest::collection::vec((0_u8..17, 0_usize..40, 0_usize..40), 1..40),
    ) {
        let mut story = Story::begin();
        for (kind, one, two) in picks {
            let Some(command) = story.command(kind, one, two) else { continue };
            let at = story.now().plus_millis(1000);
            if let Ok(raised) = decide(&story.model, &command, owner(), at) && !raised.is_empty() {
                story.save(raised);
            }
        }
        story.check();
    }
}

#[test]
fn every_kind_of_command_is_accepted_somewhere() {
    let mut accepted = Vec::new();
    for kind in 0_u8..17 {
        let any = (0..40).any(|pick| {
            let mut story = Story::begin();
            let prepared = [(7, 1, 0), (15, 0, 0)];
            for (kind, one, two) in prepared.into_iter().chain([(kind, pick, pick / 5)]) {
                let Some(command) = story.command(kind, one, two) else {
                    return false;
                };
                let at = story.now().plus_millis(1000);
                let Ok(raised) = decide(&story.model, &command, owner(), at) else {
                    continue;
                };
                if !raised.is_empty() {
                    story.save(raised);
                }
            }
            story.check();
            story.saves > 2
        });
        if any {
            accepted.push(kind);
        }
    }
    assert_eq!(accepted, (0_u8..17).collect::<Vec<_>>());
}

#[test]
fn a_model_is_archived_deleted_restored_and_purged() {
    let mut story = Story::begin();
    let model = story.model.clone();
    let at = model.created_at.plus_millis(2000);
    story.save(vec![
        events::FunctionModelSoftDeleted {
            model_id: model.model_id,
            name: model.name.clone(),
            version: model.version.clone(),
            status: model.status,
            deleted_by: owner(),
            deleted_at: at,
            reason: None,
            retain_until: at.plus_millis(86_400_120),
        }
        .into(),
    ]);
    story.check();
    story.save(vec![
        events::FunctionModelRestored {
            model_id: model.model_id,
            restored_by: owner(),
            restored_at: at.plus_millis(1000),
            reason: None,
            repaired: Vec::new(),
            status: model.status,
            new_name: Some(crate::function_model::ModelName::parse("Back again").unwrap()),
        }
        .into(),
    ]);
    story.check();
    story.save(vec![
        events::FunctionModelArchived {
            model_id: model.model_id,
            name: model.name.clone(),
            version: model.version.clone(),
            archived_by: owner(),
            archived_at: at.plus_millis(2000),
            previous_status: model.status,
            current_status: ModelStatus::Archived,
            reason: None,
            risk_level: RiskLevel::Low,
            removed_links: Vec::new(),
        }
        .into(),
    ]);
    story.check();
    let mut purged = story.events.clone();
    purged.push(Recorded {
        event_type: "FunctionModelPurged".into(),
        ..purged[0].clone()
    });
    let gone = replay(ReplayedType::FunctionModel, &purged, &[]).unwrap();
    assert_eq!(gone, json!({}));
}

fn event(event_type: &str, second: i64, data: Value) -> Recorded {
    Recorded {
        aggregate_version: second,
        event_type: event_type.to_owned(),
        event_version: 1,
        occurred_at: timestamp(Instant::from_millis(second * 1000)),
        actor_id: Some(owner()),
        organization_id: None,
        correlation_id: Some(second.to_string()),
        data,
    }
}

#[test]
fn organizations_have_members_as_long_as_these_have_accounts() {
    let (id, ada, bob) = (uuid(1), uuid(2), uuid(3));
    let member = |user, role: &str| json!({"organizationId": id, "userId": user, "role": role});
    let mut events = vec![
        event(
            "OrganizationCreated",
            1,
            json!({"organizationId": id, "name": "A", "createdBy": ada}),
        ),
        event("OrganizationMemberAdded", 2, member(bob, "viewer")),
        event("OrganizationMemberRoleChanged", 3, member(bob, "owner")),
        event(
            "OrganizationRenamed",
            4,
            json!({"organizationId": id, "name": "B"}),
        ),
    ];
    let rows = |events: &[Recorded], gone: &[Uuid]| {
        replay(ReplayedType::Organization, events, gone).unwrap()
    };
    let all = rows(&events, &[]);
    let organization = &all["organizations"][id.to_string()];
    assert_eq!(
        (&organization["name"], &organization["revision"]),
        (&json!("B"), &json!(2))
    );
    assert_eq!(
        all["organization_members"][bob.to_string()]["role"],
        "owner"
    );
    assert_eq!(
        all["organization_members"][bob.to_string()]["created_at"],
        "1970-01-01T00:00:02+00:00"
    );
    let left = rows(&events, &[ada]);
    assert_eq!(
        left["organizations"][id.to_string()]["created_by"],
        Value::Null
    );
    assert_eq!(left["organization_members"].as_object().unwrap().len(), 1);
    events.push(event("OrganizationMemberRemoved", 5, member(bob, "owner")));
    assert_eq!(rows(&events, &[ada])["organization_members"], Value::Null);
    events.push(event(
        "OrganizationRemoved",
        6,
        json!({"organizationId": id}),
    ));
    assert_eq!(rows(&events, &[]), json!({}));
}

#[test]
fn agents_count_saves_and_not_deeds() {
    let id = uuid(1);
    let mut events = vec![
        event(
            "AIAgentConfigured",
            1,
            json!({"agentId": id, "agentName": "a", "tools": ["t"],
            "configuredBy": uuid(2), "configuredAt": "1970-01-01T00:00:01.000Z"}),
        ),
        event("AIAgentExecutionStarted", 2, json!({"agentId": id})),
        event(
            "AIAgentConfigurationUpdated",
            3,
            json!({"agentId": id,
            "configuration": {"isEnabled": false, "nodeId": null}}),
        ),
        event(
            "AIAgentExecutionFailed",
            4,
            json!({"agentId": id, "error": {"code": "AGENT_FAILED"}}),
        ),
    ];
    let row = |events: &[Recorded]| {
        let rows = replay(ReplayedType::AiAgent, events, &[]).unwrap();
        rows["ai_agents"][id.to_string()].clone()
    };
    let agent = row(&events);
    assert_eq!(agent["name"], "a");
    assert_eq!(agent["tools"], json!({"availableTools": ["t"]}));
    assert_eq!(
        (&agent["revision"], &agent["is_enabled"]),
        (&json!(3), &json!(false))
    );
    assert_eq!(agent["updated_at"], "1970-01-01T00:00:04+00:00");
    // A task that failed is none of the agent's saves.
    events[3].actor_id = None;
    assert_eq!(row(&events)["revision"], 2);
    events.push(event(
        "AIAgentConfigurationUpdated",
        5,
        json!({"configuration": {"removed": true}}),
    ));
    assert_eq!(
        replay(ReplayedType::AiAgent, &events, &[]).unwrap(),
        json!({})
    );
}

#[test]
fn links_are_made_changed_and_removed() {
    let id = uuid(1);
    let mut events = vec![
        event(
            "NodeLinkCreated",
            1,
            json!({"linkId": id, "linkStrength": 0.5, "createdBy": uuid(2)}),
        ),
        event("CrossFeatureLinkEstablished", 1, json!({"linkId": id})),
        event(
            "NodeLinkUpdated",
            2,
            json!({"linkId": id, "changes": {"linkStrength": 0.7}}),
        ),
    ];
    let rows = replay(ReplayedType::NodeLink, &events, &[]).unwrap();
    let link = &rows["node_links"][id.to_string()];
    assert_eq!(
        (&link["link_strength"], &link["revision"]),
        (&json!(0.7), &json!(2))
    );
    assert_eq!(link["link_context"], json!({}));
    events.push(event("NodeLinkRemoved", 3, json!({"linkId": id})));
    assert_eq!(
        replay(ReplayedType::NodeLink, &events, &[]).unwrap(),
        json!({})
    );
}

#[test]
fn what_cannot_be_replayed_is_refused_by_name() {
    for kind in ReplayedType::ALL {
        let strange = event("SomethingElse", 7, json!({}));
        let refusal = replay(*kind, &[strange], &[]).unwrap_err();
        assert_eq!(refusal.code, Code::EventSchemaInvalid);
        assert!(refusal.message.contains('7'), "{}", refusal.message);
    }
    let mut story = Story::begin();
    story.events[0].event_version = 9;
    assert!(replay(ReplayedType::FunctionModel, &story.events, &[]).is_err());
}

#[test]
fn every_difference_is_named_with_its_path() {
    let row = |columns: Value| json!({"things": {"1": columns}});
    let paths = |stored: Value, replayed: Value| {
        let found = compare(&stored, &replayed);
        let paths = found
            .differences
            .into_iter()
            .map(|difference| difference.path);
        paths.collect::<Vec<_>>()
    };
    let one = row(json!({"a": 1, "b": {"c": [1, {"d": null}]}, "e": null}));
    assert!(
        paths(
            one.clone(),
            row(json!({"a": 1.0, "b": {"c": [1, {"d": null}]}}))
        )
        .is_empty()
    );
    assert_eq!(
        paths(
            one.clone(),
            row(json!({"a": 2, "b": {"c": [1, {}]}, "e": 0}))
        ),
        ["things/1/a", "things/1/b/c/1/d", "things/1/e"]
    );
    assert_eq!(
        paths(one.clone(), json!({"things": {"2": {}}})),
        ["things/1", "things/2"]
    );
    assert_eq!(paths(one.clone(), json!({})), ["things/1"]);
    assert_eq!(paths(json!({}), one), ["things/1"]);
    assert_eq!(
        paths(row(json!({"a": [1]})), row(json!({"a": [1, 2]}))),
        ["things/1/a"]
    );
}

#[test]
fn differences_are_bounded_in_number_and_size() {
    let rows: Map<String, Value> = (0..250).map(|i| (i.to_string(), json!({"a": 1}))).collect();
    let found = compare(&json!({"things": rows}), &json!({}));
    assert_eq!(
        (found.differences.len(), found.count),
        (MOST_DIFFERENCES, 250)
    );
    let long = json!({"things": {"1": {"a": "ä".repeat(1000)}}});
    let found = compare(&long, &json!({}));
    let told = found.differences[0].stored.as_ref().unwrap();
    assert_eq!(told.as_str().unwrap().chars().count(), 501);
}

#[test]
fn missing_versions_get_their_plans_anew() {
    let story = Story::begin();
    let rows = story.stored();
    assert!(plans(&rows, &rows).unwrap().is_empty());
    let anew = plans(&json!({}), &rows).unwrap();
    assert_eq!(anew.len(), 1);
    let plan = anew.values().next().unwrap();
    let compiled = crate::workflow::compile::compile(&story.model).unwrap();
    assert_eq!(*plan, wire::to_value(&compiled));
}

#[test]
fn old_events_are_replayed_in_their_newest_shape() {
    let upcasts = Upcasts(&[Step {
        event_type: "OrganizationCreated",
        from: 0,
        make: |data| {
            let name = data.remove("title").unwrap_or_default();
            data.insert("name".to_owned(), name);
        },
    }]);
    let id = "0192aaaa-0000-7000-8000-000000000001";
    let mut data = json!({"organizationId": id, "name": "Acme", "createdBy": id,
        "createdAt": "1970-01-01T00:00:00.000Z"});
    let newest = event("OrganizationCreated", 1, data.clone());
    let mut old = newest.clone();
    data["title"] = data["name"].take();
    data.as_object_mut().unwrap().remove("name");
    (old.event_version, old.data) = (0, data);
    let renamed = event("OrganizationRenamed", 2, json!({"name": "Acme & Co"}));
    let stream = [old.clone(), renamed.clone()];
    let read = in_newest_shape(&stream, &upcasts);
    assert_eq!(*read, [newest.clone(), renamed.clone()]);
    let replayed = organization::replay(&read, &[]).unwrap();
    assert_eq!(
        replayed,
        organization::replay(&[newest.clone(), renamed], &[]).unwrap()
    );
    assert!(replayed.is_some());
    let new = [newest];
    assert!(matches!(in_newest_shape(&new, &upcasts), Cow::Borrowed(_)));
}

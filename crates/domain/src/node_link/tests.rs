mod together;

use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::patch::Patch;

fn uuid(n: u64) -> Uuid {
    Uuid::from_u128(0x0198_c0de_0000_7000_8000_0000_0000_0000 | u128::from(n))
}

fn entity(n: u64) -> EntityId {
    EntityId::from_uuid(uuid(n))
}

fn by() -> UserId {
    UserId::from_uuid(uuid(7))
}

fn at(millis: i64) -> Instant {
    Instant::from_millis(1_756_728_000_000 + millis)
}

fn object(value: Value) -> JsonObject {
    value.as_object().cloned().unwrap()
}

fn command(source: FeatureType, target: FeatureType, link_type: LinkType) -> CreateNodeLink {
    CreateNodeLink {
        source_feature: source,
        target_feature: target,
        source_entity_id: entity(1),
        target_entity_id: entity(2),
        source_node_id: None,
        target_node_id: None,
        link_type,
        link_strength: None,
        link_context: None,
    }
}

fn inside() -> CreateNodeLink {
    let feature = FeatureType::FunctionModel;
    command(feature, feature, LinkType::References)
}

fn made(command: &CreateNodeLink) -> NodeLink {
    let events = create(command, LinkId::from_uuid(uuid(99)), by(), at(0)).unwrap();
    let link = events
        .iter()
        .fold(None, |link, event| evolve(link, event, None));
    link.unwrap()
}

/// The codes' fields of everything that is wrong with a new link.
fn refused(command: &CreateNodeLink) -> (Code, Vec<String>) {
    let refusal = create(command, LinkId::from_uuid(uuid(99)), by(), at(0)).unwrap_err();
    let fields = refusal.errors.into_iter().map(|error| error.field);
    (refusal.code, fields.collect())
}

fn types(events: &[LinkEvent]) -> Vec<&'static str> {
    events.iter().map(LinkEvent::event_type).collect()
}

#[test]
fn a_strength_is_a_fraction_of_two_decimals() {
    for (given, kept) in [
        (0.0, 0.0),
        (1.0, 1.0),
        (0.552, 0.55),
        (0.285, 0.29),
        (0.999, 1.0),
    ] {
        assert_eq!(LinkStrength::parse(given).unwrap().value(), kept, "{given}");
    }
    for given in [-0.001, 1.001, f64::NAN, f64::INFINITY] {
        let refusal = LinkStrength::parse(given).unwrap_err();
        assert_eq!(refusal.code, Code::LinkStrengthInvalid, "{given}");
    }
    assert!(LinkStrength(70).is_strong() && !LinkStrength(69).is_strong());
    assert!(LinkStrength(30).is_weak() && !LinkStrength(31).is_weak());
    assert_eq!(LinkStrength::default().to_string(), "0.5");
    assert!(serde_json::from_str::<LinkStrength>("1.5").is_err());
}

#[test]
fn types_suit_pairs_in_either_direction() {
    use FeatureType::{EventStorm, FunctionModel, KnowledgeBase, Spindle};
    let rows: [(FeatureType, FeatureType, &[&str]); 7] = [
        (
            FunctionModel,
            KnowledgeBase,
            &["documents", "references", "supports"],
        ),
        (
            FunctionModel,
            Spindle,
            &["implements", "triggers", "consumes", "produces"],
        ),
        (
            FunctionModel,
            EventStorm,
            &["triggers", "consumes", "produces"],
        ),
        (KnowledgeBase, Spindle, &["documents", "supports"]),
        (KnowledgeBase, EventStorm, &["documents", "references"]),
        (Spindle, EventStorm, &["triggers", "consumes", "produces"]),
        (
            Spindle,
            Spindle,
            &[
                "documents",
                "implements",
                "references",
                "supports",
                "nested",
                "triggers",
                "consumes",
                "produces",
            ],
        ),
    ];
    for (one, other, expected) in rows {
        for (source, target) in [(one, other), (other, one)] {
            let fits = LinkType::ALL
                .iter()
                .filter(|kind| {
                    let made = create(
                        &command(source, target, **kind),
                        LinkId::from_uuid(uuid(9)),
                        by(),
                        at(0),
                    );
                    made.is_ok()
                })
                .map(|kind| kind.as_str());
            assert_eq!(fits.collect::<Vec<_>>(), expected, "{source} {target}");
        }
    }
    let odd = command(FunctionModel, KnowledgeBase, LinkType::Nested);
    assert_eq!(
        refused(&odd),
        (Code::LinkTypeIncompatible, vec!["linkType".into()])
    );
}

#[test]
fn a_link_across_products_is_announced_twice() {
    let across = command(
        FeatureType::FunctionModel,
        FeatureType::Spindle,
        LinkType::Triggers,
    );
    let events = create(&across, LinkId::from_uuid(uuid(9)), by(), at(0)).unwrap();
    assert_eq!(
        types(&events),
        ["NodeLinkCreated", "CrossFeatureLinkEstablished"]
    );
    let link = made(&across);
    assert!(link.is_cross_feature());
    assert_eq!(link.link_strength.value(), 0.5);
    assert_eq!((link.revision, link.created_by), (1, by()));
    let reason = RemoveNodeLink {
        reason: Some(" done ".into()),
    };
    let removed = remove(&link, &reason, by(), at(5)).unwrap();
    assert_eq!(
        types(&removed),
        ["NodeLinkRemoved", "CrossFeatureLinkBroken"]
    );
    for event in &removed {
        assert_eq!(event.to_json()["data"]["reason"], "done");
    }
    assert_eq!(evolve(Some(link), &removed[0], None), None);
    let inside = made(&inside());
    let removed = remove(&inside, &RemoveNodeLink::default(), by(), at(5)).unwrap();
    assert_eq!(types(&removed), ["NodeLinkRemoved"]);
    let long = RemoveNodeLink {
        reason: Some("x".repeat(2001)),
    };
    let refusal = remove(&inside, &long, by(), at(5)).unwrap_err();
    assert_eq!(
        (refusal.code, refusal.errors[0].field.as_str()),
        (Code::ReasonInvalid, "reason")
    );
}

#[test]
fn nothing_is_linked_to_itself() {
    let node = |n| Some(NodeId::from_uuid(uuid(n)));
    let same = CreateNodeLink {
        target_entity_id: entity(1),
        ..inside()
    };
    let to_self = |command: &CreateNodeLink| {
        assert_eq!(
            refused(command),
            (Code::LinkToSelf, vec!["targetEntityId".into()])
        );
    };
    to_self(&same);
    to_self(&CreateNodeLink {
        target_feature: FeatureType::KnowledgeBase,
        ..same.clone()
    });
    let nodes = |source, target| CreateNodeLink {
        source_node_id: node(source),
        target_node_id: node(target),
        ..same.clone()
    };
    to_self(&nodes(3, 3));
    assert!(made(&nodes(3, 4)).source_node_id.is_some());
    let across = CreateNodeLink {
        target_feature: FeatureType::KnowledgeBase,
        ..nodes(3, 3)
    };
    assert!(made(&across).is_cross_feature());
}

#[test]
fn everything_wrong_is_told_at_once() {
    let wrong = CreateNodeLink {
        source_node_id: Some(NodeId::from_uuid(uuid(3))),
        target_entity_id: entity(1),
        target_feature: FeatureType::KnowledgeBase,
        link_type: LinkType::Nested,
        link_strength: Some(2.0),
        link_context: Some(object(json!({
            "sourceContext": {"nodeId": "a"},
            "targetContext": 5,
            "metrics": {"interactionFrequency": "often"},
            "initialStrength": 7,
            "note": 1,
            "other": [1, 2],
        }))),
        ..inside()
    };
    let (code, fields) = refused(&wrong);
    assert_eq!(code, Code::LinkNodesIncomplete);
    assert_eq!(
        fields,
        [
            "targetNodeId",
            "targetEntityId",
            "linkStrength",
            "linkContext.sourceContext.nodeType",
            "linkContext.targetContext",
            "linkContext.metrics.interactionFrequency",
            "linkContext.initialStrength",
            "linkContext.note",
            "linkType",
        ]
    );
    let target_only = CreateNodeLink {
        target_node_id: Some(NodeId::from_uuid(uuid(3))),
        link_context: Some(object(json!({"metrics": []}))),
        ..inside()
    };
    assert_eq!(
        refused(&target_only).1,
        ["sourceNodeId", "linkContext.metrics"]
    );
    let large = CreateNodeLink {
        link_context: Some(object(json!({"note": "x".repeat(70_000)}))),
        ..inside()
    };
    assert_eq!(
        refused(&large),
        (Code::DocumentTooLarge, vec!["linkContext".into()])
    );
}

#[test]
fn a_change_names_new_values_and_old_ones() {
    let link = made(&inside());
    let nothing = change(&link, &ChangeNodeLink::default(), by(), at(1)).unwrap_err();
    assert_eq!(nothing.code, Code::NothingToChange);
    let all = ChangeNodeLink {
        link_strength: Some(0.8),
        link_context: Patch::Set(object(json!({"note": "why"}))),
        link_type: Some(LinkType::Nested),
    };
    let events = change(&link, &all, by(), at(1)).unwrap();
    let data = &events[0].to_json()["data"];
    assert_eq!(
        data["changes"],
        json!({"linkStrength": 0.8, "linkContext": {"note": "why"}, "linkType": "nested"})
    );
    assert_eq!(
        data["previousValues"],
        json!({"linkStrength": 0.5, "linkContext": {}, "linkType": "references"})
    );
    let after = evolve(Some(link.clone()), &events[0], None).unwrap();
    assert_eq!((after.revision, after.updated_at), (2, at(1)));
    assert_eq!(after.link_type, LinkType::Nested);
    let cleared = ChangeNodeLink {
        link_context: Patch::Clear,
        ..ChangeNodeLink::default()
    };
    let events = change(&after, &cleared, by(), at(2)).unwrap();
    assert!(
        evolve(Some(after), &events[0], None)
            .unwrap()
            .link_context
            .is_empty()
    );
    let wrong = ChangeNodeLink {
        link_strength: Some(-1.0),
        ..ChangeNodeLink::default()
    };
    let refusal = change(&link, &wrong, by(), at(1)).unwrap_err();
    assert_eq!(refusal.code, Code::LinkStrengthInvalid);
}

#[test]
fn use_makes_a_link_stronger() {
    let rows = [
        (0.3, [50.0, 0.8, 0.6], [0.1, 0.24, 0.12], 0.76, 0.76),
        (0.5, [1.0, 0.1, 0.1], [0.002, 0.03, 0.02], 0.552, 0.55),
        (0.5, [50.0, 0.5, 0.25], [0.1, 0.15, 0.05], 0.8, 0.8),
        (0.8, [200.0, 1.0, 1.0], [0.2, 0.3, 0.2], 1.0, 1.0),
        (0.5, [-3.0, -1.0, 7.0], [0.0, 0.0, 0.2], 0.7, 0.7),
    ];
    for (base, [frequency, similarity, relevance], bonuses, sum, stored) in rows {
        let link = made(&CreateNodeLink {
            link_strength: Some(base),
            ..inside()
        });
        let metrics = LinkMetrics {
            interaction_frequency: frequency,
            semantic_similarity: similarity,
            context_relevance: relevance,
        };
        let found = StrengthCalculation::of(&link, metrics, true);
        let given = [
            found.frequency_bonus,
            found.semantic_bonus,
            found.context_bonus,
        ];
        assert_eq!(given, bonuses);
        assert_eq!((found.base_strength, found.final_strength), (base, sum));
        assert_eq!(found.strength().value(), stored);
        let events = calculate(&link, &found, by(), at(1));
        let after = evolve(Some(link), &events[0], None).unwrap();
        assert_eq!(after.link_strength.value(), stored);
    }
}

#[test]
fn measures_come_from_the_command_then_from_the_notes() {
    let context = json!({"metrics": {"interactionFrequency": 10, "semanticSimilarity": 0.5}});
    let link = made(&CreateNodeLink {
        link_context: Some(object(context)),
        ..inside()
    });
    let command = CalculateLinkStrength {
        interaction_frequency: Some(20.0),
        ..CalculateLinkStrength::default()
    };
    let expected = LinkMetrics {
        interaction_frequency: 20.0,
        semantic_similarity: 0.5,
        context_relevance: 0.0,
    };
    assert_eq!(LinkMetrics::of(&command, &link), Ok(expected));
    let endless = CalculateLinkStrength {
        interaction_frequency: Some(f64::INFINITY),
        context_relevance: Some(f64::NAN),
        ..command
    };
    let refusal = LinkMetrics::of(&endless, &link).unwrap_err();
    assert_eq!(
        (refusal.code, refusal.errors.len()),
        (Code::MetricsInvalid, 2)
    );
}

#[test]
fn many_links_are_warned_about() {
    let codes = |kind, source, target| -> Vec<(&str, String)> {
        let found = warnings(kind, source, target).into_iter();
        found.map(|w| (w.code.as_str(), w.field)).collect()
    };
    assert!(codes(LinkType::Documents, 10, 10).is_empty());
    assert_eq!(
        codes(LinkType::Documents, 11, 11),
        [
            ("LINK_FANOUT_HIGH", "sourceEntityId".to_owned()),
            ("LINK_FANOUT_HIGH", "targetEntityId".to_owned())
        ]
    );
    assert!(codes(LinkType::Triggers, 5, 0).is_empty());
    assert_eq!(
        codes(LinkType::Triggers, 6, 0),
        [("TRIGGER_FANOUT_HIGH", "sourceEntityId".to_owned())]
    );
}

#[test]
fn a_batch_says_what_each_operation_needs() {
    let operation = |kind| LinkOperation {
        operation: kind,
        link: None,
        link_id: None,
        link_strength: None,
        reason: None,
    };
    let wrong = BatchNodeLinks {
        batch_id: " ".into(),
        operations: vec![
            operation(LinkOperationKind::Create),
            operation(LinkOperationKind::UpdateStrength),
            LinkOperation {
                link: Some(inside()),
                link_strength: Some(0.1),
                link_id: Some(LinkId::from_uuid(uuid(1))),
                ..operation(LinkOperationKind::Remove)
            },
        ],
    };
    let refusal = operations(&wrong).unwrap_err();
    assert_eq!(refusal.code, Code::InvalidRequest);
    let found = refusal
        .errors
        .iter()
        .map(|e| format!("{} {}", e.field, e.rule));
    assert_eq!(
        found.collect::<Vec<_>>(),
        [
            "batchId length",
            "operations[0].link required",
            "operations[1].linkId required",
            "operations[1].linkStrength required",
            "operations[2].link unknown",
            "operations[2].linkStrength unknown",
        ]
    );
    let create = LinkOperation {
        link: Some(inside()),
        ..operation(LinkOperationKind::Create)
    };
    let sized = |n| BatchNodeLinks {
        batch_id: "import 7".into(),
        operations: vec![create.clone(); n],
    };
    assert_eq!(operations(&sized(100)), Ok("import 7".into()));
    assert!(operations(&sized(0)).is_err());
    assert!(operations(&sized(101)).is_err());
}

#[test]
fn events_keep_their_form() {
    let node = |n| Some(NodeId::from_uuid(uuid(n)));
    let across = CreateNodeLink {
        source_node_id: node(3),
        target_node_id: node(4),
        link_context: Some(object(json!({"note": "n"}))),
        ..command(
            FeatureType::KnowledgeBase,
            FeatureType::FunctionModel,
            LinkType::Documents,
        )
    };
    let link = made(&across);
    let mut events = create(&across, link.link_id, by(), at(0)).unwrap();
    let change_strength = ChangeNodeLink {
        link_strength: Some(0.75),
        ..ChangeNodeLink::default()
    };
    events.extend(change(&link, &change_strength, by(), at(1)).unwrap());
    let reason = RemoveNodeLink {
        reason: Some("obsolete".into()),
    };
    events.extend(remove(&link, &reason, by(), at(2)).unwrap());
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/node_link/snapshots");
    for event in &events {
        let path = folder.join(format!("{}.json", event.event_type()));
        let text = serde_json::to_string_pretty(&event.to_json()).unwrap() + "\n";
        if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap();
        assert_eq!(kept, text, "{}", event.event_type());
    }
}

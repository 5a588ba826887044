use super::*;
use crate::function_model::{ActionKind, ContainerKind};
use crate::ids::ModelId;
use crate::vocabulary::{ActionStatus, NodeStatus};
use crate::workflow::tests::{Sketch, boundary, object, owner, stage, uuid};
use serde_json::{Value, json};

fn sound() -> Sketch {
    Sketch::new()
        .with(boundary("In", "input", &[]))
        .with(stage("Work", &["In"]).actions(&["a", "b"]))
        .with(boundary("Out", "output", &["Work"]))
}

fn kind(action_type: &str, data: Value) -> ActionKind {
    let tagged = json!({"actionType": action_type, "actionSpecificData": data});
    serde_json::from_value(tagged).unwrap()
}

fn nested(mut more: Value) -> ActionKind {
    let id = json!("5f0c1d4e-9a52-4c3b-8f10-0123456789ab");
    more.as_object_mut()
        .unwrap()
        .insert("nestedModelId".into(), id);
    kind("functionModelContainer", more)
}

/// The codes that a check finds besides those of a sound model.
fn found(sketch: &Sketch, level: ValidationLevel, facts: &Facts) -> Vec<FindingCode> {
    let usual = look(&sound().model, level, &Facts::default());
    let usual: Vec<FindingCode> = usual.iter().map(|finding| finding.code).collect();
    let findings = look(&sketch.model, level, facts);
    assert!(findings.iter().all(|finding| finding.category == level));
    let codes = findings.iter().map(|finding| finding.code);
    let mut codes: Vec<FindingCode> = codes.filter(|code| !usual.contains(code)).collect();
    codes.dedup();
    codes
}

fn check_readiness(sketch: &Sketch, expected: &[FindingCode]) {
    let level = ValidationLevel::ExecutionReadiness;
    assert_eq!(found(sketch, level, &Facts::default()), expected);
}

#[test]
fn a_full_report_counts_over_all_categories() {
    let id = ValidationId::from_uuid(uuid(9));
    let now = Instant::from_millis(0);
    let facts = Facts::default();
    let report = validate(&sound().model, ValidationLevel::Full, &facts, id, now);
    assert!(report.is_valid, "{report:?}");
    assert_eq!(report.categories.len(), 5);
    assert_eq!(report.complexity, "SIMPLE");
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["categories"]["cross-feature"]["isValid"], true);
    assert_eq!(serde_json::from_value::<Report>(json).unwrap(), report);
    let event = report.event(owner());
    assert_eq!(
        (event.error_count, event.warning_count),
        (0, report.totals.warnings)
    );
    let empty = Sketch::new();
    let report = validate(&empty.model, ValidationLevel::Structural, &facts, id, now);
    assert!(!report.is_valid);
    assert_eq!((report.categories.len(), report.totals.errors), (1, 2));
    assert!(look(&empty.model, ValidationLevel::Full, &facts).is_empty());
}

#[test]
fn critical_warnings_are_counted() {
    let sketch = sound().with(boundary("Far", "output", &[]));
    let (id, now) = (ValidationId::from_uuid(uuid(9)), Instant::from_millis(0));
    let level = ValidationLevel::Structural;
    let report = validate(&sketch.model, level, &Facts::default(), id, now);
    assert_eq!(report.totals.critical_warnings, 1);
}

#[test]
fn a_check_that_breaks_down_is_invalid_and_the_others_still_report() {
    let mut facts = Facts::default();
    facts
        .broken
        .insert(ValidationLevel::CrossFeature, "down".into());
    let (id, now) = (ValidationId::from_uuid(uuid(9)), Instant::from_millis(0));
    let report = validate(&sound().model, ValidationLevel::Full, &facts, id, now);
    assert!(!report.is_valid);
    let broken = &report.categories[&ValidationLevel::CrossFeature];
    assert_eq!(broken.errors[0].code, FindingCode::ValidatorFailed);
    assert!(report.categories[&ValidationLevel::Structural].is_valid);
}

#[test]
fn readiness_looks_at_statuses_and_configuration() {
    use FindingCode as F;
    let status = |status| sound().action("a", move |action| action.status = status);
    check_readiness(&status(ActionStatus::Draft), &[F::ActionNotReady]);
    check_readiness(&status(ActionStatus::Inactive), &[F::ActionWillBeSkipped]);
    check_readiness(&status(ActionStatus::Configured), &[]);
    let idle = sound().node("Work", |node| node.status = NodeStatus::Inactive);
    check_readiness(&idle, &[F::StageNotReady]);
    let broken = sound().action("a", |action| {
        action.metadata = object(json!({"condition": {"expression": "1 +"}}));
    });
    check_readiness(&broken, &[F::ActionConfigurationIncomplete]);
    let hollow = sound().action("a", |action| {
        action.kind = kind("tetherNode", json!({"tetherReferenceId": " "}));
    });
    check_readiness(&hollow, &[F::ActionConfigurationIncomplete]);
    let slow = sound()
        .node("Work", |node| node.timeout_ms = Some(1000))
        .action("a", |action| action.estimated_duration_minutes = Some(1.0));
    check_readiness(&slow, &[F::TimeoutBelowEstimate]);
    let large = sound().action("a", |action| {
        let resources = json!({"memory": 20000});
        action.kind = kind(
            "tetherNode",
            json!({"tetherReferenceId": "w", "resourceRequirements": resources}),
        );
    });
    check_readiness(&large, &[F::MemoryBudgetExceeded]);
}

#[test]
fn a_run_needs_a_published_snapshot() {
    let level = ValidationLevel::ExecutionReadiness;
    let mut facts = Facts {
        for_execution: true,
        ..Facts::default()
    };
    assert_eq!(
        found(&sound(), level, &facts),
        [FindingCode::NoPublishedSnapshot]
    );
    facts.published = Some(sound().model);
    assert!(found(&sound(), level, &facts).is_empty());
}

/// A model whose sources of names are all known.
fn closed() -> Sketch {
    let contract =
        json!({"properties": {"amount": {"type": "number"}, "note": {}}, "required": ["id"]});
    let mapped = json!({"tetherReferenceId": "w", "outputMapping": {"total": "sum"}});
    sound()
        .node("In", |node| {
            if let ContainerKind::Io(io) = &mut node.kind {
                io.input_data_contract = Some(object(contract));
            }
        })
        .action("a", |action| action.kind = kind("tetherNode", mapped))
}

fn check_data(sketch: &Sketch, expected: &[FindingCode]) {
    let codes = found(sketch, ValidationLevel::Context, &Facts::default());
    assert_eq!(codes, expected);
}

fn guarded(condition: Value) -> Sketch {
    closed().action("b", |action| {
        action.execution_mode = crate::vocabulary::ExecutionMode::Conditional;
        action.metadata = object(json!({ "condition": condition }));
    })
}

#[test]
fn names_must_be_defined_where_all_sources_are_known() {
    use FindingCode as F;
    let test = |path: &str, value: Value| json!([{"path": path, "operator": "eq", "value": value}]);
    check_data(&guarded(test("amount", json!(1))), &[]);
    check_data(&guarded(test("total.x", json!(1))), &[]);
    check_data(&guarded(test("id", json!("x"))), &[]);
    check_data(&guarded(test("missing", json!(1))), &[F::VariableUndefined]);
    check_data(
        &guarded(json!({"expression": "missing > amount"})),
        &[F::VariableUndefined],
    );
    check_data(
        &guarded(json!({"expression": "[1].exists(x, x == amount)"})),
        &[],
    );
    check_data(
        &guarded(json!([{"path": "missing", "operator": "exists"}])),
        &[],
    );
    check_data(
        &guarded(test("amount", json!("1"))),
        &[F::VariableTypeDiffers],
    );
    let list = json!([{"path": "amount", "operator": "in", "value": [1, "2"]}]);
    check_data(&guarded(list), &[F::VariableTypeDiffers]);
    let open = sound().action("b", |action| {
        action.kind = nested(json!({"contextMapping": {"x": "missing"}}));
    });
    check_data(&open, &[]);
}

#[test]
fn mappings_down_are_looked_at() {
    use FindingCode as F;
    let down = |data: Value| closed().action("b", |action| action.kind = nested(data));
    check_data(
        &down(json!({"contextMapping": {"x": "missing"}})),
        &[F::VariableUndefined],
    );
    let computed = json!({"contextMapping": {"x": {"expression": "missing + 1"}}});
    check_data(&down(computed), &[F::VariableUndefined]);
    let twice =
        json!({"contextInheritance": {"inheritedContexts": ["a"], "sharedContexts": ["a"]}});
    check_data(&down(twice), &[F::NameInheritedTwice]);
    let conditional = json!({"executionPolicy": {"executionTrigger": "conditional",
        "conditions": [{"path": "gone", "operator": "eq", "value": 1}]}});
    check_data(&down(conditional), &[F::VariableUndefined]);
    let mut deprecated = down(json!({"contextMapping": {"x": "note"}}));
    deprecated.model.metadata = object(json!({"deprecatedVariables": ["note"]}));
    check_data(&deprecated, &[F::DeprecatedVariable]);
    let shared = sound().action("b", |action| {
        action.kind = nested(json!({"contextMapping": {"x": "apiTokens.main"}}));
        action.metadata = object(json!({"policy": {"sharesExternally": true}}));
    });
    check_data(&shared, &[F::SensitivePropertyShared]);
    let article = closed().action("a", |action| {
        action.kind = kind(
            "kbNode",
            json!({"kbReferenceId": "k", "shortDescription": "d"}),
        );
    });
    let reads = article.action("b", |action| {
        action.kind = nested(json!({"contextMapping": {"x": "content"}}));
    });
    check_data(&reads, &[]);
}

#[test]
fn contracts_of_different_majors_are_told() {
    let version = |name: &'static str, version: &'static str| {
        move |sketch: Sketch| {
            sketch.node(name, |node| {
                if let ContainerKind::Io(io) = &mut node.kind {
                    let contract = Some(object(json!({ "schemaVersion": version })));
                    if name == "In" {
                        io.input_data_contract = contract;
                    } else {
                        io.output_data_contract = contract;
                    }
                }
            })
        }
    };
    let alike = version("Out", "1.2")(version("In", "1.0")(sound()));
    check_data(&alike, &[]);
    let apart = version("Out", "2.0")(version("In", "1.0")(sound()));
    check_data(&apart, &[FindingCode::ContractVersionsDiffer]);
}

#[test]
fn references_must_be_there() {
    use FindingCode as F;
    let level = ValidationLevel::CrossFeature;
    let sketch = sound().action("b", |action| {
        action.kind = kind(
            "kbNode",
            json!({"kbReferenceId": "k", "shortDescription": "d"}),
        );
    });
    let mut facts = Facts {
        references: references::named(&sketch.model),
        ..Facts::default()
    };
    assert_eq!(facts.references.workflows["w"], Reference::NotChecked);
    let codes = |facts: &Facts| -> Vec<F> {
        look(&sketch.model, level, facts)
            .iter()
            .map(|finding| finding.code)
            .collect()
    };
    assert_eq!(
        codes(&facts),
        [F::ReferenceNotChecked, F::ReferenceNotChecked]
    );
    facts
        .references
        .workflows
        .insert("w".into(), Reference::Available);
    facts
        .references
        .contents
        .insert("k".into(), Reference::Missing);
    assert_eq!(codes(&facts), [F::ReferenceMissing]);
    let nested = sound().action("b", |action| action.kind = nested(json!({})));
    assert_eq!(references::named(&nested.model).models.len(), 1);
}

#[test]
fn methods_and_restricted_data_are_looked_at() {
    use FindingCode as F;
    let level = ValidationLevel::CrossFeature;
    let config = |authentication: Value| {
        sound().action("a", |action| {
            let config = json!({ "authentication": authentication });
            action.kind = kind(
                "tetherNode",
                json!({"tetherReferenceId": "w", "integrationConfig": config}),
            );
        })
    };
    let facts = Facts::default();
    assert!(found(&config(json!("jwt")), level, &facts).is_empty());
    let unknown = [F::AuthenticationMethodUnknown];
    assert_eq!(found(&config(json!("magic")), level, &facts), unknown);
    assert_eq!(
        found(&config(json!({"method": "magic"})), level, &facts),
        unknown
    );
    let restricted = sound().action("a", |action| {
        action.metadata =
            object(json!({"policy": {"classification": "restricted", "externalApi": true}}));
    });
    assert_eq!(
        found(&restricted, level, &facts),
        [F::RestrictedDataExternal]
    );
}

#[test]
fn declared_context_has_a_size() {
    use FindingCode as F;
    let sized = |mb: f64| {
        let mut sketch = sound().action("a", |action| {
            action.metadata = object(json!({"contextSizeMb": mb}));
        });
        sketch.model.metadata = object(json!({"contextSizeMb": 1}));
        sketch
    };
    check_data(&sized(99.0), &[]);
    check_data(&sized(99.5), &[F::ContextLarge]);
    check_data(&sized(999.5), &[F::ContextTooLarge]);
}

#[test]
fn required_versions_of_nested_models_are_compared() {
    use FindingCode as F;
    let level = ValidationLevel::CrossFeature;
    let id = ModelId::parse("5f0c1d4e-9a52-4c3b-8f10-0123456789ab").unwrap();
    let codes = |required: &str, published: &str| {
        let sketch = sound().action("b", |action| {
            action.kind = nested(json!({}));
            action.metadata = object(json!({ "requiredVersion": required }));
        });
        let mut facts = Facts::default();
        facts
            .references
            .workflows
            .insert("w".into(), Reference::Available);
        facts.references.models.insert(id, Reference::Available);
        facts.references.versions.insert(id, published.into());
        let found = look(&sketch.model, level, &facts);
        found.iter().map(|finding| finding.code).collect::<Vec<_>>()
    };
    assert_eq!(codes("1.2.0", "1.2.0"), []);
    assert_eq!(codes("1.2.0", "1.4.9"), []);
    assert_eq!(codes("1.2.0", "1.1.0"), [F::RequiredVersionBehind]);
    assert_eq!(codes("1.2.0", "2.2.0"), [F::RequiredVersionDiffers]);
    assert_eq!(codes("newest", "2.2.0"), []);
}

#[test]
fn links_must_suit_what_they_join_and_be_strong_enough() {
    use FindingCode as F;
    let link = |link_type: &str, strength: f64| {
        let id = uuid(5);
        json!({"linkId": id, "sourceFeature": "function-model", "targetFeature": "spindle",
            "sourceEntityId": id, "targetEntityId": uuid(6), "linkType": link_type, "linkStrength": strength,
            "linkContext": {}, "createdBy": id, "createdAt": "2025-09-01T12:00:00.000Z",
            "updatedAt": "2025-09-01T12:00:00.000Z", "revision": 1})
    };
    let mut facts = Facts::default();
    facts
        .references
        .workflows
        .insert("w".into(), Reference::Available);
    for (link_type, strength) in [("triggers", 0.5), ("documents", 0.9), ("implements", 0.3)] {
        facts
            .references
            .links
            .push(serde_json::from_value(link(link_type, strength)).unwrap());
    }
    let report = validate(
        &sound().model,
        ValidationLevel::CrossFeature,
        &facts,
        ValidationId::from_uuid(uuid(9)),
        Instant::from_millis(0),
    );
    let category = &report.categories[&ValidationLevel::CrossFeature];
    assert_eq!(category.errors[0].code, F::LinkTypeIncompatible);
    assert_eq!(
        category.errors[0].path,
        Some(format!("links[{}].linkType", uuid(5)))
    );
    assert_eq!(category.warnings[0].code, F::LinkWeak);
    assert!(category.warnings[0].advice.is_some());
}

#[test]
fn a_wrong_configuration_is_told_field_by_field() {
    let hollow = sound().action("b", |action| {
        action.kind = kind("tetherNode", json!({"tetherReferenceId": " "}));
        action.metadata = object(json!({"condition": [{"path": "a"}]}));
    });
    let facts = Facts::default();
    let (id, now) = (ValidationId::from_uuid(uuid(9)), Instant::from_millis(0));
    let report = validate(&hollow.model, ValidationLevel::Full, &facts, id, now);
    let errors = &report.categories[&ValidationLevel::ExecutionReadiness].errors;
    let paths: Vec<&str> = errors.iter().filter_map(|f| f.path.as_deref()).collect();
    let expected = [
        "nodes[1].actions[1].actionSpecificData.tetherReferenceId",
        "nodes[1].actions[1].metadata.condition[0].operator",
    ];
    assert_eq!(paths, expected);
}

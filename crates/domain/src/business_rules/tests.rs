use super::*;
use crate::function_model::Version;
use crate::sorted::SortedSet;
use crate::workflow::tests::{Sketch, boundary, node_id, object, stage};
use serde_json::json;

fn sound() -> Sketch {
    let mut sketch = Sketch::new()
        .with(boundary("In", "input", &[]))
        .with(stage("Work", &["In"]).actions(&["a"]))
        .with(boundary("Out", "output", &["Work"]));
    sketch.model.metadata = object(json!({"auditing": true}));
    sketch
}

fn codes(sketch: &Sketch) -> SortedSet<FindingCode> {
    let findings = validate(&sketch.model, Stage::Publication, None);
    findings.iter().map(|finding| finding.code).collect()
}

/// The findings are these and no others.
fn check(sketch: &Sketch, expected: &[FindingCode]) {
    let expected: SortedSet<FindingCode> = expected.iter().copied().collect();
    assert_eq!(codes(sketch), expected);
}

fn policy(policy: Value) -> Sketch {
    sound().action("a", |action| {
        action.metadata = object(json!({ "policy": policy }));
    })
}

fn tether(name: &str, data: Value) -> impl FnOnce(&mut ActionNode) {
    let mut whole = json!({"tetherReferenceId": "w"});
    whole.as_object_mut().unwrap().insert(name.to_owned(), data);
    move |action| {
        action.kind =
            serde_json::from_value(json!({"actionType": "tetherNode", "actionSpecificData": whole}))
                .unwrap()
    }
}

#[test]
fn a_sound_model_breaks_no_rule() {
    check(&sound(), &[]);
}

#[test]
fn missing_boundaries_are_errors_only_at_publication() {
    use FindingCode as F;
    let empty = Sketch::new();
    check(
        &empty,
        &[F::InputBoundaryRequired, F::OutputBoundaryRequired],
    );
    let drafts = validate(&empty.model, Stage::DraftEdit, None);
    assert!(
        drafts
            .iter()
            .all(|finding| finding.severity == Severity::Warning)
    );
    assert_eq!(drafts.len(), 2);
}

#[test]
fn care_for_data_is_asked_for() {
    use FindingCode as F;
    check(
        &policy(json!({"processesPersonalData": true})),
        &[F::PersonalDataUnencrypted],
    );
    check(
        &policy(json!({"processesPersonalData": true, "encryption": "aes"})),
        &[],
    );
    check(
        &policy(json!({"sharesExternally": true})),
        &[F::SharingNotApproved],
    );
    check(
        &policy(json!({"externalApi": true})),
        &[F::ExternalApiNotScanned],
    );
    check(
        &policy(json!({"externalApi": true, "securityScan": true})),
        &[],
    );
    check(
        &policy(json!({"requiresAuth": true, "authMethod": " "})),
        &[F::AuthMethodMissing],
    );
    check(
        &policy(json!({"sendsPersonalDataExternally": true, "consent": false})),
        &[F::ConsentMissing],
    );
    check(
        &policy(json!({"sensitiveData": true})),
        &[F::SensitiveDataHandling],
    );
    check(
        &policy(json!({"sensitiveData": true, "handling": "masked"})),
        &[],
    );
    check(
        &policy(json!({"classification": "restricted"})),
        &[F::ClassifiedIoHandling],
    );
    check(&policy(json!({"classification": "public"})), &[]);
    let mut unaudited = policy(json!({"sensitiveData": true, "handling": "x"}));
    unaudited.model.metadata.clear();
    check(&unaudited, &[F::AuditingOff]);
    let mut approved = policy(json!({"sharesExternally": true}));
    approved
        .model
        .metadata
        .insert("dataSharingApproved".into(), json!(true));
    check(&approved, &[]);
}

#[test]
fn budgets_count_what_is_stated() {
    use FindingCode as F;
    let resources = |value: Value| sound().action("a", tether("resourceRequirements", value));
    check(
        &resources(json!({"memory": 8192, "cpu": 16})),
        &[F::ResourceIntensive],
    );
    check(
        &resources(json!({"memory": "16Gi"})),
        &[F::MemoryHigh, F::ResourceIntensive],
    );
    let large = json!({"memory": 16385});
    check(
        &resources(large),
        &[F::MemoryHigh, F::ResourceIntensive, F::MemoryBudgetExceeded],
    );
    check(
        &resources(json!({"timeoutSeconds": 31})),
        &[F::ResourceIntensive, F::SequentialTimeLong],
    );
    let names = ["a", "b", "c"];
    let many = names.iter().fold(
        Sketch::new()
            .with(boundary("In", "input-output", &[]))
            .with(stage("Work", &["In"]).parallel(&names)),
        |sketch, name| sketch.action(name, tether("resourceRequirements", json!({"cpu": 11}))),
    );
    check(&many, &[F::CpuBudgetExceeded]);
    let integration = json!({"kind": "api-call"});
    check(
        &sound().action("a", tether("integrationConfig", integration)),
        &[F::IntegrationIncomplete],
    );
}

#[test]
fn names_people_and_crowds_are_looked_at() {
    use FindingCode as F;
    check(
        &sound().node("In", |node| node.name = "in".into()),
        &[F::NameConvention],
    );
    check(&sound().node("In", |node| node.name = "受注".into()), &[]);
    check(
        &sound().node("In", |node| node.name = "1st".into()),
        &[F::NameConvention],
    );
    let mut listed = sound();
    listed.model.permissions.viewers = vec![listed.model.user_id];
    check(&listed, &[F::OwnerListedTwice]);
    listed.model.permissions.viewers = vec![listed.model.user_id; 2];
    check(&listed, &[F::OwnerListedTwice, F::PermissionsMalformed]);
    let mut ownerless = sound();
    ownerless.model.permissions.owner = crate::ids::UserId::from_uuid(uuid::Uuid::nil());
    check(&ownerless, &[F::OwnerMissing, F::PermissionsMalformed]);
    let mut early = sound();
    early.model.version = Version::parse("1.0.0-rc.1").unwrap();
    check(&early, &[F::VersionNotSemantic]);
    let crowd = sound().with(stage("Crowd", &["In"]).actions(&["1", "2", "3", "4", "5", "6"]));
    check(&crowd, &[F::NoParallelism]);
}

#[test]
fn a_changed_structure_asks_for_the_right_step() {
    let found = |change: fn(&mut FunctionModel), version: &str| {
        let published = sound().model;
        let mut model = published.clone();
        change(&mut model);
        model.version = Version::parse(version).unwrap();
        let findings = validate(&model, Stage::Publication, Some(&published));
        let code = FindingCode::StructureChangedWithoutBump;
        findings.iter().any(|finding| finding.code == code)
    };
    let remove: fn(&mut FunctionModel) = |model| {
        model.nodes.remove(&node_id("Out"));
    };
    assert!(found(remove, "1.1.0"));
    assert!(!found(remove, "2.0.0"));
    let add: fn(&mut FunctionModel) = |model| {
        let more = sound().with(stage("More", &[]));
        model.nodes = more.model.nodes;
    };
    assert!(found(add, "1.0.1"));
    assert!(!found(add, "1.1.0"));
    assert!(!found(|_| (), "1.0.1"));
}

#[test]
fn the_report_sums_up_and_says_where() {
    let draft = report(&Sketch::new().model, Stage::DraftEdit, None);
    assert_eq!(
        (draft.is_valid, draft.final_status),
        (true, RulesStatus::Configured)
    );
    assert_eq!(
        (draft.totals.errors, draft.totals.warnings),
        (0, draft.findings.len())
    );
    let blocked = report(&Sketch::new().model, Stage::Publication, None);
    assert_eq!(blocked.final_status, RulesStatus::ValidationBlocked);
    assert_eq!((blocked.is_valid, blocked.totals.errors), (false, 2));
    assert!(
        blocked
            .findings
            .iter()
            .all(|f| f.path.is_some() && f.advice.is_some())
    );
}

//! Models that go together, deleted ones, and what the service reads.

use domain::function_model::{Delta, FunctionModel};
use domain::ids::{LinkId, ModelId, UserId};
use domain::instant::Instant;
use domain::vocabulary::ModelStatus;
use futures::executor::block_on;
use serde_json::{Value, json};
use use_cases::ports::{
    DeletedFilter, Expected, Extent, FunctionModels, JointSave, LinkRemoval, ModelSave,
    PageRequest, PortErrorKind, Written,
};

use super::PostgrestFunctionModels;
use crate::http::script::{Script, StillClock, answer};
use crate::postgrest::script::{ID, WHEN, body, context, kept, parameter, session};

const OTHER: &str = "0198c0de-0000-7000-8000-00000000000b";

fn row() -> Value {
    json!({
        "modelId": ID, "name": "Order to cash", "description": null, "version": "1.0.0",
        "currentVersion": "1.0.0", "versionCount": 1, "status": "draft", "aiAgentConfig": null,
        "metadata": {}, "permissions": {"owner": OTHER}, "userId": OTHER, "organizationId": null,
        "createdAt": WHEN, "updatedAt": WHEN, "lastSavedAt": WHEN, "deletedAt": WHEN,
        "deletedBy": OTHER, "retainUntil": WHEN, "revision": 3,
    })
}

fn model() -> FunctionModel {
    domain::json::from_value(row()).unwrap()
}

fn id() -> ModelId {
    ModelId::parse(ID).unwrap()
}

#[test]
fn the_service_finds_models_through_a_function() {
    let mut found = row();
    found["published"] = json!([{"versionId": ID, "versionNumber": "1.1.0"}]);
    let script = Script::of([
        answer(200, &found.to_string()),
        answer(200, "null"),
        answer(200, r#"{"modelId": 7}"#),
    ]);
    let clock = StillClock::default();
    let models = PostgrestFunctionModels::new(session(&script, &clock));
    let mut service = context();
    service.actor.service = true;
    let find = |extent| block_on(models.find_by_id(&service, id(), extent));
    let found = find(Extent::Header).unwrap().unwrap();
    assert_eq!(found.published.unwrap().version_number, "1.1.0");
    assert!(found.model.deletion.unwrap().retain_until.is_some());
    assert_eq!(find(Extent::Whole).unwrap(), None);
    assert_eq!(
        find(Extent::Whole).unwrap_err().kind,
        PortErrorKind::Corrupt
    );
    let asked = |n: usize| body(&script.sent()[n])["command"]["withStructure"].clone();
    assert_eq!((asked(0), asked(1)), (json!(false), json!(true)));
    assert!(
        script.sent()[0]
            .url
            .ends_with("rpc/find_function_model_for_service")
    );
}

#[test]
fn several_models_travel_in_one_command() {
    let script = Script::of([answer(200, r#"{"revisions":[4]}"#)]);
    let clock = StillClock::default();
    let models = PostgrestFunctionModels::new(session(&script, &clock));
    let mut after = model();
    after.status = ModelStatus::Archived;
    let mut delta = Delta::default();
    delta.columns.insert("status");
    let save = |removed_links| JointSave {
        change: ModelSave {
            model: &after,
            expected: Expected::Revision(3),
            delta: &delta,
            events: &[],
            version: None,
            answer: None,
        },
        removed_links,
    };
    let link = LinkRemoval {
        link_id: LinkId::parse(OTHER).unwrap(),
        events: vec![json!({"eventType": "NodeLinkRemoved"})],
    };
    let saves = vec![save(vec![link]), save(vec![])];
    let saved = block_on(models.save_all(&context(), saves, kept()));
    assert_eq!(saved, Ok(Written::Done(())));
    let sent = body(&script.sent()[0]);
    let first = &sent["command"]["models"][0];
    assert_eq!(first["model"], json!({"status": "archived"}));
    assert_eq!(first["removedLinks"][0]["linkId"], OTHER);
    assert_eq!(sent["command"]["models"][1].get("removedLinks"), None);
    assert!(sent["request"]["idempotency"].is_object());
}

#[test]
fn what_stands_around_a_model_is_read_at_once() {
    let around = json!({
        "dependents": [{"userId": OTHER, "status": "published", "isDeleted": false, "isLive": true}],
        "nested": [{"actionId": ID, "modelId": OTHER, "isMissing": false, "isDeleted": true}],
        "brokenLinks": [OTHER], "isNameTaken": true, "hasActiveExecutions": false,
        "publishedAt": null,
    });
    let script = Script::of([
        answer(200, &around.to_string()),
        answer(400, r#"{"code":"FM004"}"#),
    ]);
    let clock = StillClock::default();
    let models = PostgrestFunctionModels::new(session(&script, &clock));
    let look = || block_on(models.relations(&context(), id()));
    let found = look().unwrap().unwrap();
    assert!(found.dependents[0].is_live && found.dependents[0].model_id.is_none());
    assert!(found.nested[0].is_deleted && found.is_name_taken);
    assert_eq!(found.published_at, None);
    assert_eq!(look().unwrap(), None);
}

#[test]
fn deleted_models_are_filtered_by_time_and_person() {
    let script = Script::of([answer(200, &json!([row()]).to_string()), answer(200, "[]")]);
    let clock = StillClock::default();
    let models = PostgrestFunctionModels::new(session(&script, &clock));
    let list = |filter: &DeletedFilter| {
        block_on(models.list_deleted(&context(), filter, &PageRequest::default())).unwrap()
    };
    let at = Instant::parse(WHEN).unwrap();
    let filter = DeletedFilter {
        deleted_before: Some(at),
        deleted_by: Some(UserId::parse(OTHER).unwrap()),
        retained_until: Some(at),
    };
    assert_eq!(list(&filter).items.len(), 1);
    list(&DeletedFilter::default());
    let sent = script.sent();
    let given = |name| parameter(&sent[0], name);
    assert!(sent[0].url.contains("deleted_at=not.is.null"));
    assert_eq!(given("deleted_by"), Some(format!("eq.{OTHER}")));
    assert_eq!(given("retain_until"), Some(format!("lt.{at}")));
    assert_eq!(parameter(&sent[1], "retain_until"), None);
}

#[test]
fn a_purge_names_the_revision() {
    let script = Script::of([
        answer(200, "{}"),
        answer(409, r#"{"code":"PT409","details":"5"}"#),
    ]);
    let clock = StillClock::default();
    let models = PostgrestFunctionModels::new(session(&script, &clock));
    let purge = || block_on(models.purge(&context(), id(), 3, None));
    assert_eq!(purge(), Ok(Written::Done(())));
    assert!(matches!(
        purge().unwrap_err().kind,
        PortErrorKind::Conflict { .. }
    ));
    let sent = body(&script.sent()[0]);
    assert_eq!(
        sent["command"],
        json!({"modelId": ID, "expectedRevision": 3})
    );
}

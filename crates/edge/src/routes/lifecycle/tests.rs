use serde_json::{Value, json};
use use_cases::ports::{PortErrorKind, Ports as _};

use crate::testing::{ALICE, BOB, SECRET, Stage};

fn lists(more: Value) -> Value {
    let mut lists = json!({
        "owner": ALICE, "editors": [], "viewers": [], "publishers": [], "executors": [],
        "archivers": [], "administrators": [],
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        lists[name] = value.clone();
    }
    lists
}

#[test]
fn permissions_are_replaced_as_a_whole() {
    let stage = Stage::new();
    let path = stage.model("Order to cash");
    let put = |body| {
        let ask = stage.ask("PUT", &format!("{path}/permissions"));
        ask.json(body).send()
    };
    let changed = put(lists(json!({"viewers": [BOB]}))).ok(200);
    assert_eq!(changed["permissions"]["viewers"], json!([BOB]));
    put(lists(json!({"viewers": [BOB, BOB]}))).refused(422, "PERMISSIONS_INVALID");
    put(lists(json!({"guests": []}))).refused(400, "INVALID_REQUEST");
    let viewer = stage.ask("PUT", &format!("{path}/permissions")).by(BOB);
    let viewer = viewer.json(lists(json!({}))).send();
    let required = viewer.refused(403, "FORBIDDEN")["required"].clone();
    assert_eq!(required, "change-permissions");
}

#[test]
fn versions_are_made_compared_and_taken_up() {
    let stage = Stage::new();
    let path = stage.runnable("Order to cash");
    let versions = format!("{path}/versions");
    let made = stage.post(
        &versions,
        json!({"bump": "minor", "versionNotes": "all of it"}),
    );
    let body = made.ok(201);
    assert_eq!(
        (&body["previousVersion"], &body["version"]),
        (&json!("1.0.0"), &json!("1.1.0"))
    );
    assert_eq!(body["changes"]["suggestedBump"], "minor");
    let location = made.header("location").unwrap();
    assert!(location.ends_with("/versions/1.1.0"), "{location}");
    stage
        .post(&versions, json!({}))
        .refused(400, "INVALID_REQUEST");
    stage
        .post(&versions, json!({"version": "3.0.0"}))
        .refused(422, "VERSION_INCREMENT_INVALID");

    let compare = stage
        .get(&format!("{versions}/compare?from=1.1.0&to=1.0.0"))
        .ok(200);
    assert_eq!(compare["changes"]["isBreaking"], true);
    let sparse = stage
        .get(&format!("{versions}/compare?from=1.1.0&fields=to"))
        .ok(200);
    assert_eq!(sparse, json!({"to": "working"}));
    stage
        .get(&format!("{versions}/compare"))
        .refused(400, "INVALID_REQUEST");
    stage
        .get(&format!("{versions}/compare?from=7.0.0"))
        .refused(404, "VERSION_NOT_FOUND");

    let taken_up = stage
        .post(&format!("{versions}/1.0.0/restore"), json!({}))
        .ok(200);
    assert_eq!(taken_up["version"], "1.1.0");
    let nodes = stage.get(&format!("{path}/nodes")).ok(200);
    assert_eq!(nodes["items"], json!([]));
    stage
        .post(&format!("{versions}/9.0.0/restore"), json!({}))
        .refused(404, "VERSION_NOT_FOUND");
}

#[test]
fn a_copy_belongs_to_whoever_makes_it() {
    let stage = Stage::new();
    let path = stage.runnable("Order to cash");
    let copy = stage.post(&format!("{path}/duplicate"), json!({"name": "Copy"}));
    let model = copy.ok(201);
    assert_eq!(
        (&model["status"], &model["version"]),
        (&json!("draft"), &json!("1.0.0"))
    );
    assert!(copy.header("location").is_some());
    let again = stage.post(&format!("{path}/duplicate"), json!({"name": "Copy"}));
    again.refused(409, "MODEL_NAME_TAKEN");
}

#[test]
fn archiving_is_assessed_done_and_final() {
    let stage = Stage::new();
    let path = stage.model("Order to cash");
    let assessment = stage.get(&format!("{path}/archive-assessment")).ok(200);
    assert_eq!(assessment["riskAssessment"]["riskLevel"], "low");
    assert_eq!(assessment["blockers"], json!([]));
    let archived = stage
        .post(&format!("{path}/archive"), json!({"reason": "done"}))
        .ok(200);
    assert_eq!(archived["status"], "archived");
    let again = stage.post(&format!("{path}/archive"), json!({}));
    let refusal = again.refused(422, "MODEL_ALREADY_ARCHIVED");
    assert_eq!(
        (&refusal["from"], &refusal["to"]),
        (&json!("archived"), &json!("archived"))
    );
    stage.delete(&path).refused(422, "MODEL_ARCHIVED");
}

#[test]
fn a_deleted_model_is_listed_assessed_restored_and_purged_by_the_service() {
    let stage = Stage::new();
    let path = stage.model("Order to cash");
    let wrong = stage.delete(&format!("{path}?dataRetention=soon"));
    wrong.refused(422, "RETENTION_INVALID");
    stage
        .delete(&format!("{path}?allowCascading=maybe"))
        .refused(400, "INVALID_REQUEST");
    let deleted = stage
        .delete(&format!("{path}?reason=mistake&dataRetention=1-days"))
        .ok(200);
    assert_eq!(deleted["impact"], "LOW");
    stage.delete(&path).refused(422, "MODEL_ALREADY_DELETED");
    let list = stage
        .get("/function-models/deleted?fields=name,retainUntil")
        .ok(200);
    assert_eq!(list["items"][0]["name"], "Order to cash");
    assert!(list["items"][0]["retainUntil"].is_string());
    let found = stage.get("/function-models/deleted?purgeable=true").ok(200);
    assert_eq!(found["items"], json!([]));

    let purge = |key: &str| {
        let ask = stage.ask("POST", &format!("{path}/purge"));
        let ask = if key.is_empty() {
            ask
        } else {
            ask.by("").header("apikey", key)
        };
        ask.json(json!({})).send()
    };
    assert_eq!(purge("").refused(403, "FORBIDDEN")["required"], "service");
    purge(SECRET).refused(422, "RETENTION_NOT_OVER");

    let eligibility = format!("{path}/recovery-eligibility");
    assert_eq!(stage.get(&eligibility).ok(200)["status"], "ELIGIBLE");
    stage
        .get(&format!("{eligibility}?windowDays=91"))
        .refused(422, "WINDOW_INVALID");
    let restored = stage
        .post(&format!("{path}/restore"), json!({"reason": "needed"}))
        .ok(200);
    assert_eq!(restored["model"].get("deletedAt"), None);
    assert_eq!(restored["results"][0]["status"], "restored");
    stage
        .post(&format!("{path}/restore"), json!({}))
        .refused(422, "MODEL_NOT_DELETED");
    purge(SECRET).refused(422, "MODEL_NOT_DELETED");

    stage
        .delete(&format!("{path}?dataRetention=1-days"))
        .ok(200);
    stage.world.clock().advance(2 * 24 * 60 * 60 * 1000);
    purge(SECRET).ok(204);
    stage.get(&path).refused(404, "FUNCTION_MODEL_NOT_FOUND");
}

#[test]
fn what_only_time_or_a_race_brings_about_is_refused_by_name() {
    let stage = Stage::new();
    let path = stage.model("Order to cash");
    let taken = PortErrorKind::VersionTaken;
    stage
        .world
        .faults()
        .fail_next("function_models.save", taken);
    let raced = stage.post(&format!("{path}/versions"), json!({"bump": "minor"}));
    raced.refused(409, "VERSION_ALREADY_EXISTS");
    let conflict = PortErrorKind::Conflict {
        current_revision: Some(9),
    };
    stage
        .world
        .faults()
        .fail_next("function_models.save_all", conflict);
    let raced = stage.post(&format!("{path}/archive"), json!({}));
    assert_eq!(
        raced.refused(409, "REVISION_CONFLICT")["currentRevision"],
        9
    );
    let unknown = PortErrorKind::UserUnknown;
    stage
        .world
        .faults()
        .fail_next("function_models.save", unknown);
    let ask = stage.ask("PUT", &format!("{path}/permissions"));
    let nobody = ask.json(lists(json!({"viewers": [BOB]}))).send();
    nobody.refused(422, "PERMISSIONS_INVALID");

    stage.delete(&path).ok(200);
    stage.world.clock().advance(31 * 24 * 60 * 60 * 1000);
    let late = stage.post(&format!("{path}/restore"), json!({}));
    assert!(late.refused(422, "RECOVERY_WINDOW_EXPIRED")["windowEndsAt"].is_string());
    let found = stage.get(&format!("{path}/recovery-eligibility")).ok(200);
    assert_eq!(found["status"], "EXPIRED");
    assert_eq!(found["escalationOptions"].as_array().unwrap().len(), 2);
    stage
        .post(&format!("{path}/restore"), json!({"windowDays": 90}))
        .ok(200);
}

//! The schemas are compared with the file that is served, and hold for the events kept beside their types.
//!
//! Set `UPDATE_SNAPSHOTS=1` to write the file anew, and review it like code.

use std::collections::BTreeSet;
use std::path::Path;

use super::*;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn what_is_served_is_what_the_types_say() {
    let path = root().join("../../supabase/functions/_shared/event_schemas.json");
    let text = serde_json::to_string_pretty(&event_schemas()).unwrap() + "\n";
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let served = std::fs::read_to_string(&path).unwrap();
    for (now, kept) in text.lines().zip(served.lines()) {
        assert_eq!(now, kept);
    }
    assert_eq!(served.len(), text.len());
}

#[test]
fn every_type_is_described_once() {
    let schemas = event_schemas().items;
    let names: BTreeSet<&str> = schemas.iter().map(|it| it.event_type.as_str()).collect();
    assert_eq!(names.len(), schemas.len());
    assert!(names.contains("AIAgentIsolated") && names.contains("FunctionModelPurged"));
}

#[test]
fn the_kept_forms_of_events_fit_and_others_do_not() {
    let schemas = event_schemas().items;
    let mut seen = 0;
    for folder in ["function_model/events/snapshots", "node_link/snapshots"] {
        for entry in std::fs::read_dir(root().join("src").join(folder)).unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            let event: Value = serde_json::from_str(&text).unwrap();
            let name = event["eventType"].as_str().unwrap();
            let described = schemas.iter().find(|it| it.event_type == name).unwrap();
            assert_eq!(event["eventVersion"], described.event_version);
            let schema = Value::Object(described.schema.clone());
            let validator = jsonschema::validator_for(&schema).unwrap();
            let errors: Vec<String> = validator
                .iter_errors(&event["data"])
                .map(|error| format!("{}: {error}", error.instance_path))
                .collect();
            assert!(errors.is_empty(), "{name}: {errors:#?}");
            let mut more = event["data"].clone();
            more["surplus"] = true.into();
            assert!(!validator.is_valid(&more), "{name}");
            seen += 1;
        }
    }
    assert!(seen > 25, "{seen}");
}

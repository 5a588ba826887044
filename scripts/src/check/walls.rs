//! The walls between the rooms: who may import whom, and what only one room may know.
//!
//! A missing line in a `Cargo.toml` is a wall already; this finds the line that should not have been added.

use anyhow::{Context, bail};
use cargo_metadata::{DependencyKind, MetadataCommand, Package};

use crate::places;

/// What one room may import.
struct Room {
    name: &'static str,
    /// Other rooms.
    rooms: &'static [&'static str],
    /// Other people's crates in what it ships; `None` leaves the choice open.
    crates: Option<&'static [&'static str]>,
}

/// Every package of the workspace. A new one needs a line here, and with it a thought.
const ROOMS: [Room; 9] = [
    Room {
        name: "domain",
        rooms: &[],
        crates: Some(&[
            "cel",
            "chrono",
            "croner",
            "petgraph",
            "schemars",
            "serde",
            "serde_json",
            "sha2",
            "thiserror",
            "unicode-normalization",
            "uuid",
        ]),
    },
    Room {
        name: "use-cases",
        rooms: &["domain"],
        crates: Some(&[
            "chrono",
            "futures-channel",
            "futures-util",
            "schemars",
            "serde",
            "serde_json",
            "thiserror",
            "uuid",
        ]),
    },
    Room {
        name: "adapters",
        rooms: &["domain", "use-cases"],
        crates: None,
    },
    Room {
        name: "edge",
        rooms: &["domain", "use-cases", "adapters"],
        crates: None,
    },
    Room {
        name: "local-stack",
        rooms: &[],
        crates: None,
    },
    Room {
        name: "contract",
        rooms: &["domain", "use-cases", "adapters", "local-stack"],
        crates: None,
    },
    Room {
        name: "rules",
        rooms: &["domain"],
        crates: Some(&["serde_json", "wasm-bindgen"]),
    },
    Room {
        name: "simulation",
        rooms: &["domain", "use-cases"],
        crates: None,
    },
    Room {
        name: "scripts",
        // Tasks for operators apply the rules to what they read themselves.
        rooms: &["domain", "local-stack", "simulation"],
        crates: None,
    },
];

/// Crates that only the rooms beside them may know.
const RESERVED: [(&[&str], &[&str]); 4] = [
    // JavaScript ends at the edge; the benchmark calls rules directly.
    (&["wasm-bindgen"], &["edge", "rules"]),
    (
        &[
            "wasm-bindgen-futures",
            "js-sys",
            "web-sys",
            "serde-wasm-bindgen",
        ],
        &["edge"],
    ),
    // How requests to PostgREST are built is the adapters' business.
    (&["postgrest", "reqwest"], &["adapters"]),
    // Errors that only a person reads have no place in the module.
    (&["anyhow"], &["local-stack", "scripts", "contract"]),
];

/// One line of a `Cargo.toml`.
struct Import<'a> {
    from: &'a str,
    to: &'a str,
    /// Only the package's own tests see it.
    for_tests: bool,
}

/// Reads the workspace and compares it with the table.
///
/// # Errors
/// One line per import that breaks a rule.
pub(crate) async fn run() -> anyhow::Result<()> {
    let metadata = MetadataCommand::new()
        .manifest_path(places::root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .context("reading the workspace")?;
    let packages = metadata.workspace_packages();
    let names: Vec<&str> = packages
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    let imports: Vec<Import> = packages
        .iter()
        .flat_map(|package| imports(package))
        .collect();
    let findings = findings(&names, &imports);
    if findings.is_empty() {
        return Ok(());
    }
    bail!("{}", findings.join("\n"));
}

fn imports(package: &Package) -> impl Iterator<Item = Import<'_>> {
    package.dependencies.iter().map(|dependency| Import {
        from: &package.name,
        to: &dependency.name,
        for_tests: dependency.kind == DependencyKind::Development,
    })
}

fn findings(packages: &[&str], imports: &[Import]) -> Vec<String> {
    let unknown = packages
        .iter()
        .filter(|name| room(name).is_none())
        .map(|name| format!("{name} is a package without a line in the table of rooms"));
    unknown.chain(imports.iter().filter_map(finding)).collect()
}

fn finding(import: &Import) -> Option<String> {
    let Import {
        from,
        to,
        for_tests,
    } = import;
    let from_room = room(from)?;
    if room(to).is_some() && from != to {
        let open = from_room.rooms.contains(to);
        return (!open).then(|| format!("{from} must not import the room {to}"));
    }
    let mut reserved = RESERVED.iter().filter(|(crates, _)| crates.contains(to));
    if let Some((_, rooms)) = reserved.find(|(_, rooms)| !rooms.contains(from)) {
        return Some(format!(
            "{from} must not know {to}: only {} may",
            rooms.join(" and ")
        ));
    }
    let listed = from_room.crates.is_none_or(|crates| crates.contains(to));
    (!listed && !for_tests).then(|| format!("{from} must not import {to}: its list is closed"))
}

fn room(name: &str) -> Option<&'static Room> {
    ROOMS.iter().find(|room| room.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(from: &str, to: &str, expected: Option<&str>) {
        let import = Import {
            from,
            to,
            for_tests: false,
        };
        assert_eq!(
            findings(&[], &[import]).first().map(String::as_str),
            expected
        );
    }

    #[test]
    fn arrows_point_inwards() {
        check("edge", "use-cases", None);
        check("adapters", "domain", None);
        check(
            "domain",
            "use-cases",
            Some("domain must not import the room use-cases"),
        );
        check(
            "use-cases",
            "adapters",
            Some("use-cases must not import the room adapters"),
        );
        check(
            "adapters",
            "edge",
            Some("adapters must not import the room edge"),
        );
        check(
            "local-stack",
            "domain",
            Some("local-stack must not import the room domain"),
        );
        check(
            "edge",
            "scripts",
            Some("edge must not import the room scripts"),
        );
    }

    #[test]
    fn javascript_is_known_at_the_edge_alone() {
        check("edge", "js-sys", None);
        let refusal = "adapters must not know wasm-bindgen: only edge and rules may";
        check("adapters", "wasm-bindgen", Some(refusal));
    }

    #[test]
    fn the_domain_imports_what_its_list_says() {
        check("domain", "petgraph", None);
        check(
            "domain",
            "tokio",
            Some("domain must not import tokio: its list is closed"),
        );
        check(
            "use-cases",
            "reqwest",
            Some("use-cases must not know reqwest: only adapters may"),
        );
    }

    #[test]
    fn tests_may_use_more_crates_but_no_more_rooms() {
        let crates = Import {
            from: "domain",
            to: "proptest",
            for_tests: true,
        };
        assert!(findings(&[], &[crates]).is_empty());
        let room = Import {
            from: "domain",
            to: "adapters",
            for_tests: true,
        };
        assert_eq!(findings(&[], &[room]).len(), 1);
    }

    #[test]
    fn a_package_outside_the_table_is_found() {
        let found = findings(&["domain", "helpers"], &[]);
        assert_eq!(
            found,
            ["helpers is a package without a line in the table of rooms"]
        );
    }
}

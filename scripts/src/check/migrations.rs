//! What a migration must not say, found before any database sees it.
//!
//! The local database grants more than the hosted one, where people may not create, change or drop things in the platform's own schemas.
//! Policies, triggers and foreign keys are the exceptions.

use anyhow::bail;

use super::statements::{Statement, statements};
use crate::places;

/// Schemas that belong to the platform.
const PLATFORM: [&str; 3] = ["auth", "storage", "realtime"];
/// What changes a schema.
const VERBS: [&str; 5] = ["create", "alter", "drop", "truncate", "comment"];
/// What people may make and unmake there.
const ALLOWED: [&str; 2] = ["policy", "trigger"];

/// Reads every migration.
///
/// # Errors
/// One line per statement that breaks a rule, with its file and line.
pub(crate) async fn run() -> anyhow::Result<()> {
    let folder = places::root().join("supabase/migrations");
    let mut files: Vec<_> = std::fs::read_dir(folder)?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .collect();
    files.sort();
    let mut findings = Vec::new();
    for file in files {
        let name = file
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let text = std::fs::read_to_string(&file)?;
        let found = statements(&text).into_iter().filter_map(|statement| {
            let problem = problem(&statement)?;
            Some(format!("{name}:{}: {problem}", statement.line))
        });
        findings.extend(found);
    }
    if findings.is_empty() {
        return Ok(());
    }
    bail!("{}", findings.join("\n"));
}

fn problem(statement: &Statement) -> Option<String> {
    let words = &statement.words;
    if !VERBS.contains(&words.first()?.as_str()) {
        return None;
    }
    let kind = kind(words);
    if matches!(kind, "function" | "procedure") && words[0] == "create" && !pins_path(words) {
        return Some("a function without `set search_path`".to_owned());
    }
    if ALLOWED.contains(&kind) {
        return None;
    }
    // The first name is what the statement is about; later ones may point at the platform's tables.
    let object = words.iter().find(|word| word.contains('.'))?;
    let object = platform_object(object)?;
    Some(format!(
        "{} {kind} on {object}: that schema belongs to the platform",
        words[0]
    ))
}

/// What kind of thing the statement is about.
fn kind(words: &[String]) -> &str {
    const FILLERS: [&str; 12] = [
        "or",
        "replace",
        "if",
        "not",
        "exists",
        "unique",
        "constraint",
        "on",
        "unlogged",
        "temporary",
        "temp",
        "materialized",
    ];
    let mut rest = words.iter().skip(1).map(String::as_str);
    rest.find(|word| !FILLERS.contains(word))
        .unwrap_or_default()
}

fn pins_path(words: &[String]) -> bool {
    words
        .windows(2)
        .any(|pair| pair[0] == "set" && pair[1].starts_with("search_path"))
}

/// The word, when it names something in the platform's schemas or such a schema itself.
fn platform_object(word: &str) -> Option<&str> {
    let schema = word.split('.').next()?.trim_matches('"');
    (word.contains('.') && PLATFORM.contains(&schema)).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sql: &str, expected: Option<&str>) {
        let found: Vec<String> = statements(sql).iter().filter_map(problem).collect();
        assert_eq!(found.first().map(String::as_str), expected, "{sql}");
    }

    #[test]
    fn things_in_the_platforms_schemas_are_left_alone() {
        for (sql, what) in [
            (
                "create table auth.extra (id int);",
                "create table on auth.extra",
            ),
            (
                "alter table realtime.messages add column x int;",
                "alter table on realtime.messages",
            ),
            (
                "drop function storage.delete_prefix(text);",
                "drop function on storage.delete_prefix",
            ),
            (
                "create index concurrently on \"auth\".users (email);",
                "create index on \"auth\".users",
            ),
        ] {
            let problem = format!("{what}: that schema belongs to the platform");
            check(sql, Some(&problem));
        }
    }

    #[test]
    fn policies_triggers_and_foreign_keys_are_allowed_there() {
        check(
            "create policy \"Readers listen\" on realtime.messages using (true);",
            None,
        );
        check(
            "create or replace trigger t after insert on auth.users execute function f();",
            None,
        );
        check("drop policy if exists p on storage.objects;", None);
        check(
            "create table public.notes (author uuid references auth.users (id));",
            None,
        );
        check(
            "alter table public.notes add foreign key (a) references auth.users (id);",
            None,
        );
    }

    #[test]
    fn reading_the_platforms_tables_is_allowed() {
        check("insert into public.a select id from auth.users;", None);
        check("grant select on realtime.messages to fm_reader;", None);
        check("create view public.v as select id from auth.users;", None);
    }

    #[test]
    fn a_function_pins_its_search_path_outside_its_body() {
        let problem = Some("a function without `set search_path`");
        check(
            "create function f() returns int language sql as $$ select 1 $$;",
            problem,
        );
        check(
            "create function f() returns int as $$ set search_path = '' $$;",
            problem,
        );
        check(
            "create or replace function f() returns int set search_path = '' as $$ $$;",
            None,
        );
        check(
            "create function f() returns int set search_path to '' as $a$ ; $a$;",
            None,
        );
    }
}

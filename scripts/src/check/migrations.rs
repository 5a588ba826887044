//! What a migration must not say, found before any database sees it.
//!
//! The local database grants more than the hosted one, where people may not create, change or drop things in the platform's own schemas.
//! Policies, triggers and foreign keys are the exceptions.
//! Who may use a new thing in `public` without being told so differs from project to project; so each says it where it is made.

use anyhow::bail;

use super::statements::{Statement, statements};
use crate::places;

/// Schemas that belong to the platform.
const PLATFORM: [&str; 3] = ["auth", "storage", "realtime"];
/// What changes a schema.
const VERBS: [&str; 5] = ["create", "alter", "drop", "truncate", "comment"];
/// What people may make and unmake there.
const ALLOWED: [&str; 2] = ["policy", "trigger"];

/// What the platform may open to the roles of its API by itself.
const EXPOSED: [&str; 5] = ["table", "view", "function", "procedure", "sequence"];
/// From whom everything is taken first.
const EVERYBODY: [&str; 4] = ["public", "anon", "authenticated", "service_role"];

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
        findings.extend(problems(&text).map(|(line, problem)| format!("{name}:{line}: {problem}")));
    }
    if findings.is_empty() {
        return Ok(());
    }
    bail!("{}", findings.join("\n"));
}

/// What is wrong with a migration, and where.
fn problems(sql: &str) -> impl Iterator<Item = (usize, String)> {
    let statements = statements(sql);
    let found: Vec<_> = statements
        .iter()
        .filter_map(|statement| {
            let problem = problem(statement).or_else(|| open_by_default(statement, &statements))?;
            Some((statement.line, problem))
        })
        .collect();
    found.into_iter()
}

/// A new thing in `public` from which the same migration does not take everything first.
fn open_by_default(statement: &Statement, all: &[Statement]) -> Option<String> {
    let words = &statement.words;
    if words.first()? != "create" || !EXPOSED.contains(&kind(words)) {
        return None;
    }
    let object = words.iter().find(|word| word.contains('.'))?;
    let is_partition = words.windows(2).any(|pair| pair == ["partition", "of"]);
    if !object.starts_with("public.") || is_partition || all.iter().any(|it| closes(it, object)) {
        return None;
    }
    let everybody = EVERYBODY.join(", ");
    Some(format!(
        "{object} without `revoke all on {object} from {everybody}`"
    ))
}

fn closes(statement: &Statement, object: &str) -> bool {
    let words = &statement.words;
    let Some(from) = words.iter().position(|word| word == "from") else {
        return false;
    };
    let (what, whom) = words.split_at(from);
    what.starts_with(&["revoke".to_owned(), "all".to_owned()])
        && what.iter().any(|word| word == object)
        && EVERYBODY
            .iter()
            .all(|role| whom.iter().any(|word| word == role))
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
        let found = problems(sql).next().map(|(_, problem)| problem);
        assert_eq!(found.as_deref(), expected, "{sql}");
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
            "create table private.notes (author uuid references auth.users (id));",
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
        check("create view private.v as select id from auth.users;", None);
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

    #[test]
    fn what_is_new_in_public_is_closed_where_it_is_made() {
        let everybody = "from public, anon, authenticated, service_role;";
        for (made, object) in [
            ("create table public.a (id int);", "public.a"),
            ("create or replace view public.a as select 1;", "public.a"),
            (
                "create function public.a(b uuid) returns int set search_path = '' as $$ $$;",
                "function public.a(uuid)",
            ),
        ] {
            let problem = "public.a without `revoke all on public.a from public, anon, authenticated, service_role`";
            check(made, Some(problem));
            check(&format!("{made} revoke all on {object} {everybody}"), None);
            for rest in [
                "revoke all on public.b from public, anon, authenticated, service_role;",
                "revoke all on public.a from public, anon, authenticated;",
                "revoke insert on public.a from public, anon, authenticated, service_role;",
                "grant select on public.a to authenticated;",
            ] {
                check(&format!("{made} {rest}"), Some(problem));
            }
        }
        check("create table private.a (id int);", None);
        check(
            "create table public.a_1 partition of public.a for values in (1);",
            None,
        );
    }
}

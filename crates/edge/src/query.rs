//! Query parameters: known names only, each read into its type.

use domain::error::{DomainError, FieldError};
use domain::json::{self, Misfit};
use domain::sorted;
use serde::de::DeserializeOwned;
use serde_json::Value;
use use_cases::ports::PageRequest;

use crate::cursor::CursorKey;
use crate::problem::Problem;
use crate::request::Request;

/// Parameters every list takes.
pub(crate) const PAGE: [&str; 4] = ["limit", "cursor", "count", "fields"];
/// Parameters every stream of events takes.
pub(crate) const STREAM: [&str; 4] = ["limit", "cursor", "afterVersion", "fields"];
/// The last place there can be in the stream of one thing.
pub(crate) const LAST_VERSION: u64 = i32::MAX as u64;
/// Added by the platform's client library; it says where to run, not what to do.
const IGNORED: &str = "forceFunctionRegion";

/// The parameters of one request.
pub(crate) struct Query<'a> {
    request: &'a Request,
}

impl<'a> Query<'a> {
    /// Takes the parameters, all of which must be among those named.
    ///
    /// # Errors
    /// `INVALID_REQUEST` for any other name, or one given twice.
    pub(crate) fn read(request: &'a Request, names: &[&[&str]]) -> Result<Self, Problem> {
        let mut seen: Vec<&str> = Vec::new();
        for (name, _) in &request.query {
            let known = names.iter().any(|group| group.contains(&name.as_str()));
            if !known && name != IGNORED {
                let detail = format!("There is no parameter {name:?} here.");
                let error = FieldError::new(name, "unknown").limit(names.concat());
                return Err(Problem::invalid_request(detail).with_error(error));
            }
            if seen.contains(&name.as_str()) {
                let detail = format!("The parameter {name} is given twice.");
                return Err(Problem::invalid_field(name, "unique", detail));
            }
            seen.push(name);
        }
        Ok(Self { request })
    }

    /// The text of a parameter.
    pub(crate) fn text(&self, name: &str) -> Option<&'a str> {
        let found = self.request.query.iter().find(|(given, _)| given == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A parameter whose values are words, or text of a fixed form such as an instant.
    pub(crate) fn value<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Problem> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        json::from_value(Value::from(text))
            .map(Some)
            .map_err(|error| misfit(name, text, &error))
    }

    /// An identifier.
    pub(crate) fn id<T>(
        &self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, DomainError>,
    ) -> Result<Option<T>, Problem> {
        self.text(name)
            .map(|text| id(name, text, parse))
            .transpose()
    }

    /// `true` or `false`; absent is `false`.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, Problem> {
        match self.text(name) {
            None | Some("false") => Ok(false),
            Some("true" | "") => Ok(true),
            Some(other) => {
                let error = FieldError::new(name, "oneOf")
                    .limit(vec!["true", "false"])
                    .value(other);
                Err(Problem::invalid_request(format!("{name} is true or false.")).with_error(error))
            }
        }
    }

    /// A whole number between two others.
    pub(crate) fn number(
        &self,
        name: &str,
        range: std::ops::RangeInclusive<u64>,
    ) -> Result<Option<u64>, Problem> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        match text
            .parse()
            .ok()
            .filter(|number| digits && range.contains(number))
        {
            Some(number) => Ok(Some(number)),
            None => {
                let (min, max) = (*range.start(), *range.end());
                let error = FieldError::new(name, "range")
                    .limit(serde_json::json!({ "min": min, "max": max }))
                    .value(text);
                let detail = format!("{name} is a whole number from {min} to {max}.");
                Err(Problem::invalid_request(detail).with_error(error))
            }
        }
    }

    /// A number from 0 to 1.
    pub(crate) fn fraction(&self, name: &str) -> Result<Option<f64>, Problem> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        match text.parse::<f64>() {
            Ok(number) if (0.0..=1.0).contains(&number) => Ok(Some(number)),
            _ => {
                let error = FieldError::new(name, "range")
                    .limit(serde_json::json!({ "min": 0, "max": 1 }))
                    .value(text);
                let detail = format!("{name} is a number from 0 to 1.");
                Err(Problem::invalid_request(detail).with_error(error))
            }
        }
    }

    /// Which part of a list is wanted; `usual` items when nothing is said.
    pub(crate) fn page(&self, key: &CursorKey, usual: u32) -> Result<PageRequest, Problem> {
        let limit = self
            .number("limit", 1..=100)?
            .and_then(|limit| u32::try_from(limit).ok());
        let scope = self.scope();
        let after = self
            .text("cursor")
            .map(|cursor| key.open(&scope, cursor))
            .transpose()?;
        let count = match self.text("count") {
            None => false,
            Some("exact") => true,
            Some(other) => {
                let error = FieldError::new("count", "oneOf")
                    .limit(vec!["exact"])
                    .value(other);
                return Err(Problem::invalid_request("count is exact or absent.").with_error(error));
            }
        };
        Ok(PageRequest {
            limit: limit.unwrap_or(usual),
            after,
            count,
        })
    }

    /// Which part of a stream is wanted: after which version, and how many events at most.
    pub(crate) fn stream(&self, key: &CursorKey) -> Result<(i64, u32), Problem> {
        let page = self.page(key, 20)?;
        let after = self.number("afterVersion", 0..=LAST_VERSION)?;
        let after = after.and_then(|after| i64::try_from(after).ok());
        let from_cursor = page.after.and_then(|bookmark| bookmark.0.as_i64());
        Ok((from_cursor.or(after).unwrap_or(0), page.limit))
    }

    /// Names the list: the path with what filters and orders it, whatever page is asked for.
    pub(crate) fn scope(&self) -> String {
        let mut parts: Vec<String> = self
            .request
            .query
            .iter()
            .filter(|(name, _)| !PAGE.contains(&name.as_str()) && name != IGNORED)
            .map(|(name, value)| format!("{name}={value:?}"))
            .collect();
        sorted::sort(&mut parts);
        format!("{}?{}", self.request.route_path(), parts.join("&"))
    }
}

fn misfit(name: &str, text: &str, error: &json::Error) -> Problem {
    let wrong = match error.misfit() {
        Misfit::UnknownVariant(_, known) => FieldError::new(name, "oneOf").limit(known.to_vec()),
        _ => FieldError::new(name, "format"),
    };
    let detail = format!("{name}: {}.", error.message());
    Problem::invalid_request(detail).with_error(wrong.value(text))
}

/// Reads an identifier out of the address.
///
/// # Errors
/// `INVALID_REQUEST` that names the part.
pub(crate) fn id<T>(
    name: &str,
    text: &str,
    parse: impl Fn(&str) -> Result<T, DomainError>,
) -> Result<T, Problem> {
    parse(text).map_err(|refusal| {
        let error = FieldError::new(name, "format").value(text);
        Problem::invalid_request(refusal.message).with_error(error)
    })
}

#[cfg(test)]
mod tests {
    use domain::ids::ModelId;
    use use_cases::ports::{Bookmark, SortOrder};

    use super::*;

    fn request(query: &str) -> Request {
        Request::parse("GET", &format!("/api/things?{query}"), "{}", None).unwrap()
    }

    fn check(query: &str, read: impl Fn(&Query) -> Result<(), Problem>, rule: Option<&str>) {
        let request = request(query);
        let names: [&[&str]; 2] = [&PAGE, &["order", "flag", "id"]];
        let outcome = Query::read(&request, &names).and_then(|query| read(&query));
        let found = outcome.err().map(|problem| {
            let body = problem.to_response("/", "r").body_json();
            body["errors"][0]["rule"].as_str().unwrap().to_owned()
        });
        assert_eq!(found.as_deref(), rule, "{query}");
    }

    #[test]
    fn unknown_and_repeated_parameters_are_refused() {
        check("limit=5&forceFunctionRegion=x", |_| Ok(()), None);
        check("limti=5", |_| Ok(()), Some("unknown"));
        check("limit=5&limit=6", |_| Ok(()), Some("unique"));
    }

    #[test]
    fn values_are_read_into_their_types() {
        let order = |query: &Query| query.value::<SortOrder>("order").map(|_| ());
        check("order=asc", order, None);
        check("order=up", order, Some("oneOf"));
        let flag = |query: &Query| query.flag("flag").map(|_| ());
        check("flag=true", flag, None);
        check("flag=yes", flag, Some("oneOf"));
        let id = |query: &Query| query.id("id", ModelId::parse).map(|_| ());
        check("id=7", id, Some("format"));
        check("id=0192aaaa-0000-7000-8000-000000000000", id, None);
    }

    #[test]
    fn pages_have_limits() {
        let key = CursorKey::derive("secret");
        let page = |query: &Query| query.page(&key, 20).map(|_| ());
        for query in ["", "limit=1", "limit=100", "count=exact"] {
            check(query, page, None);
        }
        for query in [
            "limit=0",
            "limit=101",
            "limit=-1",
            "limit=%2B5",
            "limit=ten",
            "limit=",
        ] {
            check(query, page, Some("range"));
        }
        check("count=all", page, Some("oneOf"));
        check("cursor=abc", page, Some("format"));
    }

    #[test]
    fn a_cursor_belongs_to_one_list() {
        let key = CursorKey::derive("secret");
        let names: [&[&str]; 2] = [&PAGE, &["order"]];
        let first = request("order=asc&limit=5");
        let scope = Query::read(&first, &names).unwrap().scope();
        let cursor = key.sign(&scope, &Bookmark(Value::from(7)));
        let next = request(&format!("limit=7&cursor={cursor}&order=asc"));
        let page = Query::read(&next, &names).unwrap().page(&key, 20).unwrap();
        assert_eq!(
            (page.limit, page.after),
            (7, Some(Bookmark(Value::from(7))))
        );
        let other = request(&format!("cursor={cursor}&order=desc"));
        assert!(Query::read(&other, &names).unwrap().page(&key, 20).is_err());
    }
}

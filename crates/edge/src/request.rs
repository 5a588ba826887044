//! A request as plain values, decoded once.

use domain::sorted::SortedMap;

use domain::json;

use crate::problem::Problem;

/// The longest body any route takes, in bytes; the shell reads no further.
pub(crate) const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;

/// The methods the API knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
    Options,
    Other,
}

impl Method {
    fn parse(name: &str) -> Self {
        match name {
            "GET" => Self::Get,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "PATCH" => Self::Patch,
            "DELETE" => Self::Delete,
            "OPTIONS" => Self::Options,
            _ => Self::Other,
        }
    }

    /// The name on the wire; empty for what the API does not know.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
            Self::Other => "",
        }
    }
}

/// What arrived as a body.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Body {
    /// All of it; empty when there was none.
    Whole(Vec<u8>),
    /// More than [`MAX_BODY_BYTES`], so nobody read it.
    TooLong,
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// What is wanted.
    pub(crate) method: Method,
    /// Its name as it arrived.
    pub(crate) method_name: String,
    /// Which edge function was called: the first segment of the path.
    pub(crate) function: String,
    /// The rest of the path, decoded.
    pub(crate) path: Vec<String>,
    /// The query, decoded, in order.
    pub(crate) query: Vec<(String, String)>,
    /// Headers by lower-case name.
    pub(crate) headers: SortedMap<String, String>,
    /// The body.
    pub(crate) body: Body,
}

impl Request {
    /// Takes a request apart. `url` may be absolute or start at the path; `headers` is a JSON object.
    ///
    /// # Errors
    /// `INVALID_REQUEST` when the address or a header cannot be read.
    pub(crate) fn parse(
        method: &str,
        url: &str,
        headers: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Self, Problem> {
        let (path, query) = split(url);
        let mut path = path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(|segment| decode(segment, false));
        let malformed = || Problem::invalid_request("The address is not properly encoded.");
        Ok(Self {
            method: Method::parse(method),
            method_name: method.to_owned(),
            function: path.next().flatten().unwrap_or_default(),
            path: path.collect::<Option<_>>().ok_or_else(malformed)?,
            query: pairs(query).ok_or_else(malformed)?,
            headers: json::from_text(headers)
                .map_err(|_| Problem::invalid_request("The headers cannot be read."))?,
            body: body.map_or(Body::TooLong, Body::Whole),
        })
    }

    /// The value of a header, without the white space around it.
    pub(crate) fn header(&self, lower_case_name: &str) -> Option<&str> {
        self.headers.get(lower_case_name).map(|value| value.trim())
    }

    /// The path below the function, such as `/function-models`.
    pub(crate) fn route_path(&self) -> String {
        self.path
            .iter()
            .fold(String::new(), |path, segment| path + "/" + segment)
    }
}

/// Path and query of an address.
fn split(url: &str) -> (&str, &str) {
    let local = match url.find("://") {
        Some(scheme) => {
            let rest = &url[scheme + 3..];
            rest.find(['/', '?', '#'])
                .map_or("", |start| &rest[start..])
        }
        None => url,
    };
    let local = local.split('#').next().unwrap_or_default();
    local.split_once('?').unwrap_or((local, ""))
}

/// The path below the function of an address that was not taken apart.
pub(crate) fn instance(url: &str) -> String {
    let path = split(url).0.trim_start_matches('/');
    format!("/{}", path.split_once('/').map_or("", |(_, rest)| rest))
}

fn pairs(query: &str) -> Option<Vec<(String, String)>> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decode(name, true)?, decode(value, true)?))
        })
        .collect()
}

/// Percent-decodes; `None` for what is no UTF-8, a broken escape or U+0000.
fn decode(text: &str, plus_is_space: bool) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => hex(bytes.next()?)? * 16 + hex(bytes.next()?)?,
            b'+' if plus_is_space => b' ',
            other => other,
        });
    }
    String::from_utf8(decoded)
        .ok()
        .filter(|text| !text.contains('\0'))
}

fn hex(digit: u8) -> Option<u8> {
    (digit as char)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

/// Percent-encodes a value of a query.
pub(crate) fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(byte as char);
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, function: &str, path: &[&str], query: &[(&str, &str)]) {
        let request = Request::parse("GET", url, "{}", Some(Vec::new())).unwrap();
        assert_eq!(request.function, function);
        assert_eq!(request.path, path);
        let read: Vec<_> = request
            .query
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        assert_eq!(read, query);
    }

    #[test]
    fn the_first_segment_names_the_function() {
        check(
            "http://h:1/api/function-models",
            "api",
            &["function-models"],
            &[],
        );
        check("https://h/background-worker", "background-worker", &[], &[]);
        check("https://h?x=1", "", &[], &[("x", "1")]);
        check("/api//health/#part", "api", &["health"], &[]);
        assert_eq!(
            instance("http://h:1/api/organizations/1?x=2"),
            "/organizations/1"
        );
    }

    #[test]
    fn path_and_query_are_decoded() {
        check(
            "/api/a%20b+c?q=a+b%2B%26&empty=&flag",
            "api",
            &["a b+c"],
            &[("q", "a b+&"), ("empty", ""), ("flag", "")],
        );
        assert_eq!(encode("a b&é"), "a%20b%26%C3%A9");
    }

    #[test]
    fn broken_escapes_are_refused() {
        for url in ["/api/%zz", "/api/%ff", "/api/x?q=%", "/api/x?q=%00"] {
            assert!(Request::parse("GET", url, "{}", None).is_err(), "{url}");
        }
    }
}

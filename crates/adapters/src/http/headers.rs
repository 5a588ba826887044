//! What may stand in a header, so that no value can end its line and start another.

/// Whether the text is a header name: RFC 9110 tokens, at most 100 characters.
pub fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 100
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// Whether the text may be a header's value: visible ASCII, spaces and tabs, at most 8 KiB.
///
/// Other bytes are legal in old texts but differ between runtimes, and a line break would inject
/// a header.
pub fn is_value(value: &str) -> bool {
    value.len() <= 8 * 1024
        && value
            .bytes()
            .all(|byte| byte == b'\t' || (0x20..0x7f).contains(&byte))
}

/// Whether a user may not set this header, because it steers the connection, the message's
/// framing or the identity of the sender. `name` is in lower case.
pub fn is_reserved(name: &str) -> bool {
    const RESERVED: [&str; 22] = [
        "connection",
        "content-length",
        "cookie",
        "expect",
        "forwarded",
        "host",
        "http2-settings",
        "idempotency-key",
        "keep-alive",
        "te",
        "traceparent",
        "tracestate",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-http-method",
        "x-http-method-override",
        "x-real-ip",
    ];
    RESERVED.contains(&name) || name.starts_with("proxy-") || name.starts_with("sec-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_token() {
        assert!(is_name("x-api-key"));
        for bad in ["", "a b", "a:b", "a\nb", "ä", &"a".repeat(101)] {
            assert!(!is_name(bad), "{bad:?}");
        }
    }

    #[test]
    fn a_value_cannot_end_its_line() {
        assert!(is_value("text/html; charset=utf-8\tq"));
        for bad in ["a\rb", "a\nb", "a\0b", "ä", "\u{7f}", &"a".repeat(8193)] {
            assert!(!is_value(bad), "{bad:?}");
        }
    }

    #[test]
    fn headers_of_the_connection_belong_to_the_client() {
        for name in [
            "host",
            "content-length",
            "proxy-authorization",
            "sec-fetch-mode",
        ] {
            assert!(is_reserved(name));
        }
        assert!(!is_reserved("accept"));
        assert!(!is_reserved("authorization"));
    }
}

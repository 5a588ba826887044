//! Calls to addresses that users wrote: guarded at every hop, redirects followed by hand.

use domain::built_in_workflow::TRAVELLING_HEADERS;
use thiserror::Error;
use url::Url;
use use_cases::ports::Clock;

use super::guard::{self, AllowedHosts, Refusal, Resolver};
use super::{HttpRequest, HttpResponse, Method, Transport, TransportError, headers};

/// How many redirects are followed.
pub const MAX_REDIRECTS: usize = 5;

/// Why a call has no answer.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum CallError {
    /// The address, or one it redirects to, may not be called.
    #[error("{0}")]
    Refused(Refusal),
    /// A header's name or value cannot be sent; the text is its name.
    #[error("header {0} cannot be sent")]
    Header(String),
    /// It redirected too often, or to nowhere.
    #[error("the redirects lead nowhere")]
    Redirects,
    /// The connection failed, took too long, or brought too much.
    #[error(transparent)]
    Transport(#[from] TransportError),
}

/// Calls the outside world on behalf of users.
#[derive(Debug)]
pub struct HttpClient<H, C> {
    host: H,
    clock: C,
    allowed: AllowedHosts,
}

impl<H: Transport + Resolver, C: Clock> HttpClient<H, C> {
    /// A client that calls public addresses and the allowed hosts.
    pub fn new(host: H, clock: C, allowed: AllowedHosts) -> Self {
        Self {
            host,
            clock,
            allowed,
        }
    }

    /// The hosts that the operator allows by name.
    pub fn allowed(&self) -> &AllowedHosts {
        &self.allowed
    }

    /// Sends the request and follows its redirects; `timeout_ms` bounds all hops together.
    ///
    /// # Errors
    /// See [`CallError`]. Every status but a followed redirect is an answer, not an error.
    pub async fn call(&self, mut request: HttpRequest) -> Result<HttpResponse, CallError> {
        check_headers(&request.headers)?;
        let mut url = guard::parse(&request.url, &self.allowed).map_err(CallError::Refused)?;
        let deadline = self.clock.now().timestamp_millis() + i64::from(request.timeout_ms);
        for _ in 0..=MAX_REDIRECTS {
            guard::check_addresses(&url, &self.allowed, &self.host)
                .await
                .map_err(CallError::Refused)?;
            request.url = without_fragment(&url);
            request.timeout_ms = self.time_until(deadline)?;
            let response = self.host.send(request.clone()).await?;
            if request
                .max_body_bytes
                .is_some_and(|most| response.body.len() > most)
            {
                return Err(too_large().into());
            }
            let Some(target) = redirect(&response) else {
                return Ok(response);
            };
            let next = self.follow(&url, target)?;
            turn(&mut request, response.status, &url, &next);
            url = next;
        }
        Err(CallError::Redirects)
    }

    fn time_until(&self, deadline: i64) -> Result<u32, CallError> {
        let left = deadline - self.clock.now().timestamp_millis();
        match u32::try_from(left) {
            Ok(left) if left > 0 => Ok(left),
            _ => Err(CallError::Transport(TransportError {
                kind: super::TransportErrorKind::Timeout,
                message: "no time is left".into(),
            })),
        }
    }

    /// The address of the next hop. Going from https to http would show the request to everybody
    /// on the way.
    fn follow(&self, from: &Url, target: &str) -> Result<Url, CallError> {
        let next = from.join(target).map_err(|_| CallError::Redirects)?;
        if from.scheme() == "https" && next.scheme() == "http" {
            return Err(CallError::Redirects);
        }
        guard::judge(&next, &self.allowed).map_err(CallError::Refused)?;
        Ok(next)
    }
}

fn check_headers(all: &[(String, String)]) -> Result<(), CallError> {
    match all
        .iter()
        .find(|(name, value)| !headers::is_name(name) || !headers::is_value(value))
    {
        None => Ok(()),
        Some((name, _)) => Err(CallError::Header(name.escape_default().to_string())),
    }
}

/// Where the answer redirects to, if it does.
fn redirect(response: &HttpResponse) -> Option<&str> {
    matches!(response.status, 301 | 302 | 303 | 307 | 308)
        .then(|| response.header("location"))
        .flatten()
}

/// Changes the request for its next hop: 303 reads the result, 301 and 302 turn a POST into a
/// read as every browser does, 307 and 308 repeat it as it was.
fn turn(request: &mut HttpRequest, status: u16, from: &Url, to: &Url) {
    let reads = match status {
        303 => request.method != Method::Head,
        301 | 302 => request.method == Method::Post,
        _ => false,
    };
    if reads {
        request.method = Method::Get;
        request.body = None;
        request
            .headers
            .retain(|(name, _)| !name.starts_with("content-"));
    }
    if from.origin() != to.origin() {
        request
            .headers
            .retain(|(name, _)| TRAVELLING_HEADERS.contains(&name.as_str()));
    }
}

fn without_fragment(url: &Url) -> String {
    let mut url = url.clone();
    url.set_fragment(None);
    url.into()
}

fn too_large() -> TransportError {
    TransportError {
        kind: super::TransportErrorKind::TooLarge,
        message: "the answer is longer than allowed".into(),
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;
    use crate::http::TransportErrorKind;
    use crate::http::script::{Script, StillClock, answer, redirect_to};

    fn request(method: Method, url: &str) -> HttpRequest {
        HttpRequest {
            method,
            url: url.into(),
            headers: vec![
                ("authorization".into(), "Bearer a".into()),
                ("content-type".into(), "application/json".into()),
                ("x-key".into(), "b".into()),
            ],
            body: Some("{}".into()),
            timeout_ms: 1000,
            max_body_bytes: Some(10),
        }
    }

    fn call(script: &Script, request: HttpRequest) -> Result<HttpResponse, CallError> {
        let client = HttpClient::new(script, StillClock::default(), AllowedHosts::default());
        block_on(client.call(request))
    }

    fn names(request: &HttpRequest) -> Vec<&str> {
        request
            .headers
            .iter()
            .map(|(name, _)| name.as_str())
            .collect()
    }

    #[test]
    fn an_answer_of_any_status_is_an_answer() {
        let script = Script::of([answer(500, "oops")]);
        let response = call(&script, request(Method::Post, "https://a.example/x?y=1#z")).unwrap();
        assert_eq!((response.status, response.body.as_str()), (500, "oops"));
        let sent = script.sent();
        assert_eq!(sent[0].url, "https://a.example/x?y=1");
        assert_eq!(sent[0].body.as_deref(), Some("{}"));
        assert_eq!(sent[0].timeout_ms, 1000);
    }

    #[test]
    fn a_post_that_is_redirected_becomes_a_read_without_body() {
        for status in [301, 302, 303] {
            let script = Script::of([redirect_to(status, "/done"), answer(200, "ok")]);
            call(&script, request(Method::Post, "https://a.example/x")).unwrap();
            let second = &script.sent()[1];
            assert_eq!(second.method, Method::Get);
            assert_eq!(second.url, "https://a.example/done");
            assert_eq!(second.body, None);
            assert_eq!(names(second), ["authorization", "x-key"]);
        }
    }

    #[test]
    fn a_redirect_that_keeps_the_method_keeps_the_body() {
        for (status, method) in [
            (307, Method::Post),
            (308, Method::Put),
            (301, Method::Delete),
            (303, Method::Head),
        ] {
            let script = Script::of([redirect_to(status, "y"), answer(200, "ok")]);
            call(&script, request(method, "https://a.example/x/")).unwrap();
            let second = &script.sent()[1];
            assert_eq!(second.method, method);
            assert_eq!(second.url, "https://a.example/x/y");
            assert!(second.body.is_some());
        }
    }

    #[test]
    fn another_origin_gets_no_secrets() {
        let script = Script::of([redirect_to(307, "https://b.example/"), answer(200, "ok")]);
        call(&script, request(Method::Post, "https://a.example/")).unwrap();
        assert_eq!(names(&script.sent()[1]), ["content-type"]);
    }

    #[test]
    fn every_hop_is_judged() {
        for (target, refusal) in [
            ("http://169.254.169.254/", CallError::Redirects),
            (
                "https://169.254.169.254/",
                CallError::Refused(Refusal::NotPublic),
            ),
            (
                "https://u:p@b.example/",
                CallError::Refused(Refusal::Credentials),
            ),
            ("file:///etc/passwd", CallError::Refused(Refusal::Scheme)),
            ("https://", CallError::Redirects),
        ] {
            let script = Script::of([redirect_to(302, target)]);
            assert_eq!(
                call(&script, request(Method::Get, "https://a.example/")),
                Err(refusal),
                "{target}"
            );
        }
        let script = Script::of([redirect_to(302, "https://b.example/")])
            .naming("a.example", "93.184.216.34")
            .naming("b.example", "10.0.0.1");
        assert_eq!(
            call(&script, request(Method::Get, "https://a.example/")),
            Err(CallError::Refused(Refusal::NotPublic))
        );
        assert_eq!(script.sent().len(), 1);
    }

    #[test]
    fn redirects_end() {
        let script = Script::of((0..6).map(|_| redirect_to(302, "/again")));
        assert_eq!(
            call(&script, request(Method::Get, "https://a.example/")),
            Err(CallError::Redirects)
        );
        assert_eq!(script.sent().len(), 6);
        let without_location = Script::of([answer(302, "")]);
        assert_eq!(
            call(
                &without_location,
                request(Method::Get, "https://a.example/")
            )
            .unwrap()
            .status,
            302
        );
    }

    #[test]
    fn all_hops_share_one_time() {
        let script = Script::of([redirect_to(302, "/a"), answer(200, "ok")]);
        let clock = StillClock::ticking(600);
        let client = HttpClient::new(&script, clock, AllowedHosts::default());
        let result = block_on(client.call(request(Method::Get, "https://a.example/")));
        assert!(matches!(
            result,
            Err(CallError::Transport(TransportError {
                kind: TransportErrorKind::Timeout,
                ..
            }))
        ));
        assert_eq!(script.sent()[0].timeout_ms, 400);
    }

    #[test]
    fn a_body_beyond_the_limit_is_refused_even_when_the_transport_read_it() {
        let script = Script::of([answer(200, "12345678901")]);
        let result = call(&script, request(Method::Get, "https://a.example/"));
        assert!(matches!(
            result,
            Err(CallError::Transport(TransportError {
                kind: TransportErrorKind::TooLarge,
                ..
            }))
        ));
    }

    #[test]
    fn nothing_is_sent_with_a_header_that_breaks_the_line() {
        let script = Script::of([]);
        let mut bad = request(Method::Get, "https://a.example/");
        bad.headers = vec![("x-a".into(), "b\r\nhost: c".into())];
        assert_eq!(
            call(&script, bad.clone()),
            Err(CallError::Header("x-a".into()))
        );
        bad.headers = vec![("x\n".into(), "b".into())];
        assert_eq!(call(&script, bad), Err(CallError::Header("x\\n".into())));
        assert_eq!(
            call(&script, request(Method::Get, "http://localhost/")),
            Err(CallError::Refused(Refusal::NotPublic))
        );
        assert!(script.sent().is_empty());
    }
}

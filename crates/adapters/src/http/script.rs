//! A host for tests: answers in the order written, remembers what was sent.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use use_cases::ports::Clock;

use super::{HttpRequest, HttpResponse, Resolver, Transport, TransportError, TransportErrorKind};

/// What the far side does next.
pub(crate) type Step = Result<HttpResponse, TransportError>;

/// A host that plays its steps in order and fails the test when they run out.
#[derive(Default)]
pub(crate) struct Script {
    steps: RefCell<VecDeque<Step>>,
    sent: RefCell<Vec<HttpRequest>>,
    names: HashMap<String, IpAddr>,
}

impl Script {
    pub(crate) fn of(steps: impl IntoIterator<Item = Step>) -> Script {
        Script {
            steps: RefCell::new(steps.into_iter().collect()),
            ..Script::default()
        }
    }

    pub(crate) fn naming(mut self, host: &str, address: &str) -> Script {
        self.names.insert(host.into(), address.parse().unwrap());
        self
    }

    pub(crate) fn sent(&self) -> Vec<HttpRequest> {
        self.sent.borrow().clone()
    }
}

impl Transport for Script {
    async fn send(&self, request: HttpRequest) -> Step {
        let step = self.steps.borrow_mut().pop_front();
        let url = request.url.clone();
        self.sent.borrow_mut().push(request);
        step.unwrap_or_else(|| panic!("no answer is written for {url}"))
    }
}

impl Transport for &Script {
    async fn send(&self, request: HttpRequest) -> Step {
        Script::send(self, request).await
    }
}

impl Resolver for Script {
    async fn resolve(&self, host: &str) -> Option<Vec<IpAddr>> {
        self.names.get(host).map(|address| vec![*address])
    }
}

impl Resolver for &Script {
    async fn resolve(&self, host: &str) -> Option<Vec<IpAddr>> {
        Script::resolve(self, host).await
    }
}

/// An answer of this status and body.
pub(crate) fn answer(status: u16, body: &str) -> Step {
    Ok(HttpResponse {
        status,
        headers: vec![("content-type".into(), "application/json".into())],
        body: body.into(),
    })
}

/// An answer with one more header.
pub(crate) fn answer_with(status: u16, name: &str, value: &str, body: &str) -> Step {
    let mut response = answer(status, body)?;
    response.headers.push((name.into(), value.into()));
    Ok(response)
}

/// A redirect.
pub(crate) fn redirect_to(status: u16, location: &str) -> Step {
    answer_with(status, "location", location, "")
}

/// No answer.
pub(crate) fn fault(kind: TransportErrorKind) -> Step {
    Err(TransportError {
        kind,
        message: "connection to 10.0.0.7 reset".into(),
    })
}

/// A clock that moves by a fixed step with every look and by what is slept.
#[derive(Default)]
pub(crate) struct StillClock {
    now_ms: Cell<i64>,
    step_ms: i64,
    slept: RefCell<Vec<u64>>,
}

impl StillClock {
    pub(crate) fn ticking(step_ms: i64) -> StillClock {
        StillClock {
            step_ms,
            ..StillClock::default()
        }
    }

    pub(crate) fn slept(&self) -> Vec<u64> {
        self.slept.borrow().clone()
    }
}

impl Clock for StillClock {
    fn now(&self) -> DateTime<Utc> {
        let now = self.now_ms.get();
        self.now_ms.set(now + self.step_ms);
        DateTime::UNIX_EPOCH + TimeDelta::milliseconds(now)
    }

    async fn sleep(&self, milliseconds: u64) {
        self.slept.borrow_mut().push(milliseconds);
        self.now_ms
            .set(self.now_ms.get() + i64::try_from(milliseconds).unwrap());
    }
}

impl Clock for &StillClock {
    fn now(&self) -> DateTime<Utc> {
        StillClock::now(self)
    }

    async fn sleep(&self, milliseconds: u64) {
        StillClock::sleep(self, milliseconds).await;
    }
}

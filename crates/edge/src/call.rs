//! One request on its way through a route: what it says, and what it may reach.

use std::rc::Rc;

use adapters::token::{Identity, TokenError};
use domain::json;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use use_cases::background::{AgentWorker, Engine};
use use_cases::context::Context;
use use_cases::ports::{Bookmark, Page, PageRequest, Ports, StoredEvent};

use crate::cursor::CursorKey;
use crate::problem::{Halt, Problem, Success};
use crate::query::Query;
use crate::request::{Request, encode};
use crate::response::{Response, public_path};
use crate::{body, query};

/// What a route answers.
pub(crate) type Answer = Result<Response, Halt>;

/// What is kept beside the module, so that it costs it nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Document {
    /// The description of the API.
    Description,
    /// The JSON Schemas of events.
    EventSchemas,
}

/// What the module is put together from. It has two homes: the live one, and the one of tests.
pub(crate) trait Wiring {
    /// The ports use cases are given.
    type Ports: Ports;

    /// Recognises a caller by the headers of the same names.
    async fn identify(
        &self,
        apikey: Option<&str>,
        authorization: Option<&str>,
    ) -> Result<Identity, TokenError>;

    /// Ports that read as this caller.
    fn ports(&self, identity: &Identity) -> Result<Rc<Self::Ports>, Problem>;

    /// The key cursors are signed with.
    fn cursor_key(&self) -> &CursorKey;

    /// The engine of this instance.
    fn engine(&self) -> &Engine;

    /// The worker behind the agents of this instance.
    fn agent_worker(&self) -> &AgentWorker;

    /// Lets the worker behind the agents work after the answer was given.
    fn wake_agents(&self);

    /// Lets schedules whose time has come start their runs after the answer was given.
    fn wake_schedules(&self);

    /// Lets the engine work after the answer was given.
    fn wake_engine(&self);

    /// A document that is kept beside the module, as JSON.
    async fn document(&self, document: Document) -> Result<String, String>;

    /// Ports of the service itself.
    fn service_ports(&self) -> Rc<Self::Ports>;

    /// A name for a request that came without one.
    fn new_request_id(&self) -> String;

    /// Panics when the operator allows that for tests and the request asks for it.
    fn panic_if_asked(&self, request: &Request);

    /// Writes a line to the log.
    fn log(&self, line: &str);

    /// Milliseconds since some moment.
    fn milliseconds(&self) -> f64;
}

/// One request of a known caller.
pub(crate) struct Call<'a, W: Wiring> {
    /// The module.
    pub(crate) wiring: &'a W,
    /// What the caller may reach.
    pub(crate) ports: Rc<W::Ports>,
    /// What arrived.
    pub(crate) request: &'a Request,
    /// Who asks, for the use cases.
    pub(crate) context: Context,
}

impl<W: Wiring> Call<'_, W> {
    /// What the caller may reach.
    pub(crate) fn ports(&self) -> &W::Ports {
        &self.ports
    }

    /// The command in the body.
    pub(crate) fn body<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        body::decode(self.request, body::USUAL_BYTES)
    }

    /// The command in a body that may be longer than usual.
    pub(crate) fn long_body<T: DeserializeOwned>(&self, max_bytes: usize) -> Result<T, Problem> {
        body::decode(self.request, max_bytes)
    }

    /// The parameters, all of which must be among those named.
    pub(crate) fn query(&self, names: &[&[&str]]) -> Result<Query<'_>, Problem> {
        Query::read(self.request, names)
    }

    /// Which part of a list is wanted.
    pub(crate) fn page(&self, query: &Query, usual: u32) -> Result<PageRequest, Problem> {
        query.page(self.wiring.cursor_key(), usual)
    }

    /// One thing.
    pub(crate) fn one(&self, query: &Query, thing: &impl Serialize) -> Response {
        sparse(query, Response::json(Success::Ok, thing))
    }

    /// A part of a list.
    pub(crate) fn list<T: Serialize>(&self, query: &Query, page: &Page<T>) -> Response {
        let mut body = Map::new();
        let items = page
            .items
            .iter()
            .map(|item| pick(query, json::to_value(item)));
        body.insert("items".to_owned(), items.collect());
        if let Some(total) = page.total {
            body.insert("total".to_owned(), Value::from(total));
        }
        let next = page
            .next
            .as_ref()
            .map(|bookmark| self.wiring.cursor_key().sign(&query.scope(), bookmark));
        match next {
            None => Response::json(Success::Ok, &body),
            Some(cursor) => {
                let link = self.link(&cursor);
                body.insert("nextCursor".to_owned(), Value::from(cursor));
                Response::json(Success::Ok, &body).with("link", link)
            }
        }
    }

    /// A part of a stream of events, in its order.
    pub(crate) fn stream(&self, query: &Query, events: Vec<StoredEvent>, limit: u32) -> Response {
        let full = u32::try_from(events.len()).is_ok_and(|length| length == limit);
        let last = events.last().filter(|_| full);
        let next = last.map(|event| Bookmark(Value::from(event.aggregate_version)));
        self.list(
            query,
            &Page {
                items: events,
                next,
                total: None,
            },
        )
    }

    /// The address of the next page.
    fn link(&self, cursor: &str) -> String {
        let parameters = self
            .request
            .query
            .iter()
            .filter(|(name, _)| name != "cursor");
        let address = parameters
            .map(|(name, value)| format!("{}={}&", encode(name), encode(value)))
            .fold(
                public_path(&self.request.route_path()) + "?",
                |address, pair| address + &pair,
            );
        format!("<{address}cursor={}>; rel=\"next\"", encode(cursor))
    }
}

/// Only the fields that were asked for.
fn sparse(query: &Query, response: Response) -> Response {
    if query.text("fields").is_none() {
        return response;
    }
    let body = pick(query, response.body_json());
    Response {
        body: Some(body.to_string().into_bytes()),
        ..response
    }
}

fn pick(query: &Query, value: Value) -> Value {
    match (query.text("fields"), value) {
        (Some(fields), Value::Object(mut object)) => {
            object.retain(|name, _| fields.split(',').any(|field| field.trim() == name));
            Value::Object(object)
        }
        (_, value) => value,
    }
}

/// Reads an identifier out of the address.
pub(crate) use query::id;

//! The module on a world in memory, for the tests of the routes.

use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use adapters::token::{Identity, TokenError};
use domain::ids::UserId;
use futures::future::{FutureExt as _, LocalBoxFuture, poll_fn};
use futures::stream::{FuturesUnordered, StreamExt as _};
use serde_json::{Map, Value, json};
use use_cases::background::{AgentWorker, Engine, EngineOptions, fire_schedules};
use use_cases::context::Actor;
use use_cases::in_memory::World;
use use_cases::ports::{Ports as _, Worker};
use uuid::Uuid;

use crate::call::{Document, Wiring};
use crate::cursor::CursorKey;
use crate::openapi::conformance;
use crate::problem::Problem;
use crate::request::Request;
use crate::response::Response;
use crate::router;

/// The key that makes a caller the service.
pub(crate) const SECRET: &str = "sb_secret_test";
/// A user.
pub(crate) const ALICE: &str = "0192aaaa-0000-7000-8000-00000000000a";
/// Another one.
pub(crate) const BOB: &str = "0192aaaa-0000-7000-8000-00000000000b";
/// An identifier of nothing.
pub(crate) const NOTHING: &str = "0192aaaa-0000-7000-8000-0000000000ff";

/// The module and the world it works on.
pub(crate) struct Stage {
    pub(crate) world: Rc<World>,
    pub(crate) lines: RefCell<Vec<String>>,
    engine: Rc<Engine>,
    agent_worker: Rc<AgentWorker>,
    key: CursorKey,
    /// What goes on after answers were given.
    going_on: RefCell<FuturesUnordered<LocalBoxFuture<'static, ()>>>,
    /// What was started since somebody last looked.
    started: RefCell<Vec<LocalBoxFuture<'static, ()>>>,
    named: Cell<u32>,
}

impl Stage {
    /// An empty world.
    pub(crate) fn new() -> Self {
        let lease_token = Uuid::from_u128(7);
        let worker = Worker {
            lease_token,
            name: "test".into(),
            held: None,
        };
        Self {
            world: Rc::new(World::new()),
            lines: RefCell::default(),
            engine: Rc::new(Engine::new(EngineOptions {
                worker,
                concurrency: 4,
            })),
            agent_worker: Rc::new(AgentWorker::new(Uuid::from_u128(8), 4)),
            key: CursorKey::derive("secret"),
            going_on: RefCell::default(),
            started: RefCell::default(),
            named: Cell::new(0),
        }
    }

    /// A request as Alice, without a body.
    pub(crate) fn ask(&self, method: &'static str, path: &str) -> Ask<'_> {
        self.ask_function("api", method, path)
    }

    /// A request to one of the functions as Alice, without a body.
    pub(crate) fn ask_function(&self, name: &str, method: &'static str, path: &str) -> Ask<'_> {
        let mut headers = Map::new();
        headers.insert("authorization".into(), json!(format!("Bearer {ALICE}")));
        let url = format!("http://localhost/{name}{path}");
        Ask {
            stage: self,
            method,
            url,
            headers,
            body: Some(Vec::new()),
        }
    }

    /// Answers `GET` as Alice.
    pub(crate) fn get(&self, path: &str) -> Answered {
        self.ask("GET", path).send()
    }

    /// Answers `POST` as Alice.
    pub(crate) fn post(&self, path: &str, body: Value) -> Answered {
        self.ask("POST", path).json(body).send()
    }

    /// Answers `PATCH` as Alice.
    pub(crate) fn patch(&self, path: &str, body: Value) -> Answered {
        self.ask("PATCH", path).json(body).send()
    }

    /// Answers `DELETE` as Alice.
    pub(crate) fn delete(&self, path: &str) -> Answered {
        self.ask("DELETE", path).send()
    }

    /// Makes a model; answers its address.
    pub(crate) fn model(&self, name: &str) -> String {
        let model = self
            .post("/function-models", json!({ "name": name }))
            .ok(201);
        format!("/function-models/{}", model["modelId"].as_str().unwrap())
    }

    /// Adds a container to the model at `path`; answers its identifier.
    pub(crate) fn node(&self, path: &str, name: &str, more: Value) -> String {
        let mut body = json!({
            "name": name,
            "description": "For the tests",
            "position": {"x": 0, "y": 0},
        });
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        let node = self.post(&format!("{path}/nodes"), body).ok(201);
        node["nodeId"].as_str().unwrap().to_owned()
    }

    /// Makes a model that can be published: input, a stage that calls something, output.
    pub(crate) fn runnable(&self, name: &str) -> String {
        let path = self.model(name);
        let boundary =
            |way: &str| json!({"nodeType": "ioNode", "typeSpecificData": {"boundaryType": way}});
        let input = self.node(&path, "In", boundary("input"));
        let stage = self.node(&path, "Work", json!({"nodeType": "stageNode"}));
        let output = self.node(&path, "Out", boundary("output"));
        for (node, dependency) in [(&stage, &input), (&output, &stage)] {
            let body = json!({"dependencyId": dependency});
            self.post(&format!("{path}/nodes/{node}/dependencies"), body)
                .ok(201);
        }
        let action = json!({
            "parentNodeId": stage,
            "actionType": "tetherNode",
            "name": "Call",
            "actionSpecificData": {"tetherReferenceId": "call"},
        });
        self.post(&format!("{path}/actions"), action).ok(201);
        path
    }

    /// Lets everything that was started run to its end.
    pub(crate) fn settle(&self) {
        let idle = poll_fn(|_| match self.going_on.borrow().is_empty() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        });
        self.run(idle);
    }

    /// Runs a future, and meanwhile what was started; time passes when all wait for it.
    fn run<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        let both = poll_fn(|context| {
            let mut going_on = self.going_on.borrow_mut();
            going_on.extend(self.started.take());
            while let Poll::Ready(Some(())) = going_on.poll_next_unpin(context) {}
            drop(going_on);
            let answer = future.as_mut().poll(context);
            if !self.started.borrow().is_empty() {
                context.waker().wake_by_ref();
            }
            answer
        });
        self.world.clock().drive(both).unwrap()
    }
}

impl Wiring for Stage {
    type Ports = World;

    async fn identify(
        &self,
        apikey: Option<&str>,
        authorization: Option<&str>,
    ) -> Result<Identity, TokenError> {
        if apikey == Some(SECRET) {
            let actor = Actor {
                service: true,
                ..Actor::user(UserId::from_uuid(Uuid::from_u128(1)))
            };
            return Ok(Identity { actor, token: None });
        }
        match authorization.and_then(|header| header.strip_prefix("Bearer ")) {
            None => Err(TokenError::Missing),
            Some("expired") => Err(TokenError::Expired),
            Some("unchecked") => Err(TokenError::Unavailable),
            Some(user) => match UserId::parse(user) {
                Ok(user) => Ok(Identity {
                    actor: Actor::user(user),
                    token: Some(String::new()),
                }),
                Err(_) => Err(TokenError::Invalid("test")),
            },
        }
    }

    fn ports(&self, _: &Identity) -> Result<Rc<World>, Problem> {
        Ok(Rc::clone(&self.world))
    }

    async fn document(&self, document: Document) -> Result<String, String> {
        Ok(match document {
            Document::Description => "{}".to_owned(),
            Document::EventSchemas => json!(domain::event_schema::event_schemas()).to_string(),
        })
    }

    fn service_ports(&self) -> Rc<World> {
        Rc::clone(&self.world)
    }

    fn cursor_key(&self) -> &CursorKey {
        &self.key
    }

    fn engine(&self) -> &Engine {
        &self.engine
    }

    fn agent_worker(&self) -> &AgentWorker {
        &self.agent_worker
    }

    fn wake_agents(&self) {
        let (worker, world) = (Rc::clone(&self.agent_worker), Rc::clone(&self.world));
        let work = async move { worker.run(&*world, 60).await };
        self.started.borrow_mut().push(work.boxed_local());
    }

    fn wake_schedules(&self) {
        let (engine, world) = (Rc::clone(&self.engine), Rc::clone(&self.world));
        let work = async move {
            if fire_schedules(&*world)
                .await
                .is_ok_and(|started| started > 0)
            {
                engine.run(&*world, 5).await;
            }
        };
        self.started.borrow_mut().push(work.boxed_local());
    }

    fn wake_engine(&self) {
        let (engine, world) = (Rc::clone(&self.engine), Rc::clone(&self.world));
        let work = async move {
            engine.run(&*world, 5).await;
        };
        self.started.borrow_mut().push(work.boxed_local());
    }

    fn new_request_id(&self) -> String {
        self.named.set(self.named.get() + 1);
        format!("request-{}", self.named.get())
    }

    fn panic_if_asked(&self, _: &Request) {}

    fn log(&self, line: &str) {
        self.lines.borrow_mut().push(line.to_owned());
    }

    fn milliseconds(&self) -> f64 {
        0.0
    }
}

/// A request about to be sent.
pub(crate) struct Ask<'a> {
    stage: &'a Stage,
    method: &'static str,
    url: String,
    headers: Map<String, Value>,
    body: Option<Vec<u8>>,
}

impl Ask<'_> {
    /// As somebody else; nobody for the empty text.
    pub(crate) fn by(mut self, token: &str) -> Self {
        self.headers.remove("authorization");
        if token.is_empty() {
            self
        } else {
            self.header("authorization", &format!("Bearer {token}"))
        }
    }

    /// With a header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), value.into());
        self
    }

    /// With a JSON body.
    pub(crate) fn json(self, body: Value) -> Self {
        self.text(&body.to_string())
    }

    /// With a body that may be no JSON.
    pub(crate) fn text(mut self, body: &str) -> Self {
        self.body = Some(body.into());
        self.header("content-type", "application/json")
    }

    /// With a body too long to be read.
    pub(crate) fn too_long(mut self) -> Self {
        self.body = None;
        self
    }

    /// Sends it, and lets what it started run meanwhile.
    pub(crate) fn send(self) -> Answered {
        let headers = Value::Object(self.headers).to_string();
        let request = Request::parse(self.method, &self.url, &headers, self.body).unwrap();
        let asked = request.clone();
        let answer = self.stage.run(router::answer(self.stage, request));
        conformance::check(&asked, &answer);
        Answered(answer)
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answered(Response);

impl Answered {
    /// The body as it travels.
    pub(crate) fn text(&self) -> String {
        let body = self.0.body.clone().unwrap_or_default();
        String::from_utf8(body).unwrap()
    }

    /// The body, after checking the status.
    #[track_caller]
    pub(crate) fn ok(&self, status: u16) -> Value {
        let body = self.0.body_json();
        assert_eq!(self.0.status, status, "{body:#}");
        body
    }

    /// The refusal, after checking status and code.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) -> Value {
        let body = self.ok(status);
        assert_eq!(body["code"], code, "{body:#}");
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json")
        );
        body
    }

    /// The status.
    pub(crate) fn status(&self) -> u16 {
        self.0.status
    }

    /// The code of a refusal; empty without one.
    pub(crate) fn code(&self) -> String {
        self.0.body_json()["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// The first header of this name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.0.headers.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.as_str())
    }
}

//! The edge: HTTP requests in, use cases called, HTTP answers out. Compiled to WebAssembly.
//!
//! | file | what |
//! | --- | --- |
//! | `lib.rs` | what the shells call |
//! | `host.rs` | what the module calls: the platform, and the ports made of it |
//! | `wiring.rs` | the live ports, put together once per module and once per caller |
//! | `operation.rs` | the table of routes: what can be asked, and where |
//! | `router.rs`, `routes/` | which operation leads where; decode, call one use case, encode |
//! | `auth.rs`, `request.rs`, `query.rs`, `body.rs`, `cursor.rs` | what arrives, checked |
//! | `openapi/` | what is said of all that; not in the module |
//! | `response.rs`, `problem.rs` | what leaves; HTTP numbers live in `problem.rs` alone |
//!
//! To add a route: a line in `operation.rs`, an arm in `router.rs` and a function in the file of
//! its noun below `routes/`.
//! Everything but `lib.rs`, `host.rs` and `wiring.rs` is plain Rust, tested natively on
//! `use_cases::in_memory::World`.

mod auth;
mod body;
mod call;
mod cursor;
mod host;
#[cfg(feature = "schema")]
pub mod openapi;
mod operation;
mod problem;
mod query;
mod request;
mod response;
mod router;
mod routes;
#[cfg(test)]
mod testing;
mod wiring;

use std::collections::HashMap;
use std::rc::Rc;

use wasm_bindgen::prelude::*;

use crate::host::{Host, JsHost, JsResponse};
use crate::problem::Problem;
use crate::request::Request;
use crate::wiring::Live;

/// The module as the shells see it. Requests may be in flight at the same time.
#[wasm_bindgen]
pub struct Api {
    host: Host,
    live: Result<Rc<Live>, String>,
}

#[wasm_bindgen]
impl Api {
    /// Wires the module. `environment` is an object of texts.
    #[wasm_bindgen(constructor)]
    pub fn new(
        host: JsHost,
        #[wasm_bindgen(unchecked_param_type = "Record<string, string>")] environment: JsValue,
    ) -> Api {
        console_error_panic_hook::set_once();
        let host = Host::new(host);
        let live = serde_wasm_bindgen::from_value::<HashMap<String, String>>(environment)
            .map_err(|error| error.to_string())
            .and_then(|environment| Live::new(host.clone(), &environment))
            .map(Rc::new);
        Api { host, live }
    }

    /// Answers a request. Without a body the body is empty; `undefined` stands for one that is
    /// longer than [`max_body_bytes`]. `headers` is a JSON object with names in lower case.
    pub async fn handle(
        &self,
        method: String,
        url: String,
        headers: String,
        body: Option<Vec<u8>>,
    ) -> JsResponse {
        let started = self.host.milliseconds();
        let live = match &self.live {
            Ok(live) => Rc::clone(live),
            Err(reason) => {
                let problem = Problem::internal(format!("the environment: {reason}"));
                return self.refuse(problem, &url, &headers, started);
            }
        };
        match Request::parse(&method, &url, &headers, body) {
            Ok(request) => self.host.answer(router::answer(&*live, request).await),
            Err(problem) => self.refuse(problem, &url, &headers, started),
        }
    }

    /// The answer to a request that was in flight when an earlier instance of the module was lost.
    pub fn lost(&self, method: String, url: String, headers: String) -> JsResponse {
        let _ = method;
        let problem = Problem::internal("the module panicked".to_owned());
        self.refuse(problem, &url, &headers, self.host.milliseconds())
    }

    fn refuse(&self, problem: Problem, url: &str, headers: &str, started: f64) -> JsResponse {
        let headers: HashMap<String, String> = domain::json::from_text(headers).unwrap_or_default();
        let request_id = headers.get("x-request-id").map_or("", String::as_str);
        let elapsed = self.host.milliseconds() - started;
        let response = problem
            .to_response(&request::instance(url), request_id)
            .finish(request_id, elapsed);
        self.host.log(&router::log_line(&problem, request_id));
        self.host.answer(response)
    }
}

/// The longest body, in bytes, that a shell has to read.
#[wasm_bindgen(js_name = maxBodyBytes)]
pub fn max_body_bytes() -> u32 {
    u32::try_from(request::MAX_BODY_BYTES).unwrap_or(u32::MAX)
}

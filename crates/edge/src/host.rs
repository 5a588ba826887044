//! The JavaScript side: what the platform does for the module, and the ports made of it.
//!
//! Nothing outside this file and `lib.rs` knows that there is JavaScript.

use domain::sorted::SortedMap;
use std::net::IpAddr;
use std::rc::Rc;

use adapters::http::{
    HttpRequest, HttpResponse, Resolver, Transport, TransportError, TransportErrorKind,
};
use adapters::token::SignatureVerifier;
use adapters::vault::Cipher;
use chrono::{DateTime, Utc};
use domain::instant::Instant;
use domain::json;
use serde_json::Value;
use use_cases::ports::{Clock, Ids, TimeZones};
use uuid::Uuid;
use wasm_bindgen::prelude::*;

use crate::call::Document;
use crate::response::Response;

/// The interface as the shells implement it, part of the generated declarations.
#[wasm_bindgen(typescript_custom_section)]
const INTERFACE: &str = r#"
/** What an HTTP exchange brought; header names in lower case, as a JSON object. */
export interface Fetched {
  readonly status: number;
  readonly headers: string;
  readonly body: Uint8Array;
}

/** What the module needs from the platform. */
export interface Host {
  /** Sends a request without following redirects; rejects with `{kind: "timeout" | "network" | "too_large", message}`. */
  fetch(
    method: string,
    url: string,
    headers: string,
    body: Uint8Array | undefined,
    timeoutMs: number,
    maxBodyBytes: number | undefined,
  ): Promise<Fetched>;
  /** Lets time pass. */
  sleep(milliseconds: number): Promise<void>;
  /** The addresses of a host name as a JSON list; `null` when the platform cannot tell. */
  resolve(hostname: string): Promise<string>;
  /** Checks a signature (base64url) against a key (JWK). */
  verify(algorithm: string, key: string, signed: string, signature: string): Promise<boolean>;
  /** Encrypts text with AES-256-GCM under a key (base64url), bound to other text; base64url. */
  encrypt(key: string, boundTo: string, plain: string): Promise<string>;
  /** The text behind it; rejects when anything about it is not as it was encrypted. */
  decrypt(key: string, boundTo: string, sealed: string): Promise<string>;
  /** Seconds that the wall clock of a zone (IANA name) is ahead of UTC at an instant; `undefined` for an unknown zone. */
  zoneOffset(zone: string, epochMs: number): number | undefined;
  /** A document that is kept beside the module, as JSON. */
  document(name: "description" | "eventSchemas"): Promise<string>;
  /** Keeps the worker alive until the work is done. */
  waitUntil(work: Promise<unknown>): void;
  /** Writes one line to the function's log. */
  log(line: string): void;
  /** Makes the response to a request. */
  answer(status: number, headers: string, body: Uint8Array | undefined): Response;
}
"#;

#[wasm_bindgen]
extern "C" {
    /// The host object that the shell hands over.
    #[wasm_bindgen(typescript_type = "Host")]
    pub type JsHost;

    /// A response as the shell returns it to the platform.
    #[wasm_bindgen(typescript_type = "Response")]
    pub type JsResponse;

    type Fetched;

    #[wasm_bindgen(method, getter)]
    fn status(this: &Fetched) -> u16;
    #[wasm_bindgen(method, getter)]
    fn headers(this: &Fetched) -> String;
    #[wasm_bindgen(method, getter)]
    fn body(this: &Fetched) -> Vec<u8>;

    #[wasm_bindgen(method, catch)]
    async fn fetch(
        this: &JsHost,
        method: &str,
        url: &str,
        headers: &str,
        body: Option<Vec<u8>>,
        timeout_ms: u32,
        max_body_bytes: Option<u32>,
    ) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    async fn sleep(this: &JsHost, milliseconds: f64) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    async fn resolve(this: &JsHost, hostname: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    async fn verify(
        this: &JsHost,
        algorithm: &str,
        key: &str,
        signed: &str,
        signature: &str,
    ) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    async fn encrypt(
        this: &JsHost,
        key: &str,
        bound_to: &str,
        plain: &str,
    ) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    async fn decrypt(
        this: &JsHost,
        key: &str,
        bound_to: &str,
        sealed: &str,
    ) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    async fn document(this: &JsHost, name: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, js_name = waitUntil)]
    fn wait_until(this: &JsHost, work: js_sys::Promise);
    #[wasm_bindgen(method, js_name = zoneOffset)]
    fn zone_offset(this: &JsHost, zone: &str, epoch_ms: f64) -> Option<i32>;
    #[wasm_bindgen(method)]
    fn log(this: &JsHost, line: &str);
    #[wasm_bindgen(method)]
    fn answer(this: &JsHost, status: u16, headers: &str, body: Option<Vec<u8>>) -> JsResponse;

    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
}

/// The platform, as this program uses it. Copies are the same platform.
#[derive(Clone)]
pub(crate) struct Host(Rc<JsHost>);

impl Host {
    pub(crate) fn new(host: JsHost) -> Self {
        Self(Rc::new(host))
    }

    /// Writes a line to the function's log.
    pub(crate) fn log(&self, line: &str) {
        self.0.log(line);
    }

    /// A document that is kept beside the module, as JSON.
    pub(crate) async fn document(&self, document: Document) -> Result<String, String> {
        let name = match document {
            Document::Description => "description",
            Document::EventSchemas => "eventSchemas",
        };
        let text = self.0.document(name).await.map(|text| text.as_string());
        text.ok()
            .flatten()
            .ok_or_else(|| format!("the document {name} is not there"))
    }

    /// Lets work go on after the answer was given.
    pub(crate) fn keep_running(&self, work: impl Future<Output = ()> + 'static) {
        self.0
            .wait_until(wasm_bindgen_futures::future_to_promise(async {
                work.await;
                Ok(JsValue::UNDEFINED)
            }));
    }

    /// Hands the answer over.
    pub(crate) fn answer(&self, response: Response) -> JsResponse {
        self.0
            .answer(response.status, &response.headers_json(), response.body)
    }

    /// Milliseconds since some moment, finer than the clock, for measuring.
    pub(crate) fn milliseconds(&self) -> f64 {
        performance_now()
    }
}

impl Transport for Host {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let headers: SortedMap<String, String> = request.headers.into_iter().collect();
        let headers = json::to_text(&headers);
        let limit = request.max_body_bytes;
        let limit = limit.map(|most| u32::try_from(most).unwrap_or(u32::MAX));
        let fetched = self
            .0
            .fetch(
                request.method.as_str(),
                &request.url,
                &headers,
                request.body.map(String::into_bytes),
                request.timeout_ms,
                limit,
            )
            .await
            .map_err(|error| fault(&error))?
            .unchecked_into::<Fetched>();
        let headers: SortedMap<String, String> =
            json::from_text(&fetched.headers()).unwrap_or_default();
        Ok(HttpResponse {
            status: fetched.status(),
            headers: headers.into_iter().collect(),
            body: String::from_utf8(fetched.body())
                .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
        })
    }
}

/// Text in Unicode's normal form C, in which what looks alike is alike.
#[cfg(target_arch = "wasm32")]
pub(crate) fn normal_form(text: &str) -> String {
    js_sys::JsString::from(text).normalize("NFC").into()
}

/// Text in Unicode's normal form C, in which what looks alike is alike.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn normal_form(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization as _;
    text.nfc().collect()
}

/// What the shell rejected with: `{kind, message}`.
fn fault(error: &JsValue) -> TransportError {
    let text = |name: &str| {
        let value = js_sys::Reflect::get(error, &JsValue::from_str(name));
        value
            .ok()
            .and_then(|value| value.as_string())
            .unwrap_or_default()
    };
    TransportError {
        kind: match text("kind").as_str() {
            "timeout" => TransportErrorKind::Timeout,
            "too_large" => TransportErrorKind::TooLarge,
            _ => TransportErrorKind::Network,
        },
        message: text("message"),
    }
}

impl Resolver for Host {
    async fn resolve(&self, host: &str) -> Option<Vec<IpAddr>> {
        let answer = self.0.resolve(host).await.ok()?.as_string()?;
        json::from_text(&answer).ok()?
    }
}

impl SignatureVerifier for Host {
    async fn verify(
        &self,
        algorithm: &str,
        key: &Value,
        signing_input: &str,
        signature: &str,
    ) -> bool {
        let key = key.to_string();
        let answer = self
            .0
            .verify(algorithm, &key, signing_input, signature)
            .await;
        answer.is_ok_and(|answer| answer.is_truthy())
    }
}

impl Cipher for Host {
    async fn encrypt(&self, key: &str, bound_to: &str, plain: &str) -> Option<String> {
        let sealed = self.0.encrypt(key, bound_to, plain).await;
        sealed.ok()?.as_string()
    }

    async fn decrypt(&self, key: &str, bound_to: &str, sealed: &str) -> Option<String> {
        let plain = self.0.decrypt(key, bound_to, sealed).await;
        plain.ok()?.as_string()
    }
}

impl Clock for Host {
    fn now(&self) -> DateTime<Utc> {
        // The clock of the platform counts whole milliseconds and fits as long as the calendar does.
        DateTime::from_timestamp_millis(js_sys::Date::now() as i64).unwrap_or_default()
    }

    async fn sleep(&self, milliseconds: u64) {
        // Timers end early or late, but they never fail.
        let _ = self.0.sleep(milliseconds as f64).await;
    }
}

impl TimeZones for Host {
    fn offset(&self, zone: &str, at: Instant) -> Option<i32> {
        self.0.zone_offset(zone, at.as_millis() as f64)
    }
}

impl Ids for Host {
    fn new_id(&self) -> Uuid {
        let mut random = [0; 10];
        if getrandom::fill(&mut random).is_err() {
            // Without random numbers no identifier is safe; the request ends here.
            wasm_bindgen::throw_str("the platform has no random numbers");
        }
        uuid::Builder::from_unix_timestamp_millis(js_sys::Date::now() as u64, &random).into_uuid()
    }

    fn fraction(&self) -> f64 {
        js_sys::Math::random()
    }
}

//! Starts a stack on a copy of the test project, and speaks HTTP to it.

use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{HeaderMap, Request};
use http_body_util::BodyExt as _;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use local_stack::{Data, Options, Ports, Stack};
use serde_json::Value;
use tempfile::TempDir;

/// A repository with the test project and this repository's programs.
pub(crate) struct Project(TempDir);

impl Project {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let modules = here.join("../../node_modules").canonicalize().unwrap();
        std::os::unix::fs::symlink(modules, folder.path().join("node_modules")).unwrap();
        copy(
            &here.join("tests/stack/project"),
            &folder.path().join("supabase"),
        );
        // PostgreSQL may run as another user, who must get through to its data.
        let open = <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o755);
        fs::set_permissions(folder.path(), open).unwrap();
        Self(folder)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) async fn start(&self) -> Stack {
        Stack::start(Options {
            root: self.0.path().to_owned(),
            data: Data::Throwaway,
            ports: Ports::Random,
            function_env: vec![("EXTRA".into(), "more".into())],
            quiet: true,
        })
        .await
        .unwrap()
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

/// Sends a request; a body that is not JSON comes back as a JSON string.
pub(crate) async fn call(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Answer {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let request = headers.iter().fold(
        Request::builder().method(method).uri(url),
        |request, (name, value)| request.header(*name, *value),
    );
    let response = client
        .request(request.body(body.into()).unwrap())
        .await
        .unwrap();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let text = || Value::String(String::from_utf8_lossy(&bytes).into_owned());
    Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body: serde_json::from_slice(&bytes).unwrap_or_else(|_| text()),
    }
}

/// Tries until `attempt` is true, for at most twenty seconds.
pub(crate) async fn eventually<F: Future<Output = bool>>(
    what: &str,
    mut attempt: impl FnMut() -> F,
) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !attempt().await {
        assert!(Instant::now() < deadline, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Signs somebody up and answers what Auth answered.
pub(crate) async fn sign_up(api_url: &str, key: &str, email: &str) -> Answer {
    let body = serde_json::json!({ "email": email, "password": "correct horse" }).to_string();
    call(
        "POST",
        &format!("{api_url}/auth/v1/signup"),
        &[("apikey", key)],
        body,
    )
    .await
}

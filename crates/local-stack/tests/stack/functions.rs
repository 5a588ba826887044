//! Edge functions behind the gateway.

use serde_json::json;

use crate::support::{Project, call, eventually};

#[tokio::test]
async fn functions_are_served_as_on_the_platform() {
    let project = Project::new();
    let stack = project.start().await;
    let details = stack.details();
    let url = |rest: &str| format!("{}/{rest}", details.functions_url);
    let key = [("apikey", details.publishable_key.as_str())];

    let echo = call("PUT", &url("echo/a/b?c=1"), &key, vec![0_u8; 20_000_000]).await;
    assert_eq!(echo.status, 200, "{}", echo.body);
    assert_eq!(echo.body["path"], "/echo/a/b?c=1");
    assert_eq!(echo.body["length"], 20_000_000);
    assert_eq!(echo.body["key"], details.anon_key);
    assert_eq!(
        echo.body["host"],
        details.api_url.trim_start_matches("http://")
    );
    assert_eq!(
        (&echo.body["slug"], &echo.body["extra"]),
        (&json!("echo"), &json!("more"))
    );
    assert!(!echo.headers.contains_key("access-control-allow-origin"));

    let too_large = call("POST", &url("echo"), &key, vec![0_u8; 33 * 1024 * 1024]).await;
    assert_eq!(too_large.status, 413);
    // The same without saying so beforehand.
    let pieces = (0..33).map(|_| Ok::<_, std::io::Error>(vec![0_u8; 1024 * 1024]));
    let stream = axum::body::Body::from_stream(futures::stream::iter(pieces));
    assert_eq!(call("POST", &url("echo"), &key, stream).await.status, 413);
    assert_eq!(call("GET", &url("absent"), &key, "").await.status, 404);
    assert_eq!(call("GET", &url("_shared"), &key, "").await.status, 404);
    let broken = call("GET", &url("broken"), &key, "").await;
    assert_eq!(
        (broken.status, &broken.body["code"]),
        (503, &json!("BOOT_ERROR"))
    );

    assert_eq!(call("GET", &url("guarded"), &key, "").await.body, "welcome");
    let refused = call("GET", &url("guarded"), &[], "").await;
    assert_eq!(
        (refused.status, &refused.headers["sb-error-code"]),
        (401, &"UNAUTHORIZED_NO_AUTH_HEADER".parse().unwrap())
    );

    eventually("the cron job calls the function through net", || async {
        let echo = call("GET", &url("echo"), &[], "").await;
        echo.body["seen"]
            .as_array()
            .unwrap()
            .contains(&json!("/echo/from-cron"))
    })
    .await;
    stack.stop().await.unwrap();
}

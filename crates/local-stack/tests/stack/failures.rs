//! Parts that are killed come back by themselves.

use crate::support::{Project, call, eventually, sign_up};

#[tokio::test]
async fn killed_parts_come_back_and_data_stay() {
    let project = Project::new();
    let stack = project.start().await;
    let details = stack.details();
    let key = details.publishable_key.as_str();
    let token =
        sign_up(&details.api_url, key, "ann@example.com").await.body["access_token"].clone();
    let bearer = format!("Bearer {}", token.as_str().unwrap());
    let headers = [
        ("apikey", key),
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let notes = format!("{}/rest/v1/notes?select=body", details.api_url);
    assert_eq!(
        call("POST", &notes, &headers, r#"{"body":"kept"}"#)
            .await
            .status,
        201
    );

    let secret = [("apikey", details.secret_key.as_str())];
    for part in ["postgres", "postgrest", "functions", "echo"] {
        let url = format!("{}/_local/kill/{part}", details.api_url);
        assert_eq!(call("POST", &url, &[("apikey", key)], "").await.status, 401);
        assert_eq!(call("POST", &url, &secret, "").await.status, 204, "{part}");
        eventually("rows are read again", || async {
            call("GET", &notes, &headers, "").await.body == serde_json::json!([{ "body": "kept" }])
        })
        .await;
        eventually("Auth answers again", || async {
            call(
                "GET",
                &format!("{}/auth/v1/user", details.api_url),
                &headers,
                "",
            )
            .await
            .status
                == 200
        })
        .await;
        eventually("the function answers again", || async {
            call("GET", &format!("{}/echo", details.functions_url), &[], "")
                .await
                .status
                == 200
        })
        .await;
    }
    stack.stop().await.unwrap();
}

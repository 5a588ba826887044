//! Signing up, signing in, staying signed in, and what a token opens.

use local_stack::Details;
use serde_json::json;

use crate::support::{Answer, Project, call, sign_up};

async fn rest(
    details: &Details,
    method: &str,
    token: Option<&str>,
    key: &str,
    body: &str,
) -> Answer {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let mut headers = vec![
        ("apikey", key),
        ("content-type", "application/json"),
        ("prefer", "return=representation"),
    ];
    headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
    call(
        method,
        &format!("{}/rest/v1/notes?select=body", details.api_url),
        &headers,
        body.to_owned(),
    )
    .await
}

async fn refresh(details: &Details, token: &str) -> Answer {
    let url = format!("{}/auth/v1/token?grant_type=refresh_token", details.api_url);
    let body = json!({ "refresh_token": token }).to_string();
    call("POST", &url, &[("apikey", &details.publishable_key)], body).await
}

#[tokio::test]
async fn a_users_token_opens_the_users_rows_only() {
    let project = Project::new();
    let stack = project.start().await;
    let details = stack.details();
    let key = details.publishable_key.as_str();
    let ann = sign_up(&details.api_url, key, "ann@example.com").await;
    let bob = sign_up(&details.api_url, key, "bob@example.com").await;
    let (ann, bob) = (
        ann.body["access_token"].as_str().unwrap(),
        bob.body["access_token"].as_str().unwrap(),
    );

    assert_eq!(
        rest(details, "POST", Some(ann), key, r#"{"body":"hello"}"#)
            .await
            .status,
        201
    );
    assert_eq!(
        rest(details, "GET", Some(ann), key, "").await.body,
        json!([{ "body": "hello" }])
    );
    assert_eq!(
        rest(details, "GET", Some(bob), key, "").await.body,
        json!([])
    );
    // With the secret key beside it a user's token still counts.
    assert_eq!(
        rest(details, "GET", Some(bob), &details.secret_key, "")
            .await
            .body,
        json!([])
    );
    assert_eq!(rest(details, "GET", None, key, "").await.status, 401);
    assert_eq!(
        rest(details, "GET", None, "sb_secret_guess", "")
            .await
            .status,
        401
    );
    let service = rest(details, "GET", None, &details.secret_key, "").await;
    assert_eq!(
        (service.status, &service.body["code"]),
        (403, &json!("42501"))
    );

    let preflight = [
        ("origin", "http://app.test"),
        ("access-control-request-method", "POST"),
    ];
    let answer = call(
        "OPTIONS",
        &format!("{}/rest/v1/notes", details.api_url),
        &preflight,
        "",
    )
    .await;
    assert_eq!(answer.headers["access-control-allow-origin"], "*");
    assert_eq!(
        call("GET", &format!("{}/nowhere", details.api_url), &[], "")
            .await
            .status,
        404
    );
    stack.stop().await.unwrap();
}

#[tokio::test]
async fn sessions_are_renewed_ended_and_guarded_against_reuse() {
    let project = Project::new();
    let stack = project.start().await;
    let details = stack.details();
    let key = details.publishable_key.as_str();
    let first = sign_up(&details.api_url, key, " Ann@Example.com ").await;
    assert_eq!(first.body["user"]["email"], "ann@example.com");
    let again = sign_up(&details.api_url, key, "ann@example.com").await;
    assert_eq!(
        (again.status, &again.body["error_code"]),
        (422, &json!("user_already_exists"))
    );

    let wrong = json!({ "email": "ann@example.com", "password": "wrong" }).to_string();
    let url = format!("{}/auth/v1/token?grant_type=password", details.api_url);
    let wrong = call("POST", &url, &[("apikey", key)], wrong).await;
    assert_eq!(
        (wrong.status, &wrong.body["error_code"]),
        (400, &json!("invalid_credentials"))
    );

    let old = first.body["refresh_token"].as_str().unwrap();
    let second = refresh(details, old).await;
    assert_eq!(second.status, 200);
    assert_ne!(second.body["refresh_token"], first.body["refresh_token"]);
    // A client that lost the answer may ask once more; later that is theft.
    assert_eq!(refresh(details, old).await.status, 200);
    age_refresh_tokens(&details.admin_db_url).await;
    let reused = refresh(details, old).await;
    assert_eq!(reused.body["error_code"], "refresh_token_already_used");
    let after = refresh(details, second.body["refresh_token"].as_str().unwrap()).await;
    assert_eq!(after.body["error_code"], "refresh_token_not_found");

    let bearer = format!("Bearer {}", first.body["access_token"].as_str().unwrap());
    let user = call(
        "GET",
        &format!("{}/auth/v1/user", details.api_url),
        &[("authorization", &bearer)],
        "",
    )
    .await;
    assert_eq!(
        (user.status, &user.body["error_code"]),
        (403, &json!("session_not_found"))
    );
    stack.stop().await.unwrap();
}

async fn age_refresh_tokens(url: &str) {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    client
        .batch_execute("update auth.refresh_tokens set updated_at = now() - interval '1 minute'")
        .await
        .unwrap();
}

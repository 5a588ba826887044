use std::cell::Cell;

use chrono::TimeDelta;
use futures::executor::block_on;

use super::*;
use crate::http::script::{Script, answer, fault};
use crate::http::{HttpRequest, HttpResponse, TransportError, TransportErrorKind};

const USER: &str = "5f0c6a0e-8f4c-4a83-9d8a-0d2f7f0d6a11";
const NOW: i64 = 1_700_000_000;

/// A host whose signatures are the algorithm and the key's `x`, `n` or `k` in plain sight.
#[derive(Clone)]
struct Host {
    script: Rc<Script>,
    verified: Rc<Cell<u32>>,
}

impl Transport for Host {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        self.script.send(request).await
    }
}

impl SignatureVerifier for Host {
    async fn verify(&self, algorithm: &str, key: &Value, input: &str, signature: &str) -> bool {
        self.verified.set(self.verified.get() + 1);
        assert_eq!(input.matches('.').count(), 1);
        let material = ["x", "n", "k"].iter().find_map(|name| key[*name].as_str());
        signature == sign(algorithm, material.unwrap_or_default())
    }
}

fn sign(algorithm: &str, material: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{algorithm}:{material}"))
}

fn claims() -> Value {
    json!({"sub": USER, "role": "authenticated", "aud": "authenticated", "exp": NOW + 3600, "email": "a@b.c"})
}

fn token(header: Value, claims: &Value, signature: &str) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{signature}", encode(&header), encode(claims))
}

fn es256(kid: &str, claims: &Value) -> String {
    token(
        json!({"alg": "ES256", "kid": kid, "typ": "JWT"}),
        claims,
        &sign("ES256", kid),
    )
}

fn set(kids: &[&str]) -> Value {
    let keys: Vec<Value> = kids
        .iter()
        .map(|kid| json!({"kty": "EC", "crv": "P-256", "kid": kid, "x": kid, "y": "y"}))
        .collect();
    json!({ "keys": keys })
}

fn config(jwks: Option<Value>, secret: Option<&str>) -> Config {
    let mut environment: HashMap<String, String> = HashMap::new();
    for (name, value) in [
        ("SUPABASE_URL", "https://a.example"),
        ("SUPABASE_ANON_KEY", "anon.a.b"),
        ("SUPABASE_SECRET_KEYS", r#"{"default":"sb_secret_x"}"#),
        ("SUPABASE_SERVICE_ROLE_KEY", "legacy.service.key"),
        ("FM_JWT_SECRET", secret.unwrap_or_default()),
    ] {
        environment.insert(name.into(), value.into());
    }
    environment.insert(
        "SUPABASE_JWKS".into(),
        jwks.map(|set| set.to_string()).unwrap_or_default(),
    );
    Config::from_map(&environment).unwrap()
}

fn tokens(config: &Config, script: Script) -> Tokens<Host> {
    let host = Host {
        script: Rc::new(script),
        verified: Rc::default(),
    };
    Tokens::new(host, config)
}

fn ours() -> Tokens<Host> {
    tokens(&config(Some(set(&["k1", "k2"])), None), Script::of([]))
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

fn identify(tokens: &Tokens<Host>, token: &str) -> Result<Identity, TokenError> {
    let header = format!("Bearer {token}");
    block_on(tokens.identify(None, Some(&header), at(NOW)))
}

fn check_refused(token: &str, why: &str) {
    match identify(&ours(), token) {
        Err(TokenError::Invalid(reason)) => assert!(reason.contains(why), "{reason}"),
        other => panic!("{why}: {other:?}"),
    }
}

#[test]
fn a_signed_token_names_its_user() {
    let token = es256("k2", &claims());
    let identity = identify(&ours(), &token).unwrap();
    assert_eq!(identity.actor.user_id.to_string(), USER);
    assert_eq!(identity.actor.email.as_deref(), Some("a@b.c"));
    assert_eq!(identity.actor.claims, claims());
    assert!(!identity.actor.service);
    assert_eq!(identity.token, Some(token));
}

#[test]
fn several_audiences_and_the_scheme_in_any_case_are_fine() {
    let mut wide = claims();
    wide["aud"] = json!(["other", "authenticated"]);
    let header = format!("bEARER  {} ", es256("k1", &wide));
    assert!(block_on(ours().identify(Some("anon.a.b"), Some(&header), at(NOW))).is_ok());
}

#[test]
fn a_token_without_key_id_is_tried_with_every_key() {
    let header = json!({"alg": "ES256"});
    assert!(
        identify(
            &ours(),
            &token(header.clone(), &claims(), &sign("ES256", "k2"))
        )
        .is_ok()
    );
    check_refused(&token(header, &claims(), &sign("ES256", "k3")), "signature");
}

#[test]
fn a_foreign_signature_is_refused() {
    let header = json!({"alg": "ES256", "kid": "k1"});
    check_refused(&token(header, &claims(), &sign("ES256", "k2")), "signature");
}

#[test]
fn algorithms_cannot_be_confused() {
    let none = json!({"alg": "none"});
    check_refused(&token(none.clone(), &claims(), ""), "algorithm");
    check_refused(&token(none, &claims(), "QQ"), "algorithm");
    for name in ["None", "HS384", "ES384", "PS256", "es256", ""] {
        check_refused(
            &token(json!({"alg": name, "kid": "k1"}), &claims(), "QQ"),
            "algorithm",
        );
    }
    let public_as_secret = json!({"alg": "HS256", "kid": "k1"});
    check_refused(
        &token(public_as_secret.clone(), &claims(), &sign("HS256", "k1")),
        "HS256",
    );
    let secret = "0123456789abcdef0123456789abcdef";
    let old = tokens(&config(Some(set(&["k1"])), Some(secret)), Script::of([]));
    let by_public = token(public_as_secret, &claims(), &sign("HS256", "k1"));
    assert!(identify(&old, &by_public).is_err());
    let rsa = json!({"alg": "RS256", "kid": "k1"});
    let unknown = tokens(
        &config(Some(set(&["k1"])), None),
        Script::of([answer(200, &set(&["k1"]).to_string())]),
    );
    assert!(identify(&unknown, &token(rsa, &claims(), &sign("RS256", "k1"))).is_err());
}

#[test]
fn older_projects_sign_with_a_shared_secret() {
    let secret = "0123456789abcdef0123456789abcdef";
    let tokens = tokens(&config(None, Some(secret)), Script::of([]));
    let signature = sign("HS256", &URL_SAFE_NO_PAD.encode(secret));
    let header = json!({"alg": "HS256"});
    assert!(identify(&tokens, &token(header.clone(), &claims(), &signature)).is_ok());
    let service = json!({"role": "service_role", "iss": "supabase", "exp": NOW + 10});
    let identity = identify(&tokens, &token(header.clone(), &service, &signature)).unwrap();
    assert!(identity.actor.service);
    assert_eq!(identity.token, None);
    assert!(identify(&tokens, &token(header, &claims(), &sign("HS256", "x"))).is_err());
}

#[test]
fn time_is_judged_with_thirty_seconds_of_skew() {
    let with = |name: &str, value: Value| {
        let mut claims = claims();
        claims[name] = value;
        identify(&ours(), &es256("k1", &claims))
    };
    assert!(with("exp", json!(NOW - 29)).is_ok());
    assert_eq!(with("exp", json!(NOW - 30)), Err(TokenError::Expired));
    assert!(with("nbf", json!(NOW + 30)).is_ok());
    assert!(matches!(
        with("nbf", json!(NOW + 31)),
        Err(TokenError::Invalid(_))
    ));
    assert!(with("exp", json!(1e300)).is_ok());
    for bad in [json!("tomorrow"), Value::Null] {
        assert!(matches!(with("exp", bad), Err(TokenError::Invalid(_))));
    }
}

#[test]
fn claims_must_name_a_signed_in_user() {
    for (name, value, why) in [
        ("role", json!("anon"), "role"),
        ("role", Value::Null, "role"),
        ("role", json!("postgres"), "role"),
        ("aud", json!("other"), "audience"),
        ("aud", json!([]), "audience"),
        ("sub", json!("me"), "user"),
        ("sub", Value::Null, "user"),
    ] {
        let mut claims = claims();
        claims[name] = value;
        check_refused(&es256("k1", &claims), why);
    }
}

#[test]
fn what_is_no_token_is_refused() {
    let good = es256("k1", &claims());
    check_refused(&"a".repeat(LONGEST + 1), "long");
    for (bad, why) in [
        ("a".to_string(), "JWT"),
        ("a.b".to_string(), "JWT"),
        (format!("{good}.x"), "JWT"),
        (format!("{good}="), "JWT"),
        ("!.e30.e30".to_string(), "read"),
        ("e30.e30.e30".to_string(), "read"),
        ("W10.W10.e30".to_string(), "read"),
    ] {
        check_refused(&bad, why);
    }
    let header = json!({"alg": "ES256", "kid": "k1", "crit": ["b64"]});
    check_refused(&token(header, &claims(), &sign("ES256", "k1")), "extension");
    check_refused(&es256("k1", &json!([])), "read");
}

#[test]
fn what_its_own_words_refuse_costs_neither_a_question_nor_a_signature() {
    let with = |name: &str, value: Value| {
        let mut claims = claims();
        claims[name] = value;
        es256("unknown", &claims)
    };
    let (good, padding) = (es256("unknown", &claims()), "a".repeat(LONGEST));
    let refused = [
        with("exp", json!(NOW - 60)),
        with("nbf", json!(NOW + 60)),
        with("aud", json!("other")),
        with("role", json!("postgres")),
        with("sub", json!("me")),
        with("padding", json!(padding)),
        token(json!({"alg": "none"}), &claims(), ""),
        token(json!({"alg": "PS256", "kid": "unknown"}), &claims(), "QQ"),
        token(json!({"alg": "HS256"}), &claims(), &sign("HS256", "k1")),
        format!("{good}.{good}"),
    ];
    let silent = tokens(&config(None, None), Script::of([]));
    for token in &refused {
        let answer = identify(&silent, token);
        let by_its_words = matches!(answer, Err(TokenError::Invalid(_) | TokenError::Expired));
        assert!(by_its_words, "{answer:?}");
    }
    assert_eq!(silent.host.verified.get(), 0);
    assert_eq!(silent.host.script.sent().len(), 0);
    assert_eq!(silent.remembered.borrow().identities.len(), 0);
    let asked = tokens(
        &config(None, None),
        Script::of([answer(200, &set(&["k1"]).to_string())]),
    );
    for _ in 0..50 {
        assert!(identify(&asked, &good).is_err());
    }
    assert_eq!(asked.host.script.sent().len(), 1, "a flood of unknown keys");
    assert_eq!(asked.host.verified.get(), 0);
}

#[test]
fn a_known_token_is_not_checked_again_until_it_ends() {
    let tokens = ours();
    let mut short = claims();
    short["exp"] = json!(NOW + 60);
    let header = format!("Bearer {}", es256("k1", &short));
    let ask = |seconds| block_on(tokens.identify(None, Some(&header), at(seconds)));
    assert_eq!(ask(NOW), ask(NOW + 89));
    assert_eq!(tokens.host.verified.get(), 1);
    assert_eq!(ask(NOW + 90), Err(TokenError::Expired));
    let long = format!("Bearer {}", es256("k1", &claims()));
    for seconds in [NOW, NOW + 599, NOW + 600] {
        assert!(block_on(tokens.identify(None, Some(&long), at(seconds))).is_ok());
    }
    assert_eq!(tokens.host.verified.get(), 3);
}

#[test]
fn a_thousand_tokens_are_remembered_and_no_more() {
    let tokens = ours();
    for number in 0..=REMEMBERED {
        let mut claims = claims();
        claims["jti"] = json!(number);
        identify(&tokens, &es256("k1", &claims)).unwrap();
    }
    let remembered = tokens.remembered.borrow();
    assert_eq!(remembered.identities.len(), REMEMBERED);
    assert_eq!(remembered.order.len(), REMEMBERED);
}

#[test]
fn a_key_that_is_new_is_fetched_and_missing_keys_are_no_verdict() {
    let rotated = tokens(
        &config(Some(set(&["k1"])), None),
        Script::of([answer(200, &set(&["k9"]).to_string())]),
    );
    assert!(identify(&rotated, &es256("k9", &claims())).is_ok());
    let down = tokens(
        &config(None, None),
        Script::of([fault(TransportErrorKind::Network)]),
    );
    assert_eq!(
        identify(&down, &es256("k1", &claims())),
        Err(TokenError::Unavailable)
    );
}

#[test]
fn the_secret_key_is_the_service_unless_a_user_is_named() {
    let tokens = ours();
    let ask = |apikey, authorization| block_on(tokens.identify(apikey, authorization, at(NOW)));
    let is_service =
        |answer: Result<Identity, TokenError>| answer.is_ok_and(|identity| identity.actor.service);
    assert!(is_service(ask(Some("sb_secret_x"), None)));
    assert!(is_service(ask(
        Some("sb_secret_x"),
        Some("Bearer sb_secret_x")
    )));
    assert!(is_service(ask(None, Some("Bearer legacy.service.key"))));
    assert!(is_service(ask(Some("legacy.service.key"), None)));
    let user = format!("Bearer {}", es256("k1", &claims()));
    let identity = ask(Some("sb_secret_x"), Some(&user)).unwrap();
    assert!(!identity.actor.service);
}

#[test]
fn other_keys_are_nobody() {
    let tokens = ours();
    let ask = |apikey, authorization| block_on(tokens.identify(apikey, authorization, at(NOW)));
    for apikey in [
        None,
        Some("sb_publishable_a"),
        Some("sb_secret_y"),
        Some("sb_secret_xx"),
        Some(""),
    ] {
        assert_eq!(ask(apikey, None), Err(TokenError::Missing));
    }
    assert!(matches!(
        ask(None, Some("Bearer sb_publishable_a")),
        Err(TokenError::Invalid(_))
    ));
    assert_eq!(
        ask(Some("sb_publishable_a"), Some("Bearer sb_publishable_a")),
        Err(TokenError::Missing)
    );
    for header in ["Basic YTpi", "Bearer", ""] {
        assert!(
            matches!(ask(None, Some(header)), Err(TokenError::Invalid(_))),
            "{header}"
        );
    }
    assert!(matches!(
        ask(None, Some("Bearer anon.a.b")),
        Err(TokenError::Invalid(_))
    ));
}

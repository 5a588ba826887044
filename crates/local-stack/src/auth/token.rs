//! The claims of an access token.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// Claims for `user` (the user as Auth shows it), signed in at `signed_in`.
///
/// `lifetime` is in seconds.
pub(super) fn claims(
    issuer: &str,
    user: &Value,
    session: Uuid,
    signed_in: DateTime<Utc>,
    now: DateTime<Utc>,
    lifetime: u32,
) -> Map<String, Value> {
    let anonymous = user["is_anonymous"] == true;
    let method = if anonymous { "anonymous" } else { "password" };
    let claims = json!({
        "iss": issuer,
        "sub": user["id"],
        "aud": user["aud"],
        "exp": now.timestamp() + i64::from(lifetime),
        "iat": now.timestamp(),
        "email": user["email"],
        "phone": user["phone"],
        "app_metadata": user["app_metadata"],
        "user_metadata": user["user_metadata"],
        "role": user["role"],
        "aal": "aal1",
        "amr": [{ "method": method, "timestamp": signed_in.timestamp() }],
        "session_id": session,
        "is_anonymous": anonymous,
    });
    match claims {
        Value::Object(claims) => claims,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_who_for_how_long_and_in_which_session() {
        let now: DateTime<Utc> = "2025-09-01T12:00:00Z".parse().unwrap();
        let signed_in: DateTime<Utc> = "2025-09-01T11:00:00Z".parse().unwrap();
        let user = json!({ "id": "u", "aud": "authenticated", "role": "authenticated", "is_anonymous": false });
        let claims = claims(
            "http://api/auth/v1",
            &user,
            Uuid::nil(),
            signed_in,
            now,
            3600,
        );
        assert_eq!(claims["exp"], 1_756_731_600);
        assert_eq!(claims["sub"], "u");
        assert_eq!(claims["role"], "authenticated");
        assert_eq!(
            claims["amr"],
            json!([{ "method": "password", "timestamp": 1_756_724_400 }])
        );
        assert_eq!(claims["session_id"], json!(Uuid::nil()));
    }
}

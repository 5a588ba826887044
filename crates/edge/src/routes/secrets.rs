//! Secrets that calls of services carry.

use domain::ids::{OrganizationId, SecretId};
use domain::secret::{RotateSecret, Secret, SetSecret};
use use_cases::Saved;
use use_cases::context::Context;
use use_cases::secret;

use crate::call::{Answer, Call, Wiring, id};
use crate::problem::Success;
use crate::query::PAGE;
use crate::response::Response;

/// The hash of a body is kept with the answer to an idempotency key. One that holds a secret is
/// keyed, so that nobody who reads the database can try values against it.
fn blurred<W: Wiring>(call: &Call<'_, W>) -> Context {
    let mut context = call.context.clone();
    if let Some(idempotency) = &mut context.idempotency {
        idempotency.body_hash = call.wiring.cursor_key().blur(&idempotency.body_hash);
    }
    context
}

pub(crate) async fn set<W: Wiring>(call: &Call<'_, W>) -> Answer {
    let command: SetSecret = call.body()?;
    let render = |saved: &Saved<Secret>| {
        Response::json(Success::Created, &saved.value).with_revision(saved.revision)
    };
    let keep = |saved: &Saved<Secret>| render(saved).to_stored();
    let saved = secret::set(call.ports(), &blurred(call), &command, keep).await?;
    Ok(render(&saved))
}

pub(crate) async fn list<W: Wiring>(call: &Call<'_, W>) -> Answer {
    let query = call.query(&[&PAGE, &["organizationId"]])?;
    let page = call.page(&query, 20)?;
    let organization_id = query.id("organizationId", OrganizationId::parse)?;
    let found = secret::list(call.ports(), &call.context, organization_id, &page).await?;
    Ok(call.list(&query, &found))
}

pub(crate) async fn rotate<W: Wiring>(call: &Call<'_, W>, secret: &str) -> Answer {
    let secret_id = id("secretId", secret, SecretId::parse)?;
    let command: RotateSecret = call.body()?;
    let render = |saved: &Saved<Secret>| {
        Response::json(Success::Ok, &saved.value).with_revision(saved.revision)
    };
    let keep = |saved: &Saved<Secret>| render(saved).to_stored();
    let saved = secret::rotate(call.ports(), &blurred(call), secret_id, &command, keep).await?;
    Ok(render(&saved))
}

pub(crate) async fn remove<W: Wiring>(call: &Call<'_, W>, secret: &str) -> Answer {
    let secret_id = id("secretId", secret, SecretId::parse)?;
    let keep = |_: &Saved<()>| Response::empty(Success::NoContent).to_stored();
    secret::remove(call.ports(), &call.context, secret_id, keep).await?;
    Ok(Response::empty(Success::NoContent))
}

pub(crate) async fn reseal<W: Wiring>(call: &Call<'_, W>) -> Answer {
    let done = secret::reseal(call.ports(), &call.context).await?;
    Ok(Response::json(Success::Ok, &done))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{BOB, SECRET, Stage};

    const VALUE: &str = "marker-of-a-secret";

    fn body() -> Value {
        json!({"name": "api-key", "value": VALUE, "hosts": ["a.example"]})
    }

    #[test]
    fn a_secret_is_set_rotated_listed_and_removed_and_never_told() {
        let stage = Stage::new();
        let made = stage.post("/secrets", body());
        assert_eq!(made.header("etag"), Some("\"1\""));
        let made = made.ok(201);
        let path = format!("/secrets/{}", made["secretId"].as_str().unwrap());
        let rotated = stage
            .post(&format!("{path}/rotate"), json!({"value": VALUE}))
            .ok(200);
        assert_eq!(
            (&rotated["revision"], &rotated["keyId"]),
            (&json!(2), &json!("k1"))
        );
        let listed = stage.get("/secrets").ok(200);
        assert_eq!(listed["items"][0]["hosts"], json!(["a.example"]));
        for told in [&made, &rotated, &listed] {
            assert!(!told.to_string().contains(VALUE));
        }
        let strange = stage.ask("DELETE", &path).by(BOB).send();
        strange.refused(404, "SECRET_NOT_FOUND");
        stage.delete(&path).ok(204);
        stage.delete(&path).refused(404, "SECRET_NOT_FOUND");
    }

    #[test]
    fn refusals_and_lines_of_the_log_do_not_repeat_the_value() {
        let stage = Stage::new();
        stage.post("/secrets", body()).ok(201);
        let again = stage.post("/secrets", body());
        let long = VALUE.repeat(300);
        for (answer, code, status) in [
            (again, "SECRET_NAME_TAKEN", 409),
            (
                stage.post(
                    "/secrets",
                    json!({"name": "b", "value": long, "hosts": ["a"]}),
                ),
                "SECRET_INVALID",
                422,
            ),
            (
                stage.post(
                    "/secrets",
                    json!({"name": "b", "value": [VALUE], "hosts": ["a"]}),
                ),
                "INVALID_REQUEST",
                400,
            ),
            (
                stage.post(
                    "/secrets",
                    json!({"name": "b", "values": VALUE, "hosts": ["a"]}),
                ),
                "INVALID_REQUEST",
                400,
            ),
        ] {
            let told = answer.refused(status, code);
            assert!(!told.to_string().contains(VALUE), "{told}");
        }
        assert!(!stage.lines.borrow().iter().any(|line| line.contains(VALUE)));
    }

    #[test]
    fn the_service_alone_encrypts_anew() {
        let stage = Stage::new();
        stage.post("/secrets", body()).ok(201);
        stage
            .ask("POST", "/secrets/reseal")
            .send()
            .refused(403, "FORBIDDEN");
        stage.world.keys().insert(0, "k2".into());
        let done = stage
            .ask("POST", "/secrets/reseal")
            .by("")
            .header("apikey", SECRET)
            .send()
            .ok(200);
        assert_eq!(done, json!({"resealed": 1, "unreadable": 0, "more": false}));
    }
}

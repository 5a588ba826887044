//! Organizations.

use domain::ids::OrganizationId;
use domain::organization::CreateOrganization;
use use_cases::Saved;
use use_cases::organization;
use use_cases::ports::Organization;

use crate::call::{Answer, Call, Wiring, id};
use crate::problem::Success;
use crate::query::PAGE;
use crate::response::Response;

pub(crate) async fn create<W: Wiring>(call: &Call<'_, W>) -> Answer {
    let command: CreateOrganization = call.body()?;
    let render = |saved: &Saved<Organization>| {
        Response::json(Success::Created, &saved.value)
            .with_revision(saved.revision)
            .with_location(&format!("/organizations/{}", saved.value.organization_id))
    };
    let keep = |saved: &Saved<Organization>| render(saved).to_stored();
    let saved = organization::create(call.ports(), &call.context, &command, keep).await?;
    Ok(render(&saved))
}

pub(crate) async fn list<W: Wiring>(call: &Call<'_, W>) -> Answer {
    let query = call.query(&[&PAGE])?;
    let page = call.page(&query, 20)?;
    let found = organization::list(call.ports(), &call.context, &page).await?;
    Ok(call.list(&query, &found))
}

pub(crate) async fn read<W: Wiring>(call: &Call<'_, W>, organization: &str) -> Answer {
    let query = call.query(&[&["fields"]])?;
    let organization_id = id("organizationId", organization, OrganizationId::parse)?;
    let found = organization::read(call.ports(), &call.context, organization_id).await?;
    Ok(call.one(&query, &found).with_revision(found.revision))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{BOB, Stage};

    #[test]
    fn the_founder_finds_the_organization_and_strangers_do_not() {
        let stage = Stage::new();
        let made = stage.post("/organizations", json!({"name": "Acme"}));
        let acme = made.ok(201);
        let path = format!(
            "/organizations/{}",
            acme["organizationId"].as_str().unwrap()
        );
        assert_eq!(
            made.header("location"),
            Some(format!("/functions/v1/api{path}").as_str())
        );
        assert_eq!(made.header("etag"), Some("\"1\""));
        assert_eq!(acme["role"], "owner");
        let read = stage.get(&path);
        assert_eq!(read.ok(200)["name"], "Acme");
        assert_eq!(read.header("etag"), Some("\"1\""));
        stage
            .ask("GET", &path)
            .by(BOB)
            .send()
            .refused(404, "ORGANIZATION_NOT_FOUND");
    }

    #[test]
    fn names_outside_the_limits_are_refused() {
        let stage = Stage::new();
        let refused = stage.post("/organizations", json!({"name": " "}));
        refused.refused(422, "ORGANIZATION_NAME_INVALID");
        stage
            .post("/organizations", json!({}))
            .refused(400, "INVALID_REQUEST");
        stage
            .ask("POST", "/organizations")
            .too_long()
            .send()
            .refused(413, "PAYLOAD_TOO_LARGE");
        stage
            .ask("POST", "/organizations")
            .text("{")
            .send()
            .refused(400, "INVALID_REQUEST");
    }

    #[test]
    fn lists_go_on_where_they_stopped() {
        let stage = Stage::new();
        for name in ["Acme", "Beta", "Coda"] {
            stage
                .post("/organizations", json!({ "name": name }))
                .ok(201);
        }
        let first = stage.get("/organizations?limit=2&fields=name");
        let body = first.ok(200);
        assert_eq!(body["items"], json!([{"name": "Acme"}, {"name": "Beta"}]));
        let cursor = body["nextCursor"].as_str().unwrap();
        let next = format!("/organizations?limit=2&fields=name&cursor={cursor}");
        assert_eq!(
            first.header("link").unwrap(),
            format!("</functions/v1/api{next}>; rel=\"next\"")
        );
        let body = stage.get(&next).ok(200);
        assert_eq!(body, json!({"items": [{"name": "Coda"}]}));
        let forged = cursor.replace('.', ".A");
        let path = format!("/organizations?cursor={forged}");
        stage.get(&path).refused(400, "INVALID_REQUEST");
    }

    #[test]
    fn a_repeated_command_gets_the_first_answer() {
        let stage = Stage::new();
        let ask = |name: &str| {
            let ask = stage
                .ask("POST", "/organizations")
                .header("idempotency-key", "k-1");
            ask.json(json!({ "name": name })).send()
        };
        let (first, again) = (ask("Acme"), ask("Acme"));
        assert_eq!(first.ok(201), again.ok(201));
        assert_eq!(first.header("location"), again.header("location"));
        assert_eq!(
            stage.get("/organizations").ok(200)["items"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
        ask("Other").refused(409, "IDEMPOTENCY_KEY_REUSED");
    }
}

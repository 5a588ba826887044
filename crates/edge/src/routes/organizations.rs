//! Organizations.

use domain::ids::{InvitationId, OrganizationId, UserId};
use domain::organization::{
    ChangeMember, CreateOrganization, Invitation, InviteMember, Member, UpdateOrganization,
};
use use_cases::Saved;
use use_cases::context::StoredAnswer;
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

pub(crate) async fn update<W: Wiring>(call: &Call<'_, W>, organization: &str) -> Answer {
    let organization_id = id("organizationId", organization, OrganizationId::parse)?;
    let command: UpdateOrganization = call.body()?;
    let render = |saved: &Saved<Organization>| {
        Response::json(Success::Ok, &saved.value).with_revision(saved.revision)
    };
    let keep = |saved: &Saved<Organization>| render(saved).to_stored();
    let (ports, context) = (call.ports(), &call.context);
    let saved = organization::update(ports, context, organization_id, &command, keep).await?;
    Ok(render(&saved))
}

pub(crate) async fn remove<W: Wiring>(call: &Call<'_, W>, organization: &str) -> Answer {
    let organization_id = id("organizationId", organization, OrganizationId::parse)?;
    organization::remove(call.ports(), &call.context, organization_id, nothing).await?;
    Ok(Response::empty(Success::NoContent))
}

/// The answer to keep of what has nothing to show.
fn nothing(_: &Saved<()>) -> StoredAnswer {
    Response::empty(Success::NoContent).to_stored()
}

pub(crate) async fn list_members<W: Wiring>(call: &Call<'_, W>, organization: &str) -> Answer {
    let query = call.query(&[&PAGE])?;
    let page = call.page(&query, 20)?;
    let organization_id = id("organizationId", organization, OrganizationId::parse)?;
    let (ports, context) = (call.ports(), &call.context);
    let found = organization::list_members(ports, context, organization_id, &page).await?;
    Ok(call.list(&query, &found))
}

pub(crate) async fn change_member<W: Wiring>(
    call: &Call<'_, W>,
    organization: &str,
    user: &str,
) -> Answer {
    let organization_id = id("organizationId", organization, OrganizationId::parse)?;
    let user_id = id("userId", user, UserId::parse)?;
    let command: ChangeMember = call.body()?;
    let render = |saved: &Saved<Member>| Response::json(Success::Ok, &saved.value);
    let keep = |saved: &Saved<Member>| render(saved).to_stored();
    let (ports, context) = (call.ports(), &call.context);
    let changed =
        organization::change_member(ports, context, organization_id, user_id, &command, keep);
    Ok(render(&changed.await?))
}

pub(crate) async fn remove_member<W: Wiring>(
    call: &Call<'_, W>,
    organization: &str,
    user: &str,
) -> Answer {
    let organization_id = id("organizationId", organization, OrganizationId::parse)?;
    let user_id = id("userId", user, UserId::parse)?;
    let (ports, context) = (call.ports(), &call.context);
    organization::remove_member(ports, context, organization_id, user_id, nothing).await?;
    Ok(Response::empty(Success::NoContent))
}

pub(crate) async fn invite<W: Wiring>(call: &Call<'_, W>, organization: &str) -> Answer {
    let organization_id = id("organizationId", organization, OrganizationId::parse)?;
    let command: InviteMember = call.body()?;
    let render = |saved: &Saved<Invitation>| {
        let invitation_id = saved.value.invitation_id;
        let place = format!("/organizations/{organization_id}/invitations/{invitation_id}");
        Response::json(Success::Created, &saved.value).with_location(&place)
    };
    let keep = |saved: &Saved<Invitation>| render(saved).to_stored();
    let (ports, context) = (call.ports(), &call.context);
    let saved = organization::invite(ports, context, organization_id, &command, keep).await?;
    Ok(render(&saved))
}

pub(crate) async fn list_invitations<W: Wiring>(call: &Call<'_, W>, organization: &str) -> Answer {
    let query = call.query(&[&PAGE])?;
    let page = call.page(&query, 20)?;
    let organization_id = id("organizationId", organization, OrganizationId::parse)?;
    let (ports, context) = (call.ports(), &call.context);
    let found = organization::list_invitations(ports, context, organization_id, &page).await?;
    Ok(call.list(&query, &found))
}

pub(crate) async fn revoke_invitation<W: Wiring>(
    call: &Call<'_, W>,
    organization: &str,
    invitation: &str,
) -> Answer {
    let organization_id = id("organizationId", organization, OrganizationId::parse)?;
    let invitation_id = id("invitationId", invitation, InvitationId::parse)?;
    let (ports, context) = (call.ports(), &call.context);
    organization::revoke_invitation(ports, context, organization_id, invitation_id, nothing)
        .await?;
    Ok(Response::empty(Success::NoContent))
}

pub(crate) async fn accept_invitation<W: Wiring>(call: &Call<'_, W>, token: &str) -> Answer {
    let render = |saved: &Saved<Member>| Response::json(Success::Ok, &saved.value);
    let keep = |saved: &Saved<Member>| render(saved).to_stored();
    let saved = organization::accept_invitation(call.ports(), &call.context, token, keep).await?;
    Ok(render(&saved))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{ALICE, BOB, Stage};

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

    #[test]
    fn members_and_invitations_are_administered() {
        let stage = Stage::new();
        let acme = stage
            .post("/organizations", json!({"name": "Acme"}))
            .ok(201);
        let path = format!(
            "/organizations/{}",
            acme["organizationId"].as_str().unwrap()
        );
        let renamed = stage.patch(&path, json!({"name": "Beta"}));
        assert_eq!(renamed.ok(200)["name"], "Beta");
        assert_eq!(renamed.header("etag"), Some("\"2\""));
        let members = stage.get(&format!("{path}/members?fields=role")).ok(200);
        assert_eq!(members, json!({"items": [{"role": "owner"}]}));
        let own = format!("{path}/members/{ALICE}");
        stage
            .patch(&own, json!({"role": "admin"}))
            .refused(422, "LAST_OWNER");
        stage.delete(&own).refused(422, "LAST_OWNER");
        let nobody = format!("{path}/members/{BOB}");
        stage.delete(&nobody).refused(404, "MEMBER_NOT_FOUND");
        stage
            .patch(&own, json!({"role": "king"}))
            .refused(400, "INVALID_REQUEST");
        let invitations = format!("{path}/invitations");
        let invited = stage.post(&invitations, json!({"email": "b@c.d", "role": "editor"}));
        let invitation = invited.ok(201);
        let token = invitation["token"].as_str().unwrap();
        stage
            .post(&invitations, json!({"email": "b", "role": "editor"}))
            .refused(400, "INVALID_REQUEST");
        let open = stage.get(&invitations).ok(200);
        assert_eq!(open["items"][0]["email"], "b@c.d");
        assert_eq!(open["items"][0].get("token"), None);
        let accept = |token: &str| stage.post(&format!("/invitations/{token}/accept"), json!({}));
        accept(token).refused(404, "INVITATION_NOT_FOUND");
        let revoke = format!(
            "{invitations}/{}",
            invitation["invitationId"].as_str().unwrap()
        );
        stage.delete(&revoke).ok(204);
        stage.delete(&revoke).refused(404, "INVITATION_NOT_FOUND");
        stage
            .ask("DELETE", &path)
            .by(BOB)
            .send()
            .refused(404, "ORGANIZATION_NOT_FOUND");
        stage.delete(&path).ok(204);
        stage.get(&path).refused(404, "ORGANIZATION_NOT_FOUND");
    }
}

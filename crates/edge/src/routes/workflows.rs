//! Tasks of the built-in workflow service.

use domain::built_in_workflow::{CreateWorkflow, UpdateWorkflow};
use domain::ids::{OrganizationId, WorkflowId};
use use_cases::Saved;
use use_cases::ports::Workflow;
use use_cases::workflow;

use crate::call::{Answer, Call, Wiring, id};
use crate::problem::Success;
use crate::query::PAGE;
use crate::response::Response;

pub(crate) async fn create<W: Wiring>(call: &Call<'_, W>) -> Answer {
    let command: CreateWorkflow = call.body()?;
    let render = |saved: &Saved<Workflow>| {
        Response::json(Success::Created, &saved.value)
            .with_revision(saved.revision)
            .with_location(&format!("/workflows/{}", saved.value.workflow_id))
    };
    let keep = |saved: &Saved<Workflow>| render(saved).to_stored();
    let saved = workflow::create(call.ports(), &call.context, &command, keep).await?;
    Ok(render(&saved))
}

pub(crate) async fn list<W: Wiring>(call: &Call<'_, W>) -> Answer {
    let query = call.query(&[&PAGE, &["organizationId"]])?;
    let page = call.page(&query, 20)?;
    let organization_id = query.id("organizationId", OrganizationId::parse)?;
    let found = workflow::list(call.ports(), &call.context, organization_id, &page).await?;
    Ok(call.list(&query, &found))
}

pub(crate) async fn read<W: Wiring>(call: &Call<'_, W>, workflow: &str) -> Answer {
    let query = call.query(&[&["fields"]])?;
    let workflow_id = id("workflowId", workflow, WorkflowId::parse)?;
    let found = workflow::read(call.ports(), &call.context, workflow_id).await?;
    Ok(call.one(&query, &found).with_revision(found.revision))
}

pub(crate) async fn update<W: Wiring>(call: &Call<'_, W>, workflow: &str) -> Answer {
    let workflow_id = id("workflowId", workflow, WorkflowId::parse)?;
    let command: UpdateWorkflow = call.body()?;
    let render = |saved: &Saved<Workflow>| {
        Response::json(Success::Ok, &saved.value).with_revision(saved.revision)
    };
    let keep = |saved: &Saved<Workflow>| render(saved).to_stored();
    let saved = workflow::change(call.ports(), &call.context, workflow_id, &command, keep).await?;
    Ok(render(&saved))
}

pub(crate) async fn remove<W: Wiring>(call: &Call<'_, W>, workflow: &str) -> Answer {
    let workflow_id = id("workflowId", workflow, WorkflowId::parse)?;
    let keep = |_: &Saved<()>| Response::empty(Success::NoContent).to_stored();
    workflow::remove(call.ports(), &call.context, workflow_id, keep).await?;
    Ok(Response::empty(Success::NoContent))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{BOB, Stage};

    #[test]
    fn a_task_is_made_changed_listed_and_removed() {
        let stage = Stage::new();
        let definition = json!({"method": "POST", "url": "https://example.com/credit"});
        let made = stage.post(
            "/workflows",
            json!({"name": "Credit", "definition": definition}),
        );
        let path = format!(
            "/workflows/{}",
            made.ok(201)["workflowId"].as_str().unwrap()
        );
        assert_eq!(
            made.header("location"),
            Some(format!("/functions/v1/api{path}").as_str())
        );
        assert_eq!(
            stage.patch(&path, json!({"name": "Limit"})).ok(200)["name"],
            "Limit"
        );
        assert_eq!(stage.get(&path).header("etag"), Some("\"2\""));
        let listed = stage.get("/workflows?fields=name").ok(200);
        assert_eq!(listed, json!({"items": [{"name": "Limit"}]}));
        stage
            .ask("GET", &path)
            .by(BOB)
            .send()
            .refused(404, "WORKFLOW_NOT_FOUND");
        stage.delete(&path).ok(204);
        stage.get(&path).refused(404, "WORKFLOW_NOT_FOUND");
    }

    #[test]
    fn a_task_that_cannot_be_called_is_refused() {
        let stage = Stage::new();
        let definition = json!({"method": "FETCH", "url": "nowhere"});
        let body = json!({"name": "Credit", "definition": definition});
        stage
            .post("/workflows", body)
            .refused(422, "WORKFLOW_CONFIGURATION_INVALID");
    }
}

//! Documents of the built-in knowledge base.

use domain::ids::{ContentId, OrganizationId};
use domain::knowledge::{CreateKnowledgeContent, UpdateKnowledgeContent};
use use_cases::Saved;
use use_cases::knowledge_content;
use use_cases::ports::{KnowledgeContent, Page};

use crate::call::{Answer, Call, Wiring, id};
use crate::problem::Success;
use crate::query::PAGE;
use crate::response::Response;

pub(crate) async fn create<W: Wiring>(call: &Call<'_, W>) -> Answer {
    let command: CreateKnowledgeContent = call.body()?;
    let render = |saved: &Saved<KnowledgeContent>| {
        Response::json(Success::Created, &saved.value)
            .with_revision(saved.revision)
            .with_location(&format!("/knowledge-contents/{}", saved.value.content_id))
    };
    let keep = |saved: &Saved<KnowledgeContent>| render(saved).to_stored();
    let saved = knowledge_content::create(call.ports(), &call.context, &command, keep).await?;
    Ok(render(&saved))
}

pub(crate) async fn list<W: Wiring>(call: &Call<'_, W>) -> Answer {
    let query = call.query(&[&PAGE, &["organizationId"]])?;
    let page = call.page(&query, 20)?;
    let organization_id = query.id("organizationId", OrganizationId::parse)?;
    let found =
        knowledge_content::list(call.ports(), &call.context, organization_id, &page).await?;
    Ok(call.list(&query, &found))
}

pub(crate) async fn search<W: Wiring>(call: &Call<'_, W>) -> Answer {
    let query = call.query(&[&["query", "limit", "fields"]])?;
    let words = query.text("query").unwrap_or_default();
    let limit = query
        .number("limit", 1..=100)?
        .and_then(|limit| u32::try_from(limit).ok());
    let limit = limit.unwrap_or(20);
    let items = knowledge_content::search(call.ports(), &call.context, words, limit).await?;
    Ok(call.list(
        &query,
        &Page {
            items,
            next: None,
            total: None,
        },
    ))
}

pub(crate) async fn read<W: Wiring>(call: &Call<'_, W>, content: &str) -> Answer {
    let query = call.query(&[&["fields"]])?;
    let content_id = id("contentId", content, ContentId::parse)?;
    let found = knowledge_content::read(call.ports(), &call.context, content_id).await?;
    Ok(call.one(&query, &found).with_revision(found.revision))
}

pub(crate) async fn update<W: Wiring>(call: &Call<'_, W>, content: &str) -> Answer {
    let content_id = id("contentId", content, ContentId::parse)?;
    let command: UpdateKnowledgeContent = call.body()?;
    let render = |saved: &Saved<KnowledgeContent>| {
        Response::json(Success::Ok, &saved.value).with_revision(saved.revision)
    };
    let keep = |saved: &Saved<KnowledgeContent>| render(saved).to_stored();
    let saved =
        knowledge_content::change(call.ports(), &call.context, content_id, &command, keep).await?;
    Ok(render(&saved))
}

pub(crate) async fn remove<W: Wiring>(call: &Call<'_, W>, content: &str) -> Answer {
    let content_id = id("contentId", content, ContentId::parse)?;
    let keep = |_: &Saved<()>| Response::empty(Success::NoContent).to_stored();
    knowledge_content::remove(call.ports(), &call.context, content_id, keep).await?;
    Ok(Response::empty(Success::NoContent))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{BOB, Stage};

    #[test]
    fn a_document_is_made_found_changed_and_removed() {
        let stage = Stage::new();
        let body =
            json!({"title": "Credit policy", "body": "Prepay above the limit.", "tags": ["a"]});
        let made = stage.post("/knowledge-contents", body);
        let path = format!(
            "/knowledge-contents/{}",
            made.ok(201)["contentId"].as_str().unwrap()
        );
        assert_eq!(
            made.header("location"),
            Some(format!("/functions/v1/api{path}").as_str())
        );
        let found = stage
            .get("/knowledge-contents/search?query=limit&fields=title")
            .ok(200);
        assert_eq!(found, json!({"items": [{"title": "Credit policy"}]}));
        assert_eq!(
            stage.patch(&path, json!({"title": "Policy"})).ok(200)["title"],
            "Policy"
        );
        stage
            .ask("GET", &path)
            .by(BOB)
            .send()
            .refused(404, "CONTENT_NOT_FOUND");
        stage.delete(&path).ok(204);
        assert_eq!(
            stage.get("/knowledge-contents").ok(200),
            json!({"items": []})
        );
    }

    #[test]
    fn documents_without_a_title_and_empty_searches_are_refused() {
        let stage = Stage::new();
        let body = json!({"title": "", "body": "x"});
        stage
            .post("/knowledge-contents", body)
            .refused(422, "CONTENT_INVALID");
        let search = stage.get("/knowledge-contents/search");
        assert!(
            search.status() == 400 || search.status() == 422,
            "{search:?}"
        );
    }
}

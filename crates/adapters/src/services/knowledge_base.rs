//! The built-in knowledge base: documents of this product's own tables, judged as the user on
//! whose behalf they are read.

use domain::ids::{ContentId, OrganizationId};
use serde_json::json;
use use_cases::context::Actor;
use use_cases::ports::{
    Clock, Document, KnowledgeBase, KnowledgeContent, PortError, PortErrorKind, ServiceError,
    ServiceFailure,
};

use crate::http::Transport;
use crate::postgrest::Session;

/// The longest search, in characters.
const LONGEST_SEARCH: usize = 500;

/// [`KnowledgeBase`] over the documents in the database.
pub struct BuiltInKnowledgeBase<H, C> {
    session: Session<H, C>,
}

impl<H: Transport, C: Clock> BuiltInKnowledgeBase<H, C> {
    /// The session needs no user: every question names the actor.
    pub fn new(session: Session<H, C>) -> Self {
        Self { session }
    }
}

impl<H: Transport, C: Clock> KnowledgeBase for BuiltInKnowledgeBase<H, C> {
    async fn find_content_by_id(
        &self,
        actor: &Actor,
        _organization_id: Option<OrganizationId>,
        content_id: &str,
    ) -> Result<Option<Document>, ServiceError> {
        let Ok(content_id) = ContentId::parse(content_id) else {
            return Ok(None);
        };
        let names = (
            "knowledge_base.find_content_by_id",
            "read_knowledge_content",
        );
        let question = json!({"contentId": content_id});
        let found = self
            .session
            .ask(names, actor, &question)
            .await
            .map_err(told)?;
        Ok(found.map(document))
    }

    /// Only documents of the run's own organization are found: a search must not carry what its
    /// user may read elsewhere into a run that others see.
    async fn search_content(
        &self,
        actor: &Actor,
        organization_id: Option<OrganizationId>,
        words: &[String],
        limit: u32,
    ) -> Result<Vec<Document>, ServiceError> {
        let query = any_of(words);
        if query.is_empty() {
            return Ok(Vec::new());
        }
        let names = ("knowledge_base.search_content", "search_knowledge_contents");
        let question = json!({"query": query, "limit": 100});
        let found = self
            .session
            .ask::<Vec<KnowledgeContent>>(names, actor, &question)
            .await;
        let found = found.map_err(told)?.unwrap_or_default();
        let own = found
            .into_iter()
            .filter(|content| content.organization_id == organization_id);
        Ok(own.take(limit as usize).map(document).collect())
    }
}

/// A web search for any of the words: each quoted, joined by `or`.
fn any_of(words: &[String]) -> String {
    let mut query = String::new();
    for word in words {
        let word = word.replace(['"', '\\'], " ");
        let word = word.trim();
        let separator = if query.is_empty() { "" } else { " or " };
        let longer = query.chars().count() + separator.len() + word.chars().count() + 2;
        if !word.is_empty() && longer <= LONGEST_SEARCH {
            query.push_str(&format!("{separator}\"{word}\""));
        }
    }
    query
}

/// What a failing database means for an action.
pub(super) fn told(error: PortError) -> ServiceError {
    let failure = match error.kind {
        PortErrorKind::Forbidden => ServiceFailure::Denied,
        PortErrorKind::NotFound => ServiceFailure::Missing,
        _ => ServiceFailure::Unreachable,
    };
    ServiceError::new(failure, "The database could not answer.")
}

fn document(content: KnowledgeContent) -> Document {
    Document {
        content_id: content.content_id.to_string(),
        title: content.title,
        body: content.body,
        tags: content.tags,
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::UserId;
    use futures::executor::block_on;
    use serde_json::Value;
    use uuid::Uuid;

    use super::*;
    use crate::http::script::{Script, Step, StillClock, answer};
    use crate::postgrest::script::session;

    const CONTENT: &str = "0198c0de-0000-7000-8000-00000000000a";
    const ORGANIZATION: &str = "0198c0de-0000-7000-8000-0000000000aa";

    fn row(organization: Option<&str>) -> Value {
        json!({
            "contentId": CONTENT, "organizationId": organization, "userId": CONTENT,
            "title": "Returns", "body": "Within 30 days", "tags": ["returns"], "revision": 1,
            "createdAt": "2025-01-01T00:00:00.000Z", "updatedAt": "2025-01-01T00:00:00.000Z",
        })
    }

    fn actor() -> Actor {
        Actor::user(UserId::from_uuid(Uuid::from_u128(7)))
    }

    fn find(step: Step, id: &str) -> (Result<Option<Document>, ServiceError>, Vec<Value>) {
        let (script, clock) = (Script::of([step]), StillClock::default());
        let base = BuiltInKnowledgeBase::new(session(&script, &clock));
        let found = block_on(base.find_content_by_id(&actor(), None, id));
        let bodies = script.sent().into_iter().map(|sent| {
            assert!(sent.url.ends_with("/rpc/read_knowledge_content"));
            serde_json::from_str(&sent.body.unwrap()).unwrap()
        });
        (found, bodies.collect())
    }

    #[test]
    fn a_document_is_read_as_the_user_who_started_the_run() {
        let (found, asked) = find(answer(200, &row(None).to_string()), CONTENT);
        let document = found.unwrap().unwrap();
        assert_eq!(
            (document.title.as_str(), document.content_id.as_str()),
            ("Returns", CONTENT)
        );
        assert_eq!(asked[0]["actor"]["sub"], json!(actor().user_id));
        assert_eq!(asked[0]["command"], json!({"contentId": CONTENT}));
    }

    #[test]
    fn what_is_hidden_or_no_id_is_not_there() {
        assert_eq!(find(answer(200, "null"), CONTENT).0, Ok(None));
        assert_eq!(
            find(answer(400, r#"{"code":"FM004"}"#), CONTENT).0,
            Ok(None)
        );
        let (found, asked) = find(answer(200, "null"), "manual.pdf");
        assert_eq!((found, asked.len()), (Ok(None), 0));
    }

    #[test]
    fn a_database_that_is_away_is_a_service_that_is_away() {
        let failure = |status, code: &str| {
            let body = json!({ "code": code }).to_string();
            find(answer(status, &body), CONTENT).0.unwrap_err().failure
        };
        assert_eq!(failure(500, "57014"), ServiceFailure::Unreachable);
        assert_eq!(failure(403, "42501"), ServiceFailure::Denied);
        let missing = PortError::new(PortErrorKind::NotFound, "a", "b");
        assert_eq!(told(missing).failure, ServiceFailure::Missing);
    }

    #[test]
    fn a_search_stays_within_the_organization() {
        let rows = Value::Array(vec![row(None), row(Some(ORGANIZATION)), row(Some(CONTENT))]);
        let (script, clock) = (
            Script::of([answer(200, &rows.to_string())]),
            StillClock::default(),
        );
        let base = BuiltInKnowledgeBase::new(session(&script, &clock));
        let organization = Some(OrganizationId::parse(ORGANIZATION).unwrap());
        let words = [
            "returns".to_string(),
            " say \"no\" ".to_string(),
            String::new(),
        ];
        let found = block_on(base.search_content(&actor(), organization, &words, 10)).unwrap();
        assert_eq!(found.len(), 1);
        let asked: Value = serde_json::from_str(&script.sent()[0].body.clone().unwrap()).unwrap();
        assert_eq!(asked["command"]["query"], r#""returns" or "say  no""#);
        let none = block_on(base.search_content(&actor(), None, &[], 10)).unwrap();
        assert!(none.is_empty());
    }

    #[test]
    fn a_search_is_never_too_long() {
        let words: Vec<String> = (0..20).map(|n| format!("{n}").repeat(40)).collect();
        assert!(any_of(&words).chars().count() <= LONGEST_SEARCH);
    }
}

//! Tasks and documents of the built-in services.

use domain::built_in_workflow::CreateWorkflow;
use domain::ids::OrganizationId;
use domain::knowledge::CreateKnowledgeContent;
use serde_json::json;
use use_cases::ports::{
    Expected, KnowledgeContent, KnowledgeContents, PageRequest, PortErrorKind, Ports, Workflow,
    Workflows,
};
use use_cases::{knowledge_content, workflow};
use uuid::Uuid;

use crate::home::{Home, kept, read};

async fn task(home: &impl Home, name: &str) -> Workflow {
    let command: CreateWorkflow = read(json!({
        "name": name, "definition": {"method": "POST", "url": "https://example.org/orders"},
    }));
    let created = workflow::create(home.ports(0), home.context(0), &command, kept);
    created.await.unwrap().value
}

async fn article(home: &impl Home, title: &str, body: &str) -> KnowledgeContent {
    let command: CreateKnowledgeContent = read(json!({"title": title, "body": body}));
    let created = knowledge_content::create(home.ports(0), home.context(0), &command, kept);
    created.await.unwrap().value
}

fn nobodys() -> Option<OrganizationId> {
    Some(OrganizationId::from_uuid(Uuid::new_v4()))
}

fn page(after: Option<use_cases::ports::Bookmark>) -> PageRequest {
    PageRequest {
        limit: 2,
        after,
        count: true,
    }
}

pub(crate) async fn tasks_are_kept_and_guarded(home: &impl Home) {
    let (tasks, context) = (home.ports(0).workflows(), home.context(0));
    for name in ["First", "Second"] {
        task(home, name).await;
    }
    let last = task(home, "Third").await;
    let first = tasks.list(context, None, &page(None)).await.unwrap();
    let names: Vec<_> = first.items.iter().map(|task| task.name.as_str()).collect();
    assert_eq!((names, first.total), (vec!["Third", "Second"], Some(3)));
    let rest = tasks.list(context, None, &page(first.next)).await.unwrap();
    assert_eq!((rest.items.len(), rest.next), (1, None));
    let strange = tasks.list(context, nobodys(), &page(None)).await.unwrap();
    assert!(strange.items.is_empty());

    let id = last.workflow_id;
    let found = tasks.find(context, id).await.unwrap().unwrap();
    assert_eq!((found.name.as_str(), found.revision), ("Third", 1));
    assert_eq!(found.definition["method"], "POST");
    let (theirs, eve) = (home.ports(1).workflows(), home.context(1));
    assert!(theirs.find(eve, id).await.unwrap().is_none());
    let save = async |person: usize, task: &Workflow, expected| {
        let tasks = home.ports(person).workflows();
        let saved = tasks.save(home.context(person), task, expected, None);
        saved.await.map(|_| ()).map_err(|error| error.kind)
    };
    let known = Expected::Revision(1);
    assert_eq!(save(1, &found, known).await, Err(PortErrorKind::NotFound));
    let again = Expected::New;
    assert_eq!(save(0, &found, again).await, Err(PortErrorKind::IdTaken));
    let foreign = Workflow {
        workflow_id: domain::ids::WorkflowId::from_uuid(Uuid::new_v4()),
        organization_id: nobodys(),
        ..found.clone()
    };
    let forbidden = Err(PortErrorKind::Forbidden);
    assert_eq!(save(0, &foreign, Expected::New).await, forbidden);
    assert_eq!(save(0, &found, known).await, Ok(()));
    let current_revision = Some(2);
    let stale = Err(PortErrorKind::Conflict { current_revision });
    assert_eq!(save(0, &found, known).await, stale);
    let removed = theirs.remove(eve, id, Expected::Revision(2), None).await;
    assert_eq!(removed.unwrap_err().kind, PortErrorKind::NotFound);
    let removed = tasks.remove(context, id, known, None).await;
    let stale = PortErrorKind::Conflict { current_revision };
    assert_eq!(removed.unwrap_err().kind, stale);
    let removed = tasks.remove(context, id, Expected::Revision(2), None).await;
    removed.unwrap();
    assert!(tasks.find(context, id).await.unwrap().is_none());
}

pub(crate) async fn documents_are_kept_and_guarded(home: &impl Home) {
    let (documents, context) = (home.ports(0).knowledge_contents(), home.context(0));
    let document = article(home, "Returns", "How goods come back").await;
    let id = document.content_id;
    let found = documents.find(context, id).await.unwrap().unwrap();
    assert_eq!(found.body, "How goods come back");
    let list = documents.list(context, None, &page(None)).await.unwrap();
    assert_eq!((list.items.len(), list.total), (1, Some(1)));
    let (theirs, eve) = (home.ports(1).knowledge_contents(), home.context(1));
    assert!(theirs.find(eve, id).await.unwrap().is_none());
    let saved = theirs.save(eve, &found, Expected::Revision(1), None).await;
    assert_eq!(saved.unwrap_err().kind, PortErrorKind::NotFound);
    let removed = theirs.remove(eve, id, Expected::Revision(1), None).await;
    assert_eq!(removed.unwrap_err().kind, PortErrorKind::NotFound);
    let changed = KnowledgeContent {
        title: "Refunds".into(),
        ..found
    };
    let saved = documents.save(context, &changed, Expected::Revision(1), None);
    saved.await.unwrap();
    let found = documents.find(context, id).await.unwrap().unwrap();
    assert_eq!((found.title.as_str(), found.revision), ("Refunds", 2));
    let removed = documents.remove(context, id, Expected::Revision(2), None);
    removed.await.unwrap();
    assert!(documents.find(context, id).await.unwrap().is_none());
}

pub(crate) async fn documents_are_found_by_all_their_words(home: &impl Home) {
    article(home, "Returns", "How goods come back, and when").await;
    article(home, "Refunds", "How money goes back").await;
    let search = async |person: usize, words: &str, limit: u32| {
        let documents = home.ports(person).knowledge_contents();
        let found = documents.search(home.context(person), words, limit).await;
        let mut titles: Vec<_> = found.unwrap().into_iter().map(|one| one.title).collect();
        titles.sort();
        titles
    };
    assert_eq!(search(0, "how BACK", 10).await, ["Refunds", "Returns"]);
    assert_eq!(search(0, "goods back", 10).await, ["Returns"]);
    assert_eq!(search(0, "back", 1).await.len(), 1);
    for nothing in ["goods money", "goo", "unheard"] {
        assert!(search(0, nothing, 10).await.is_empty(), "{nothing}");
    }
    assert!(search(1, "back", 10).await.is_empty());
}

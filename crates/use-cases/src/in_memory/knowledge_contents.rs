//! The documents of the built-in knowledge base.

use std::rc::Rc;

use domain::ids::{ContentId, OrganizationId};
use serde_json::json;

use super::page::page;
use super::store::Shared;
use crate::context::{Context, StoredAnswer};
use crate::ports::{self, Expected, KnowledgeContent, Page, PageRequest, PortError, Written};

/// A twin of the stored documents.
#[derive(Debug)]
pub struct KnowledgeContents(pub(super) Rc<Shared>);

impl ports::KnowledgeContents for KnowledgeContents {
    async fn find(
        &self,
        context: &Context,
        id: ContentId,
    ) -> Result<Option<KnowledgeContent>, PortError> {
        self.0.faults.check("knowledge_contents.find")?;
        let store = self.0.store.borrow();
        let found = store.contents.get(&id);
        let visible = found.filter(|w| store.may_see(context, w.organization_id, w.user_id));
        Ok(visible.cloned())
    }

    async fn list(
        &self,
        context: &Context,
        organization_id: Option<OrganizationId>,
        request: &PageRequest,
    ) -> Result<Page<KnowledgeContent>, PortError> {
        self.0.faults.check("knowledge_contents.list")?;
        let store = self.0.store.borrow();
        let mut all: Vec<KnowledgeContent> = store
            .contents
            .values()
            .filter(|w| organization_id.is_none() || w.organization_id == organization_id)
            .filter(|w| store.may_see(context, w.organization_id, w.user_id))
            .cloned()
            .collect();
        all.sort_by_key(|c| std::cmp::Reverse((c.created_at, c.content_id)));
        Ok(page(all, |w| json!(w.content_id), request))
    }

    async fn search(
        &self,
        context: &Context,
        query: &str,
        limit: u32,
    ) -> Result<Vec<KnowledgeContent>, PortError> {
        self.0.faults.check("knowledge_contents.search")?;
        let store = self.0.store.borrow();
        let words: Vec<String> = query
            .to_lowercase()
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        let mut found: Vec<(usize, KnowledgeContent)> = store
            .contents
            .values()
            .filter(|c| store.may_see(context, c.organization_id, c.user_id))
            .map(|c| (hits(c, &words), c.clone()))
            .filter(|(hits, _)| *hits > 0)
            .collect();
        found.sort_by_key(|(hits, c)| (std::cmp::Reverse(*hits), c.content_id));
        let best = found.into_iter().map(|(_, content)| content);
        Ok(best.take(limit as usize).collect())
    }

    async fn save(
        &self,
        context: &Context,
        content: &KnowledgeContent,
        expected: Expected,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<i64>, PortError> {
        const OPERATION: &str = "knowledge_contents.save";
        self.0.faults.check(OPERATION)?;
        let mut store = self.0.store.borrow_mut();
        let replayed = store.replay(context, OPERATION)?;
        if let Some(answer) = replayed {
            return Ok(Written::Replayed(answer));
        }
        let stored = store.contents.get(&content.content_id);
        let known = stored
            .filter(|_| expected != Expected::New)
            .unwrap_or(content);
        let whose = (known.organization_id, known.user_id);
        let is_there = stored.is_some() && expected != Expected::New;
        store.guard_shared(context, whose, is_there, OPERATION)?;
        let stored = stored.map(|w| w.revision);
        super::store::compare(expected, stored, OPERATION)?;
        let saved = KnowledgeContent {
            revision: expected.next(),
            ..content.clone()
        };
        store.contents.insert(content.content_id, saved);
        store.keep(context, answer);
        Ok(Written::Done(expected.next()))
    }

    async fn remove(
        &self,
        context: &Context,
        id: ContentId,
        expected: Expected,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<()>, PortError> {
        const OPERATION: &str = "knowledge_contents.remove";
        self.0.faults.check(OPERATION)?;
        let mut store = self.0.store.borrow_mut();
        if let Some(answer) = store.replay(context, OPERATION)? {
            return Ok(Written::Replayed(answer));
        }
        let stored = store.contents.get(&id);
        if let Some(stored) = stored {
            let whose = (stored.organization_id, stored.user_id);
            store.guard_shared(context, whose, true, OPERATION)?;
        }
        let stored = stored.map(|w| w.revision);
        super::store::compare(expected, stored, OPERATION)?;
        store.contents.remove(&id);
        store.keep(context, answer);
        Ok(Written::Done(()))
    }
}

/// How often the words, all in lower case, occur in the document; nothing when one is missing.
fn hits(content: &KnowledgeContent, words: &[String]) -> usize {
    let text = format!(
        "{} {} {}",
        content.title,
        content.body,
        content.tags.join(" ")
    );
    let text = text.to_lowercase();
    let held: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).collect();
    let times = |word: &String| held.iter().filter(|other| *other == word).count();
    let times: Vec<usize> = words.iter().map(times).collect();
    match times.contains(&0) {
        true => 0,
        false => times.iter().sum(),
    }
}

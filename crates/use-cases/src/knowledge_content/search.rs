//! Searches the documents of the built-in knowledge base.

use domain::knowledge::search_query;

use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{KnowledgeContent, KnowledgeContents, Ports};

/// At most `limit` documents the caller may see that fit the words, best first.
///
/// # Errors
/// `SEARCH_QUERY_INVALID`.
pub async fn search(
    ports: &impl Ports,
    context: &Context,
    query: &str,
    limit: u32,
) -> Result<Vec<KnowledgeContent>, UseCaseError> {
    let query = search_query(query)?;
    Ok(ports
        .knowledge_contents()
        .search(context, &query, limit)
        .await?)
}

#[cfg(test)]
mod tests {
    use domain::error::Code;

    use super::*;
    use crate::in_memory::World;
    use crate::testing::{alice, bob, document, refusal};

    #[test]
    fn the_best_fit_comes_first_and_foreign_documents_never() {
        let world = World::new();
        document(&world, &alice(), None, "Dunning", "How to send reminders");
        document(&world, &alice(), None, "Reminders", "Dunning and reminders");
        document(&world, &bob(), None, "Dunning", "reminders");
        let find = |query| world.run(search(&world, &alice(), query, 10));
        let titles = |query| -> Vec<String> {
            find(query)
                .unwrap()
                .into_iter()
                .map(|content| content.title)
                .collect()
        };
        assert_eq!(titles("dunning REMINDERS"), ["Reminders", "Dunning"]);
        assert_eq!(titles("dunning and"), ["Reminders"]);
        assert_eq!(titles("nothing"), [""; 0]);
        assert_eq!(refusal(find(" ").unwrap_err()), Code::SearchQueryInvalid);
    }
}

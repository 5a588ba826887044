//! Articles of the built-in knowledge base.

use domain::error::Code;
use domain::ids::OrganizationId;
use domain::knowledge::{CreateKnowledgeContent, UpdateKnowledgeContent};
use use_cases::ports::KnowledgeContent;

use super::Description;

const TAG: &str = "Knowledge base";

pub(super) fn create() -> Description {
    Description::new(TAG, "Write an article")
        .command()
        .body::<CreateKnowledgeContent>()
        .created::<KnowledgeContent>("It was written.")
        .etag()
        .codes(&[Code::Forbidden, Code::ContentInvalid])
}

pub(super) fn list() -> Description {
    Description::new(TAG, "List articles")
        .query::<OrganizationId>("organizationId", "Only articles of this organization.")
        .page::<KnowledgeContent>("The articles, newest first.")
}

pub(super) fn read() -> Description {
    Description::new(TAG, "Read an article")
        .one::<KnowledgeContent>("The article.")
        .etag()
        .codes(&[Code::ContentNotFound])
}

pub(super) fn search() -> Description {
    Description::new(TAG, "Search articles")
        .required::<String>("query", "The words, 1–200 characters.")
        .query::<crate::openapi::description::PageLimit>("limit", "Most articles; 20 when absent.")
        .list::<KnowledgeContent>("The articles that fit, best first.")
        .codes(&[Code::SearchQueryInvalid])
}

pub(super) fn update() -> Description {
    Description::new(TAG, "Change an article")
        .change()
        .body::<UpdateKnowledgeContent>()
        .ok::<KnowledgeContent>("The article.")
        .etag()
        .codes(&[
            Code::ContentNotFound,
            Code::Forbidden,
            Code::NothingToChange,
            Code::ContentInvalid,
        ])
}

pub(super) fn remove() -> Description {
    Description::new(TAG, "Remove an article")
        .change()
        .removed("It was removed.")
        .codes(&[Code::ContentNotFound, Code::Forbidden])
}

//! What is said of one operation.

use domain::error::Code;
use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::problem::Success;
use crate::routes::lifecycle::MOST_DAYS;
use use_cases::verification::MOST_AGGREGATES;

/// How a type is described.
pub(super) type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// A parameter of the query.
#[derive(Clone, Copy)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) text: &'static str,
    pub(super) schema: SchemaOf,
    pub(super) required: bool,
}

/// A body that travels one way.
#[derive(Clone, Copy)]
pub(super) enum Content {
    /// One thing.
    One(SchemaOf),
    /// One thing, or those of its fields that were asked for.
    Sparse(SchemaOf),
    /// A list of things, or of those of their fields that were asked for.
    List(SchemaOf),
    /// A part of such a list.
    Page(SchemaOf),
}

/// A way to succeed.
#[derive(Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) text: &'static str,
    pub(super) content: Option<Content>,
    /// Fields that are only there when they are asked for.
    pub(super) on_request: &'static [&'static str],
    /// Names in lower case; whether they are always there.
    pub(super) headers: Vec<(&'static str, bool)>,
}

/// What is said of one operation.
#[derive(Clone)]
pub(super) struct Description {
    pub(super) tag: &'static str,
    pub(super) summary: &'static str,
    pub(super) text: &'static str,
    pub(super) query: Vec<Parameter>,
    pub(super) headers: Vec<&'static str>,
    /// The body, and whether it may be left out.
    pub(super) body: Option<(SchemaOf, bool)>,
    pub(super) max_bytes: usize,
    pub(super) answers: Vec<Answer>,
    pub(super) codes: Vec<Code>,
    /// Media type of the answer; JSON in most cases.
    pub(super) media_type: &'static str,
}

impl Description {
    /// An operation of a chapter.
    pub(super) fn new(tag: &'static str, summary: &'static str) -> Self {
        Self {
            tag,
            summary,
            text: "",
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            max_bytes: crate::body::USUAL_BYTES,
            answers: Vec::new(),
            codes: Vec::new(),
            media_type: "application/json",
        }
    }

    /// More about it.
    pub(super) fn text(mut self, text: &'static str) -> Self {
        self.text = text;
        self
    }

    /// A parameter of the query.
    pub(super) fn query<T: JsonSchema>(self, name: &'static str, text: &'static str) -> Self {
        self.parameter::<T>(name, text, false)
    }

    /// A parameter of the query that must be there.
    pub(super) fn required<T: JsonSchema>(self, name: &'static str, text: &'static str) -> Self {
        self.parameter::<T>(name, text, true)
    }

    fn parameter<T: JsonSchema>(
        mut self,
        name: &'static str,
        text: &'static str,
        required: bool,
    ) -> Self {
        let schema = SchemaGenerator::subschema_for::<T>;
        self.query.push(Parameter {
            name,
            text,
            schema,
            required,
        });
        self
    }

    /// A header of the request.
    pub(super) fn header(mut self, name: &'static str) -> Self {
        self.headers.push(name);
        self
    }

    /// A command that changes something: it may be repeated under a key.
    pub(super) fn command(self) -> Self {
        self.header("Idempotency-Key")
            .codes(&[Code::IdempotencyKeyReused])
    }

    /// A command that changes something that has a revision.
    pub(super) fn change(self) -> Self {
        self.command()
            .header("If-Match")
            .codes(&[Code::RevisionConflict])
    }

    /// The command in the body.
    pub(super) fn body<T: JsonSchema>(mut self) -> Self {
        self.body = Some((SchemaGenerator::subschema_for::<T>, false));
        self
    }

    /// The command in the body, which may be left out.
    pub(super) fn optional_body<T: JsonSchema>(mut self) -> Self {
        self.body = Some((SchemaGenerator::subschema_for::<T>, true));
        self
    }

    /// The body may be this long, in bytes.
    pub(super) fn at_most(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Something this caller may look at, of a model.
    pub(super) fn of_model(self) -> Self {
        self.codes(&[Code::FunctionModelNotFound])
    }

    /// A change of a draft.
    pub(super) fn of_draft(self) -> Self {
        self.change().codes(&[
            Code::FunctionModelNotFound,
            Code::Forbidden,
            Code::ModelDeleted,
            Code::ModelPublished,
            Code::ModelArchived,
        ])
    }

    /// Answers one thing, all of it or the fields that were asked for.
    pub(super) fn one<T: JsonSchema>(self, text: &'static str) -> Self {
        self.query::<String>("fields", FIELDS).answer(
            Success::Ok,
            text,
            Some(Content::Sparse(schema::<T>())),
        )
    }

    /// Answers one thing.
    pub(super) fn ok<T: JsonSchema>(self, text: &'static str) -> Self {
        self.answer(Success::Ok, text, Some(Content::One(schema::<T>())))
    }

    /// Answers what was made, and where it is.
    pub(super) fn created<T: JsonSchema>(self, text: &'static str) -> Self {
        self.made::<T>(text).with("location", true)
    }

    /// Answers what was made, which has no address of its own.
    pub(super) fn made<T: JsonSchema>(self, text: &'static str) -> Self {
        self.answer(Success::Created, text, Some(Content::One(schema::<T>())))
    }

    /// Answers what was started, and where to look for it.
    pub(super) fn accepted<T: JsonSchema>(self, text: &'static str) -> Self {
        self.answer(Success::Accepted, text, Some(Content::One(schema::<T>())))
            .with("location", true)
    }

    /// Answers without a body.
    pub(super) fn removed(self, text: &'static str) -> Self {
        self.answer(Success::NoContent, text, None)
    }

    /// Answers a whole list.
    pub(super) fn list<T: JsonSchema>(self, text: &'static str) -> Self {
        self.query::<String>("fields", FIELDS).answer(
            Success::Ok,
            text,
            Some(Content::List(schema::<T>())),
        )
    }

    /// Answers a list page by page.
    pub(super) fn page<T: JsonSchema>(self, text: &'static str) -> Self {
        self.query::<PageLimit>("limit", "Most items of a page; 20 when absent.")
            .query::<String>("cursor", CURSOR)
            .query::<Count>("count", "`exact` adds `total`.")
            .query::<String>("fields", FIELDS)
            .answer(Success::Ok, text, Some(Content::Page(schema::<T>())))
            .with("link", false)
    }

    /// Answers a stream of events page by page, in its order.
    pub(super) fn stream<T: JsonSchema>(self, text: &'static str) -> Self {
        self.query::<PageLimit>("limit", "Most events of a page; 20 when absent.")
            .query::<String>("cursor", CURSOR)
            .query::<Place>("afterVersion", "Only what came after this version.")
            .query::<String>("fields", FIELDS)
            .answer(Success::Ok, text, Some(Content::Page(schema::<T>())))
            .with("link", false)
    }

    /// A way to succeed.
    pub(super) fn answer(
        mut self,
        status: Success,
        text: &'static str,
        content: Option<Content>,
    ) -> Self {
        self.answers.push(Answer {
            status: status.number(),
            text,
            content,
            on_request: &[],
            headers: Vec::new(),
        });
        self
    }

    /// The last answer carries a header, always or sometimes.
    pub(super) fn with(mut self, header: &'static str, always: bool) -> Self {
        if let Some(answer) = self.answers.last_mut() {
            answer.headers.push((header, always));
        }
        self
    }

    /// The last answer carries the revision.
    pub(super) fn etag(self) -> Self {
        self.with("etag", true)
    }

    /// The last answer has these fields only when they were asked for.
    pub(super) fn on_request(mut self, fields: &'static [&'static str]) -> Self {
        if let Some(answer) = self.answers.last_mut() {
            answer.on_request = fields;
        }
        self
    }

    /// What it refuses, besides what every operation may.
    pub(super) fn codes(mut self, codes: &[Code]) -> Self {
        for code in codes {
            if !self.codes.contains(code) {
                self.codes.push(*code);
            }
        }
        self
    }
}

/// How a type is described.
pub(super) fn schema<T: JsonSchema>() -> SchemaOf {
    SchemaGenerator::subschema_for::<T>
}

const FIELDS: &str =
    "Only these fields, top-level names joined by commas; other names are ignored.";
const CURSOR: &str = "The `nextCursor` of the page before; the other parameters stay as they were.";

/// Most items of a page.
#[derive(JsonSchema)]
#[schemars(inline)]
pub(super) struct PageLimit(
    #[schemars(range(min = 1, max = 100))]
    #[expect(dead_code, reason = "only its schema is used")]
    u8,
);

/// A place in a stream.
#[derive(JsonSchema)]
#[schemars(inline)]
pub(super) struct Position(#[expect(dead_code, reason = "only its schema is used")] u64);

/// A place in the stream of one thing.
#[derive(JsonSchema)]
#[schemars(inline)]
struct Place(
    #[schemars(range(max = 2_147_483_647))]
    #[expect(dead_code, reason = "only its schema is used")]
    u32,
);

/// How many aggregates.
#[derive(JsonSchema)]
#[schemars(inline)]
pub(super) struct AggregateLimit(
    #[schemars(range(min = 1, max = MOST_AGGREGATES))]
    #[expect(dead_code, reason = "only its schema is used")]
    u32,
);

/// So many days.
#[derive(JsonSchema)]
#[schemars(inline)]
pub(super) struct Days(
    #[schemars(range(max = MOST_DAYS))]
    #[expect(dead_code, reason = "only its schema is used")]
    u32,
);

/// Most results.
#[derive(JsonSchema)]
#[schemars(inline)]
pub(super) struct MostResults(
    #[schemars(range(min = 1, max = 1000))]
    #[expect(dead_code, reason = "only its schema is used")]
    u32,
);

/// A part of one.
#[derive(JsonSchema)]
#[schemars(inline)]
pub(super) struct Share(
    #[schemars(range(min = 0, max = 1))]
    #[expect(dead_code, reason = "only its schema is used")]
    f64,
);

/// Why something is done.
#[derive(JsonSchema)]
#[schemars(inline)]
pub(super) struct Reason(
    #[schemars(length(max = 2000))]
    #[expect(dead_code, reason = "only its schema is used")]
    String,
);

/// Whether to count.
#[derive(JsonSchema)]
#[schemars(inline, rename_all = "lowercase")]
#[expect(dead_code, reason = "only its schema is used")]
enum Count {
    Exact,
}

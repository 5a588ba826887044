//! Secrets, and how the engine gets at them.

use domain::ids::{OrganizationId, SecretId};
use domain::secret::Secret;
use serde_json::{Value, json};
use use_cases::context::{Actor, Context, StoredAnswer};
use use_cases::ports::{
    Clock, Expected, Page, PageRequest, PortError, SealedSecret, Secrets, Written,
};

use super::client::Session;
use super::query::Order;
use super::table::{Table, parse};
use crate::http::Transport;

const TABLE: Table<Secret> = Table::new(
    "secrets",
    &[
        "secret_id",
        "organization_id",
        "user_id",
        "name",
        "hosts",
        "key_id",
        "last_used_at",
        "rotated_at",
        "created_at",
        "revision",
    ],
);
const NEWEST_FIRST: Order = Order::newest_first("created_at", "secret_id");

/// [`Secrets`] over PostgREST.
pub struct PostgrestSecrets<H, C> {
    session: Session<H, C>,
}

impl<H: Transport, C: Clock> PostgrestSecrets<H, C> {
    /// The secrets that the session's caller may see.
    pub fn new(session: Session<H, C>) -> Self {
        Self { session }
    }
}

impl<H: Transport, C: Clock> Secrets for PostgrestSecrets<H, C> {
    async fn find(
        &self,
        _context: &Context,
        secret_id: SecretId,
    ) -> Result<Option<Secret>, PortError> {
        let read = TABLE.read(&self.session).eq("secret_id", secret_id);
        TABLE.find(&self.session, "secrets.find", read).await
    }

    async fn list(
        &self,
        _context: &Context,
        organization_id: Option<OrganizationId>,
        page: &PageRequest,
    ) -> Result<Page<Secret>, PortError> {
        let read = TABLE.read(&self.session).of_organization(organization_id);
        let rows = TABLE.page(&self.session, "secrets.list", read, NEWEST_FIRST, page);
        rows.await
    }

    async fn save(
        &self,
        context: &Context,
        secret: &Secret,
        sealed: &str,
        expected: Expected,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<i64>, PortError> {
        let command = json!({
            "secretId": secret.secret_id,
            "expectedRevision": expected.number(),
            "organizationId": secret.organization_id,
            "name": secret.name,
            "hosts": secret.hosts,
            "keyId": secret.key_id,
            "sealed": sealed,
        });
        let names = ("secrets.save", "save_secret");
        self.session
            .save(names, context, answer.as_ref(), &command)
            .await
    }

    async fn remove(
        &self,
        context: &Context,
        secret_id: SecretId,
        expected: Expected,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<()>, PortError> {
        let command = json!({
            "secretId": secret_id,
            "expectedRevision": expected.number(),
            "remove": true,
        });
        let names = ("secrets.remove", "save_secret");
        self.session
            .remove(names, context, answer.as_ref(), &command)
            .await
    }

    async fn stale(
        &self,
        context: &Context,
        key_id: &str,
        after: Option<SecretId>,
    ) -> Result<Vec<SealedSecret>, PortError> {
        let names = ("secrets.stale", "find_stale_secrets");
        let question = json!({"keyId": key_id, "after": after});
        sealed(&self.session, names, &context.actor, &question).await
    }

    async fn reseal(
        &self,
        context: &Context,
        secret: &Secret,
        sealed: &str,
    ) -> Result<bool, PortError> {
        let command = json!({
            "secretId": secret.secret_id,
            "expectedRevision": secret.revision,
            "keyId": secret.key_id,
            "sealed": sealed,
        });
        let names = ("secrets.reseal", "reseal_secret");
        let done: Written<Value> = self.session.command(names, context, None, &command).await?;
        Ok(matches!(done, Written::Done(done) if done["resealed"] == true))
    }
}

/// What a function answers as `[{secret, sealed}]`.
pub(crate) async fn sealed<H: Transport, C: Clock>(
    session: &Session<H, C>,
    names: (&'static str, &'static str),
    actor: &Actor,
    question: &Value,
) -> Result<Vec<SealedSecret>, PortError> {
    let found: Option<Vec<Value>> = session.ask(names, actor, question).await?;
    let rows = found.unwrap_or_default().into_iter();
    rows.map(|mut row| {
        Ok(SealedSecret {
            secret: parse(names.0, row["secret"].take())?,
            sealed: row["sealed"].as_str().map(str::to_owned),
        })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;
    use crate::http::script::{Script, StillClock, answer};
    use crate::postgrest::script::{ID, WHEN, asked, body, context, kept, parameter, session};

    fn row() -> Value {
        json!({
            "secretId": ID, "organizationId": null, "userId": ID, "name": "key", "hosts": ["a.example"],
            "keyId": "k1", "lastUsedAt": null, "rotatedAt": WHEN, "createdAt": WHEN, "revision": 3,
        })
    }

    fn played(replies: &[Value]) -> (Script, StillClock) {
        let steps = replies.iter().map(|reply| answer(200, &reply.to_string()));
        (Script::of(steps), StillClock::default())
    }

    #[test]
    fn they_are_read_without_their_values() {
        let (script, clock) = played(&[json!([row()]), json!([row()])]);
        let all = PostgrestSecrets::new(session(&script, &clock));
        let id = SecretId::parse(ID).unwrap();
        let found = block_on(all.find(&context(), id)).unwrap().unwrap();
        assert_eq!((found.revision, found.last_used_at), (3, None));
        let page = block_on(all.list(&context(), None, &PageRequest::default())).unwrap();
        assert_eq!(page.items, [found]);
        let sent = script.sent();
        assert_eq!(asked(&sent[0]).0, "secrets");
        assert_eq!(parameter(&sent[0], "secret_id"), Some(format!("eq.{ID}")));
        assert!(!parameter(&sent[1], "select").unwrap().contains("sealed"));
    }

    #[test]
    fn saving_and_removing_name_the_revision_they_count_on() {
        let (script, clock) = played(&[
            json!([row()]),
            json!({"revision": 4}),
            json!({"revision": 5}),
        ]);
        let context = context();
        let all = PostgrestSecrets::new(session(&script, &clock));
        let id = SecretId::parse(ID).unwrap();
        let found = block_on(all.find(&context, id)).unwrap().unwrap();
        let saved = all.save(&context, &found, "c2VhbGVk", Expected::Revision(3), kept());
        assert_eq!(block_on(saved), Ok(Written::Done(4)));
        let removed = all.remove(&context, id, Expected::Revision(4), None);
        assert_eq!(block_on(removed), Ok(Written::Done(())));
        let sent = script.sent();
        let command = &body(&sent[1])["command"];
        assert_eq!(
            (&command["sealed"], &command["expectedRevision"]),
            (&json!("c2VhbGVk"), &json!(3))
        );
        assert_eq!(
            body(&sent[2])["command"],
            json!({"secretId": ID, "expectedRevision": 4, "remove": true})
        );
    }

    #[test]
    fn values_are_brought_back_under_another_key() {
        let (script, clock) = played(&[
            json!([{"secret": row(), "sealed": "abc"}, {"secret": row(), "sealed": null}]),
            json!({"resealed": true}),
            json!({"resealed": false}),
        ]);
        let all = PostgrestSecrets::new(session(&script, &clock));
        let stale = block_on(all.stale(&context(), "k2", None)).unwrap();
        assert_eq!(stale[0].sealed.as_deref(), Some("abc"));
        assert_eq!(stale[1].sealed, None);
        let secret = &stale[0].secret;
        let reseal = || block_on(all.reseal(&context(), secret, "def"));
        assert_eq!((reseal(), reseal()), (Ok(true), Ok(false)));
        let sent = script.sent();
        assert_eq!(asked(&sent[0]).0, "rpc/find_stale_secrets");
        assert_eq!(body(&sent[1])["command"]["keyId"], "k1");
    }
}

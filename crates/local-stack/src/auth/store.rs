//! Users, sessions and refresh tokens in the database.
//!
//! Every write happens as `supabase_auth_admin`, the role of the real server,
//! so that triggers on its tables meet the rights they will meet when deployed.

use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Json;
use uuid::Uuid;

use super::error::Refusal;
use crate::clock;
use crate::database::{Connection, Database};

/// Cost of the password hash; the platform's is 10, which a laptop's tests need not pay.
const HASH_COST: i32 = 6;

/// Seconds in which a refresh token that was just used may be used once more,
/// for clients that lost the answer.
const REUSE_SECONDS: f64 = 10.0;

/// The user as clients see it; `$1` is the id.
const USER: &str = r#"
select jsonb_build_object(
  'id', u.id, 'aud', u.aud, 'role', u.role, 'email', coalesce(u.email, ''), 'phone', coalesce(u.phone, ''),
  'email_confirmed_at', u.email_confirmed_at, 'confirmed_at', u.confirmed_at,
  'last_sign_in_at', u.last_sign_in_at, 'app_metadata', coalesce(u.raw_app_meta_data, '{}'),
  'user_metadata', coalesce(u.raw_user_meta_data, '{}'),
  'identities', coalesce((
    select jsonb_agg(jsonb_build_object(
      'identity_id', i.id, 'id', i.provider_id, 'user_id', i.user_id, 'identity_data', i.identity_data,
      'provider', i.provider, 'last_sign_in_at', i.last_sign_in_at, 'created_at', i.created_at,
      'updated_at', i.updated_at, 'email', i.email))
    from auth.identities as i where i.user_id = u.id), '[]'),
  'created_at', u.created_at, 'updated_at', u.updated_at, 'is_anonymous', u.is_anonymous)
from auth.users as u where u.id = $1 and u.deleted_at is null"#;

/// A session just begun or renewed.
pub(super) struct Session {
    pub(super) id: Uuid,
    pub(super) signed_in: DateTime<Utc>,
    pub(super) refresh_token: String,
    pub(super) user: Value,
}

/// Which sessions a sign-out ends.
#[derive(Clone, Copy)]
pub(super) enum Scope {
    All,
    This,
    Others,
}

pub(super) struct Store(Database);

impl Store {
    pub(super) fn new(database: Database) -> Self {
        Self(database)
    }

    /// Makes a confirmed user; without e-mail and password an anonymous one.
    pub(super) async fn create_user(
        &self,
        credentials: Option<(&str, &str)>,
        metadata: &Value,
    ) -> Result<Uuid, Refusal> {
        let id = clock::new_id();
        let (email, password) = credentials.unzip();
        let transaction = Transaction::begin(&self.0).await?;
        let hash = transaction.hash(password).await?;
        transaction.become_auth().await?;
        let provider = email.map_or(
            Value::Object(serde_json::Map::new()),
            |_| serde_json::json!({ "provider": "email", "providers": ["email"] }),
        );
        let inserted = transaction
            .connection
            .execute(
                "insert into auth.users (instance_id, id, aud, role, email, encrypted_password, email_confirmed_at,
                   raw_app_meta_data, raw_user_meta_data, created_at, updated_at, is_anonymous,
                   confirmation_token, recovery_token, email_change_token_new, email_change)
                 values ('00000000-0000-0000-0000-000000000000', $1, 'authenticated', 'authenticated', $2::text, $3,
                   case when $2::text is null then null else now() end, $4,
                   $5::jsonb || case when $2::text is null then '{}'::jsonb else jsonb_build_object(
                     'sub', $1::uuid, 'email', $2::text, 'email_verified', true, 'phone_verified', false) end,
                   now(), now(), $2::text is null, '', '', '', '')",
                &[&id, &email, &hash, &Json(provider), &Json(metadata)],
            )
            .await;
        match inserted {
            Err(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => {
                return Err(Refusal::UserExists);
            }
            other => other?,
        };
        if let Some(email) = email {
            transaction.add_identity(id, email).await?;
        }
        transaction.commit().await?;
        Ok(id)
    }

    /// The user with this e-mail whose password this is.
    pub(super) async fn find_by_password(
        &self,
        email: &str,
        password: &str,
    ) -> Result<Uuid, Refusal> {
        let connection = self.0.connect().await?;
        let row = connection
            .query_opt(
                "select id from auth.users where email = $1 and not is_sso_user and deleted_at is null
                   and (banned_until is null or banned_until < now())
                   and encrypted_password = extensions.crypt($2, encrypted_password)",
                &[&email, &password],
            )
            .await?;
        row.map(|row| row.get(0)).ok_or(Refusal::InvalidCredentials)
    }

    /// Begins a session for a user.
    pub(super) async fn sign_in(&self, user: Uuid) -> Result<Session, Refusal> {
        let (session, token) = (clock::new_id(), new_token());
        let transaction = Transaction::begin(&self.0).await?;
        transaction.become_auth().await?;
        let client = &transaction.connection;
        let row = client
            .query_one(
                "insert into auth.sessions (id, user_id, created_at, updated_at, aal)
                 values ($1, $2, now(), now(), 'aal1') returning created_at",
                &[&session, &user],
            )
            .await?;
        client
            .execute(
                "update auth.users set last_sign_in_at = now(), updated_at = now() where id = $1",
                &[&user],
            )
            .await?;
        transaction.add_token(session, user, &token, None).await?;
        let signed_in = row.get(0);
        let user = transaction.user(user).await?.ok_or(Refusal::UserGone)?;
        transaction.commit().await?;
        Ok(Session {
            id: session,
            signed_in,
            refresh_token: token,
            user,
        })
    }

    /// Trades a refresh token for the next one. A token that was used before, other
    /// than a moment ago, ends its session: somebody else may hold it.
    pub(super) async fn refresh(&self, token: &str) -> Result<Session, Refusal> {
        let transaction = Transaction::begin(&self.0).await?;
        transaction.become_auth().await?;
        let row = transaction
            .connection
            .query_opt(
                "select t.user_id::uuid, t.session_id, s.created_at, t.revoked,
                   extract(epoch from now() - t.updated_at)::float8
                 from auth.refresh_tokens as t join auth.sessions as s on s.id = t.session_id
                 where t.token = $1 for update of t",
                &[&token],
            )
            .await?
            .ok_or(Refusal::RefreshTokenUnknown)?;
        let (user, session, used, age): (Uuid, Uuid, bool, f64) =
            (row.get(0), row.get(1), row.get(3), row.get(4));
        if used && age > REUSE_SECONDS {
            transaction
                .connection
                .execute("delete from auth.sessions where id = $1", &[&session])
                .await?;
            transaction.commit().await?;
            return Err(Refusal::RefreshTokenUsed);
        }
        let next = new_token();
        transaction
            .connection
            .execute(
                "update auth.refresh_tokens set revoked = true, updated_at = now() where token = $1 and not revoked",
                &[&token],
            )
            .await?;
        transaction
            .add_token(session, user, &next, Some(token))
            .await?;
        transaction
            .connection
            .execute(
                "update auth.sessions set refreshed_at = now(), updated_at = now() where id = $1",
                &[&session],
            )
            .await?;
        let user = transaction.user(user).await?.ok_or(Refusal::UserGone)?;
        transaction.commit().await?;
        Ok(Session {
            id: session,
            signed_in: row.get(2),
            refresh_token: next,
            user,
        })
    }

    /// The user of a session.
    pub(super) async fn user_of(&self, user: Uuid, session: Uuid) -> Result<Value, Refusal> {
        let connection = self.0.connect().await?;
        let found = connection
            .query_opt(
                "select from auth.sessions where id = $1 and user_id = $2",
                &[&session, &user],
            )
            .await?;
        found.ok_or(Refusal::SessionGone)?;
        let row = connection.query_opt(USER, &[&user]).await?;
        row.map(|row| row.get(0)).ok_or(Refusal::UserGone)
    }

    /// Changes a user's own metadata (merged) or password.
    pub(super) async fn update_user(
        &self,
        user: Uuid,
        metadata: Option<&Value>,
        password: Option<&str>,
    ) -> Result<Value, Refusal> {
        let transaction = Transaction::begin(&self.0).await?;
        let hash = transaction.hash(password).await?;
        transaction.become_auth().await?;
        transaction
            .connection
            .execute(
                "update auth.users set updated_at = now(), encrypted_password = coalesce($2, encrypted_password),
                   raw_user_meta_data = coalesce(raw_user_meta_data, '{}') || coalesce($3::jsonb, '{}')
                 where id = $1",
                &[&user, &hash, &metadata.map(Json)],
            )
            .await?;
        let user = transaction.user(user).await?.ok_or(Refusal::UserGone)?;
        transaction.commit().await?;
        Ok(user)
    }

    /// Ends sessions of a user; their refresh tokens go with them.
    pub(super) async fn sign_out(
        &self,
        user: Uuid,
        session: Uuid,
        scope: Scope,
    ) -> Result<(), Refusal> {
        let which = match scope {
            Scope::All => "user_id = $1 and $2::uuid is not null",
            Scope::This => "user_id = $1 and id = $2",
            Scope::Others => "user_id = $1 and id <> $2",
        };
        let connection = self.0.connect().await?;
        connection
            .execute(
                &format!("delete from auth.sessions where {which}"),
                &[&user, &session],
            )
            .await?;
        Ok(())
    }
}

/// A transaction on a pooled connection; without [`Transaction::commit`] the
/// connection is closed, which rolls back.
struct Transaction {
    connection: Guarded,
}

struct Guarded(Option<Connection>);

impl std::ops::Deref for Guarded {
    type Target = Connection;

    #[expect(
        clippy::expect_used,
        reason = "only commit and drop, which consume it, take the connection"
    )]
    fn deref(&self) -> &Connection {
        self.0
            .as_ref()
            .expect("a transaction has its connection until it ends")
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            connection.discard();
        }
    }
}

impl Transaction {
    async fn begin(database: &Database) -> Result<Self, Refusal> {
        let connection = Guarded(Some(database.connect().await?));
        connection.batch_execute("begin").await?;
        Ok(Self { connection })
    }

    async fn become_auth(&self) -> Result<(), Refusal> {
        Ok(self
            .connection
            .batch_execute("set local role supabase_auth_admin")
            .await?)
    }

    async fn commit(mut self) -> Result<(), Refusal> {
        if let Some(connection) = self.connection.0.take() {
            connection.batch_execute("commit").await?;
        }
        Ok(())
    }

    async fn hash(&self, password: Option<&str>) -> Result<Option<String>, Refusal> {
        let Some(password) = password else {
            return Ok(None);
        };
        let sql = "select extensions.crypt($1, extensions.gen_salt('bf', $2))";
        Ok(Some(
            self.connection
                .query_one(sql, &[&password, &HASH_COST])
                .await?
                .get(0),
        ))
    }

    async fn add_identity(&self, user: Uuid, email: &str) -> Result<(), Refusal> {
        self.connection
            .execute(
                "insert into auth.identities (id, provider_id, user_id, identity_data, provider,
                   last_sign_in_at, created_at, updated_at)
                 values ($1, $2, $3, jsonb_build_object('sub', $2::text, 'email', $4::text,
                   'email_verified', false, 'phone_verified', false), 'email', now(), now(), now())",
                &[&clock::new_id(), &user.to_string(), &user, &email],
            )
            .await?;
        Ok(())
    }

    async fn add_token(
        &self,
        session: Uuid,
        user: Uuid,
        token: &str,
        parent: Option<&str>,
    ) -> Result<(), Refusal> {
        self.connection
            .execute(
                "insert into auth.refresh_tokens (instance_id, token, user_id, revoked, created_at, updated_at,
                   parent, session_id)
                 values ('00000000-0000-0000-0000-000000000000', $1, $2, false, now(), now(), $3, $4)",
                &[&token, &user.to_string(), &parent, &session],
            )
            .await?;
        Ok(())
    }

    async fn user(&self, id: Uuid) -> Result<Option<Value>, Refusal> {
        Ok(self
            .connection
            .query_opt(USER, &[&id])
            .await?
            .map(|row| row.get(0)))
    }
}

fn new_token() -> String {
    clock::new_id().simple().to_string()
}

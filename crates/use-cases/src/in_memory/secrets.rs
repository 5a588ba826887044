//! Secrets, and a vault that only looks like one.

use std::cell::{RefCell, RefMut};
use std::rc::Rc;

use domain::ids::{OrganizationId, SecretId};
use domain::organization::OrganizationRole;
use domain::secret::{MOST, Secret, SecretValue};
use serde_json::json;

use super::page::page;
use super::store::{Shared, Store, compare};
use crate::context::{Context, StoredAnswer};
use crate::ports::{
    self, Expected, Page, PageRequest, PortError, PortErrorKind, SealedSecret, Written,
};

/// A twin of the stored secrets.
#[derive(Debug)]
pub struct Secrets(pub(super) Rc<Shared>);

/// A twin of the vault: what it seals can be opened with the same key and place, and nobody should
/// take it for encryption. The first key is the present one.
#[derive(Debug)]
pub struct Vault(RefCell<Vec<String>>);

impl Vault {
    /// A vault with these keys, the present one first.
    pub fn new(keys: &[&str]) -> Self {
        let keys = keys.iter().map(|key| (*key).to_owned());
        Self(RefCell::new(keys.collect()))
    }

    pub(super) fn keys(&self) -> RefMut<'_, Vec<String>> {
        self.0.borrow_mut()
    }
}

impl ports::Vault for Vault {
    fn key_id(&self) -> Result<String, PortError> {
        let kind = PortErrorKind::Unavailable { retry_after: None };
        let first = self.0.borrow().first().cloned();
        first.ok_or_else(|| PortError::new(kind, "vault.key_id", "there is no key"))
    }

    async fn seal(&self, place: &str, value: &SecretValue) -> Result<String, PortError> {
        let key = self.key_id()?;
        let value: String = value.reveal().chars().rev().collect();
        let text = json!([key, place, value]).to_string();
        Ok(text.bytes().map(|byte| format!("{byte:02x}")).collect())
    }

    async fn open(
        &self,
        key_id: &str,
        place: &str,
        sealed: &str,
    ) -> Result<Option<SecretValue>, PortError> {
        let (key, bound, value): (String, String, String) =
            serde_json::from_slice(&unhex(sealed)).unwrap_or_default();
        let known = self.0.borrow().iter().any(|known| known == key_id);
        let opens = known && key == key_id && bound == place;
        Ok(opens.then(|| SecretValue::kept(value.chars().rev().collect())))
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().chunks(2);
    let digits = pairs.filter_map(|pair| std::str::from_utf8(pair).ok());
    digits
        .filter_map(|digits| u8::from_str_radix(digits, 16).ok())
        .collect()
}

impl Secrets {
    /// The encrypted value of a secret.
    pub(super) fn sealed(&self, id: SecretId) -> Option<String> {
        self.0.store.borrow().secrets.get(&id)?.sealed.clone()
    }
}

impl Store {
    fn may_administer(&self, context: &Context, secret: &Secret) -> bool {
        match secret.organization_id {
            Some(_) => self
                .role(context, secret.organization_id)
                .is_some_and(OrganizationRole::is_admin),
            None => secret.user_id == context.actor.user_id,
        }
    }
}

impl ports::Secrets for Secrets {
    async fn find(&self, context: &Context, id: SecretId) -> Result<Option<Secret>, PortError> {
        self.0.faults.check("secrets.find")?;
        let store = self.0.store.borrow();
        let found = store.secrets.get(&id).map(|kept| &kept.secret);
        let visible = found.filter(|s| store.may_see(context, s.organization_id, s.user_id));
        Ok(visible.cloned())
    }

    async fn list(
        &self,
        context: &Context,
        organization_id: Option<OrganizationId>,
        request: &PageRequest,
    ) -> Result<Page<Secret>, PortError> {
        self.0.faults.check("secrets.list")?;
        let store = self.0.store.borrow();
        let all = store.secrets.values().map(|kept| &kept.secret);
        let mut all: Vec<Secret> = all
            .filter(|s| organization_id.is_none() || s.organization_id == organization_id)
            .filter(|s| store.may_see(context, s.organization_id, s.user_id))
            .cloned()
            .collect();
        all.sort_by_key(|s| std::cmp::Reverse((s.created_at, s.secret_id)));
        Ok(page(all, |s| json!(s.secret_id), request))
    }

    async fn save(
        &self,
        context: &Context,
        secret: &Secret,
        sealed: &str,
        expected: Expected,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<i64>, PortError> {
        const OPERATION: &str = "secrets.save";
        self.0.faults.check(OPERATION)?;
        let mut store = self.0.store.borrow_mut();
        if let Some(answer) = store.replay(context, OPERATION)? {
            return Ok(Written::Replayed(answer));
        }
        let refused = |kind| Err(PortError::new(kind, OPERATION, ""));
        let stored = store
            .secrets
            .get(&secret.secret_id)
            .map(|kept| &kept.secret);
        if !store.may_administer(context, stored.unwrap_or(secret)) {
            return refused(PortErrorKind::Forbidden);
        }
        compare(expected, stored.map(|s| s.revision), OPERATION)?;
        let owner = |s: &Secret| match s.organization_id {
            Some(id) => (true, id.as_uuid()),
            None => (false, s.user_id.as_uuid()),
        };
        let others = store.secrets.values().map(|kept| &kept.secret);
        let others: Vec<&Secret> = others
            .filter(|s| owner(s) == owner(secret) && s.secret_id != secret.secret_id)
            .collect();
        if others.len() >= MOST {
            return refused(PortErrorKind::TooMany);
        }
        if others.iter().any(|other| other.name == secret.name) {
            return refused(PortErrorKind::NameTaken);
        }
        let kept = SealedSecret {
            secret: secret.clone(),
            sealed: Some(sealed.to_owned()),
        };
        store.secrets.insert(secret.secret_id, kept);
        store.keep(context, answer);
        Ok(Written::Done(expected.next()))
    }

    async fn remove(
        &self,
        context: &Context,
        id: SecretId,
        expected: Expected,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<()>, PortError> {
        const OPERATION: &str = "secrets.remove";
        self.0.faults.check(OPERATION)?;
        let mut store = self.0.store.borrow_mut();
        if let Some(answer) = store.replay(context, OPERATION)? {
            return Ok(Written::Replayed(answer));
        }
        let stored = store.secrets.get(&id).map(|kept| &kept.secret);
        if stored.is_some_and(|secret| !store.may_administer(context, secret)) {
            return Err(PortError::new(PortErrorKind::Forbidden, OPERATION, ""));
        }
        compare(expected, stored.map(|s| s.revision), OPERATION)?;
        store.secrets.remove(&id);
        store.keep(context, answer);
        Ok(Written::Done(()))
    }

    async fn stale(
        &self,
        _context: &Context,
        key_id: &str,
        after: Option<SecretId>,
    ) -> Result<Vec<SealedSecret>, PortError> {
        self.0.faults.check("secrets.stale")?;
        let store = self.0.store.borrow();
        let kept = store.secrets.values();
        let stale = kept.filter(|kept| {
            kept.secret.key_id != key_id && after.is_none_or(|id| kept.secret.secret_id > id)
        });
        Ok(stale.take(100).cloned().collect())
    }

    async fn reseal(
        &self,
        _context: &Context,
        secret: &Secret,
        sealed: &str,
    ) -> Result<bool, PortError> {
        self.0.faults.check("secrets.reseal")?;
        let mut store = self.0.store.borrow_mut();
        let kept = store.secrets.get_mut(&secret.secret_id);
        let Some(kept) = kept.filter(|kept| kept.secret.revision == secret.revision) else {
            return Ok(false);
        };
        kept.secret.key_id = secret.key_id.clone();
        kept.secret.revision += 1;
        kept.sealed = Some(sealed.to_owned());
        Ok(true)
    }
}

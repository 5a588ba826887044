//! Organizations and who belongs to them.

use std::rc::Rc;

use domain::ids::{InvitationId, OrganizationId, UserId};
use domain::instant::Instant;
use domain::organization::{Invitation, Member, OrganizationChanged, OrganizationRole};
use serde_json::json;

use super::page::page;
use super::store::{Shared, Store, compare};
use crate::context::{Context, StoredAnswer};
use crate::ports::{
    self, Acceptance, Clock, Expected, FoundInvitation, FoundMember, MemberChange, NewOrganization,
    Organization, Page, PageRequest, PortError, PortErrorKind, Written,
};

/// A twin of the stored organizations.
#[derive(Debug)]
pub struct Organizations(pub(super) Rc<Shared>);

impl ports::Organizations for Organizations {
    async fn create(
        &self,
        context: &Context,
        new: NewOrganization,
    ) -> Result<Written<i64>, PortError> {
        const OPERATION: &str = "organizations.create";
        self.0.faults.check(OPERATION)?;
        let now = self.0.clock.instant();
        let mut store = self.0.store.borrow_mut();
        if let Some(answer) = store.replay(context, OPERATION)? {
            return Ok(Written::Replayed(answer));
        }
        let id = new.organization_id;
        let founder = context.actor.user_id;
        let organization = Organization {
            organization_id: id,
            name: new.name,
            created_by: founder,
            role: None,
            created_at: now,
            updated_at: now,
            revision: 1,
        };
        store.organizations.insert(id, organization);
        store.members.insert((id, founder), OrganizationRole::Owner);
        let aggregate = ("organization", id.as_uuid(), Some(id));
        store.append(context, aggregate, new.events, now);
        store.keep(context, new.answer);
        Ok(Written::Done(1))
    }

    async fn find(
        &self,
        context: &Context,
        id: OrganizationId,
    ) -> Result<Option<Organization>, PortError> {
        self.0.faults.check("organizations.find")?;
        let store = self.0.store.borrow();
        let role = store.role(context, Some(id));
        let found = store.organizations.get(&id).filter(|_| role.is_some());
        Ok(found.map(|organization| Organization {
            role,
            ..organization.clone()
        }))
    }

    async fn list(
        &self,
        context: &Context,
        request: &PageRequest,
    ) -> Result<Page<Organization>, PortError> {
        self.0.faults.check("organizations.list")?;
        let store = self.0.store.borrow();
        let mut all: Vec<Organization> = store
            .organizations
            .values()
            .filter_map(|organization| {
                let role = store.role(context, Some(organization.organization_id))?;
                Some(Organization {
                    role: Some(role),
                    ..organization.clone()
                })
            })
            .collect();
        all.sort_by(|a, b| (&a.name, a.organization_id).cmp(&(&b.name, b.organization_id)));
        Ok(page(all, |o| json!(o.organization_id), request))
    }

    async fn rename(
        &self,
        context: &Context,
        organization: &Organization,
        expected: Expected,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<i64>, PortError> {
        const OPERATION: &str = "organizations.rename";
        self.0.faults.check(OPERATION)?;
        let mut store = self.0.store.borrow_mut();
        if let Some(answer) = store.replay(context, OPERATION)? {
            return Ok(Written::Replayed(answer));
        }
        let id = organization.organization_id;
        let stored = store.organizations.get(&id).map(|o| o.revision);
        compare(expected, stored, OPERATION)?;
        let renamed = Organization {
            role: None,
            revision: expected.next(),
            ..organization.clone()
        };
        let former = store.organizations.insert(id, renamed);
        let now = self.0.clock.instant();
        tell(&mut store, context, former, Some(&organization.name), now);
        store.keep(context, answer);
        Ok(Written::Done(expected.next()))
    }

    async fn remove(
        &self,
        context: &Context,
        id: OrganizationId,
        expected: Expected,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<()>, PortError> {
        const OPERATION: &str = "organizations.remove";
        self.0.faults.check(OPERATION)?;
        let mut store = self.0.store.borrow_mut();
        if let Some(answer) = store.replay(context, OPERATION)? {
            return Ok(Written::Replayed(answer));
        }
        let stored = store.organizations.get(&id).map(|o| o.revision);
        compare(expected, stored, OPERATION)?;
        if store.models.values().any(|m| m.organization_id == Some(id)) {
            return Err(PortError::new(PortErrorKind::NotEmpty, OPERATION, ""));
        }
        let former = store.organizations.remove(&id);
        let now = self.0.clock.instant();
        tell(&mut store, context, former, None, now);
        store
            .members
            .retain(|(organization, _), _| *organization != id);
        store.invitations.retain(|(_, i)| i.organization_id != id);
        store
            .contents
            .retain(|_, content| content.organization_id != Some(id));
        store
            .workflows
            .retain(|_, workflow| workflow.organization_id != Some(id));
        store
            .secrets
            .retain(|_, kept| kept.secret.organization_id != Some(id));
        store.keep(context, answer);
        Ok(Written::Done(()))
    }

    async fn members(
        &self,
        context: &Context,
        id: OrganizationId,
        request: &PageRequest,
    ) -> Result<Page<Member>, PortError> {
        self.0.faults.check("organizations.members")?;
        let store = self.0.store.borrow();
        let visible = store.role(context, Some(id)).is_some();
        let all = store.members_of(id).filter(|_| visible).collect();
        Ok(page(all, |member: &Member| json!(member.user_id), request))
    }

    async fn find_member(
        &self,
        context: &Context,
        id: OrganizationId,
        user_id: UserId,
    ) -> Result<Option<FoundMember>, PortError> {
        self.0.faults.check("organizations.find_member")?;
        let store = self.0.store.borrow();
        if store.role(context, Some(id)).is_none() {
            return Ok(None);
        }
        let member = store
            .members_of(id)
            .find(|member| member.user_id == user_id);
        Ok(member.map(|member| FoundMember {
            is_last_owner: store.is_last_owner(&member),
            member,
        }))
    }

    async fn save_member(
        &self,
        context: &Context,
        change: MemberChange,
    ) -> Result<Written<()>, PortError> {
        const OPERATION: &str = "organizations.save_member";
        self.0.faults.check(OPERATION)?;
        let now = self.0.clock.instant();
        let mut store = self.0.store.borrow_mut();
        if let Some(answer) = store.replay(context, OPERATION)? {
            return Ok(Written::Replayed(answer));
        }
        let id = change.member.organization_id;
        let key = (id, change.member.user_id);
        let refused = |kind| Err(PortError::new(kind, OPERATION, ""));
        match store.members.get(&key) {
            None => return refused(PortErrorKind::NotFound),
            Some(role) if *role != change.member.role => {
                return refused(PortErrorKind::Conflict {
                    current_revision: None,
                });
            }
            Some(_) => {}
        }
        let stays_owner = change.role == Some(OrganizationRole::Owner);
        if store.is_last_owner(&change.member) && !stays_owner {
            return refused(PortErrorKind::LastOwner);
        }
        match change.role {
            Some(role) => store.members.insert(key, role),
            None => store.members.remove(&key),
        };
        let aggregate = ("organization", id.as_uuid(), Some(id));
        store.append(context, aggregate, vec![change.event.to_json()], now);
        store.keep(context, change.answer);
        Ok(Written::Done(()))
    }

    async fn invitations(
        &self,
        context: &Context,
        id: OrganizationId,
        request: &PageRequest,
    ) -> Result<Page<Invitation>, PortError> {
        self.0.faults.check("organizations.invitations")?;
        let now = self.0.clock.instant();
        let store = self.0.store.borrow();
        let role = store.role(context, Some(id));
        let visible = role.is_some_and(OrganizationRole::is_admin);
        let open = store.invitations.iter().rev().map(|(_, i)| i);
        let open = open.filter(|i| visible && i.organization_id == id && i.expires_at > now);
        let all = open.cloned().collect();
        Ok(page(all, |i: &Invitation| json!(i.invitation_id), request))
    }

    async fn invite(
        &self,
        context: &Context,
        invitation: &Invitation,
        token: &str,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<()>, PortError> {
        const OPERATION: &str = "organizations.invite";
        self.0.faults.check(OPERATION)?;
        let mut store = self.0.store.borrow_mut();
        if let Some(answer) = store.replay(context, OPERATION)? {
            return Ok(Written::Replayed(answer));
        }
        let kept = (token.to_owned(), invitation.clone());
        store.invitations.push(kept);
        store.keep(context, answer);
        Ok(Written::Done(()))
    }

    async fn revoke(
        &self,
        context: &Context,
        id: OrganizationId,
        invitation_id: InvitationId,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<()>, PortError> {
        const OPERATION: &str = "organizations.revoke";
        self.0.faults.check(OPERATION)?;
        let mut store = self.0.store.borrow_mut();
        if let Some(answer) = store.replay(context, OPERATION)? {
            return Ok(Written::Replayed(answer));
        }
        let before = store.invitations.len();
        let names = (id, invitation_id);
        store
            .invitations
            .retain(|(_, i)| (i.organization_id, i.invitation_id) != names);
        if store.invitations.len() == before {
            return Err(PortError::new(PortErrorKind::NotFound, OPERATION, ""));
        }
        store.keep(context, answer);
        Ok(Written::Done(()))
    }

    async fn find_invitation(
        &self,
        context: &Context,
        token: &str,
    ) -> Result<Option<FoundInvitation>, PortError> {
        self.0.faults.check("organizations.find_invitation")?;
        let store = self.0.store.borrow();
        Ok(store.invitation(context, token))
    }

    async fn accept(
        &self,
        context: &Context,
        acceptance: Acceptance,
    ) -> Result<Written<()>, PortError> {
        const OPERATION: &str = "organizations.accept";
        self.0.faults.check(OPERATION)?;
        let now = self.0.clock.instant();
        let mut store = self.0.store.borrow_mut();
        if let Some(answer) = store.replay(context, OPERATION)? {
            return Ok(Written::Replayed(answer));
        }
        let Some(found) = store.invitation(context, &acceptance.token) else {
            return Err(PortError::new(PortErrorKind::NotFound, OPERATION, ""));
        };
        store
            .invitations
            .retain(|(token, _)| *token != acceptance.token);
        if let Some(event) = acceptance.event {
            let id = found.invitation.organization_id;
            let key = (id, context.actor.user_id);
            store.members.insert(key, event.role);
            let aggregate = ("organization", id.as_uuid(), Some(id));
            store.append(context, aggregate, vec![event.to_json()], now);
        }
        store.keep(context, acceptance.answer);
        Ok(Written::Done(()))
    }
}

impl Store {
    fn members_of(&self, id: OrganizationId) -> impl Iterator<Item = Member> {
        let founded = self.organizations.get(&id).map(|o| o.created_at);
        let members = self.members.iter();
        members.filter_map(move |((organization_id, user_id), role)| {
            (*organization_id == id).then_some(Member {
                organization_id: id,
                user_id: *user_id,
                role: *role,
                created_at: founded?,
            })
        })
    }

    fn is_last_owner(&self, member: &Member) -> bool {
        let owns = |other: &Member| other.role == OrganizationRole::Owner;
        let mut others = self.members_of(member.organization_id);
        owns(member) && !others.any(|other| owns(&other) && other.user_id != member.user_id)
    }

    /// The open invitation of this token, if it is the caller's and its maker may still make it.
    fn invitation(&self, context: &Context, token: &str) -> Option<FoundInvitation> {
        let (_, invitation) = self.invitations.iter().find(|(known, _)| known == token)?;
        let id = invitation.organization_id;
        let inviter = self.members.get(&(id, invitation.invited_by))?;
        let own = context.actor.email.as_deref()? == invitation.email;
        (own && inviter.may_give(invitation.role)).then(|| FoundInvitation {
            invitation: invitation.clone(),
            role: self.role(context, Some(id)),
        })
    }
}
/// Appends that an organization got another name, or is gone.
fn tell(
    store: &mut Store,
    context: &Context,
    former: Option<Organization>,
    name: Option<&str>,
    now: Instant,
) {
    let Some(former) = former else {
        return;
    };
    let event = OrganizationChanged {
        organization_id: former.organization_id,
        name: name.map(str::to_owned),
        previous_name: former.name,
        changed_by: context.actor.user_id,
        changed_at: now,
    };
    let id = former.organization_id;
    let stream = ("organization", id.as_uuid(), Some(id));
    store.append(context, stream, vec![event.to_json()], now);
}

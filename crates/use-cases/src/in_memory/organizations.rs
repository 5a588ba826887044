//! Organizations and who belongs to them.

use std::rc::Rc;

use domain::ids::OrganizationId;
use domain::organization::OrganizationRole;
use serde_json::json;

use super::page::page;
use super::store::Shared;
use crate::context::Context;
use crate::ports::{
    self, Clock, NewOrganization, Organization, Page, PageRequest, PortError, Written,
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
}

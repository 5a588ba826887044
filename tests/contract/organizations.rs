//! Organizations.

use domain::organization::CreateOrganization;
use use_cases::organization;
use use_cases::ports::{Organizations, PageRequest, Ports};

use crate::home::{Home, kept};

async fn found(home: &impl Home, name: &str) -> domain::ids::OrganizationId {
    let command = CreateOrganization { name: name.into() };
    let created = organization::create(home.ports(0), home.context(0), &command, kept);
    created.await.unwrap().value.organization_id
}

pub(crate) async fn founders_own_them_and_strangers_see_none(home: &impl Home) {
    let id = found(home, "Works").await;
    let seen = home.ports(0).organizations().find(home.context(0), id);
    let seen = seen.await.unwrap().unwrap();
    assert_eq!(seen.name, "Works");
    assert_eq!(seen.role.unwrap().to_string(), "owner");
    let hidden = home.ports(1).organizations().find(home.context(1), id);
    assert!(hidden.await.unwrap().is_none());
}

pub(crate) async fn lists_are_pages(home: &impl Home) {
    for name in ["B", "A", "C"] {
        found(home, name).await;
    }
    let page = |after| PageRequest {
        limit: 2,
        after,
        count: true,
    };
    let (ports, context) = (home.ports(0), home.context(0));
    let first = ports
        .organizations()
        .list(context, &page(None))
        .await
        .unwrap();
    let names = |items: &[use_cases::ports::Organization]| {
        items.iter().map(|o| o.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&first.items), ["A", "B"]);
    assert_eq!(first.total, Some(3));
    let rest = ports.organizations().list(context, &page(first.next)).await;
    let rest = rest.unwrap();
    assert_eq!(names(&rest.items), ["C"]);
    assert!(rest.next.is_none());
    let strange = home.ports(1).organizations();
    let none = strange.list(home.context(1), &page(None)).await.unwrap();
    assert!(none.items.is_empty());
}

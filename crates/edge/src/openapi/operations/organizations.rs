//! Organizations.

use domain::error::Code;
use domain::organization::{
    ChangeMember, CreateOrganization, Invitation, InviteMember, Member, UpdateOrganization,
};
use use_cases::ports::Organization;

use super::Description;

const TAG: &str = "Organizations";

pub(super) fn create() -> Description {
    Description::new(TAG, "Found an organization")
        .text("The caller becomes its owner.")
        .command()
        .body::<CreateOrganization>()
        .created::<Organization>("It was founded.")
        .etag()
        .codes(&[Code::OrganizationNameInvalid])
}

pub(super) fn list() -> Description {
    Description::new(TAG, "List the caller's organizations")
        .page::<Organization>("The organizations, by name.")
}

pub(super) fn read() -> Description {
    Description::new(TAG, "Read an organization")
        .one::<Organization>("The organization.")
        .etag()
        .codes(&[Code::OrganizationNotFound])
}

pub(super) fn update() -> Description {
    Description::new(TAG, "Rename an organization")
        .text("Owners and admins may.")
        .change()
        .body::<UpdateOrganization>()
        .ok::<Organization>("The organization.")
        .etag()
        .codes(&[
            Code::OrganizationNotFound,
            Code::Forbidden,
            Code::NothingToChange,
            Code::OrganizationNameInvalid,
        ])
}

pub(super) fn remove() -> Description {
    Description::new(TAG, "Remove an organization")
        .text("Owners may, when it holds no model. Its documents and tasks go with it.")
        .change()
        .removed("It was removed.")
        .codes(&[
            Code::OrganizationNotFound,
            Code::Forbidden,
            Code::OrganizationNotEmpty,
        ])
}

pub(super) fn list_members() -> Description {
    Description::new(TAG, "List members")
        .page::<Member>("The members, longest first.")
        .codes(&[Code::OrganizationNotFound])
}

pub(super) fn change_member() -> Description {
    Description::new(TAG, "Give a member another role")
        .text("Owners and admins may; only owners make and unmake owners.")
        .command()
        .body::<ChangeMember>()
        .ok::<Member>("The member.")
        .codes(&[
            Code::OrganizationNotFound,
            Code::MemberNotFound,
            Code::Forbidden,
            Code::LastOwner,
            Code::RevisionConflict,
        ])
}

pub(super) fn remove_member() -> Description {
    Description::new(TAG, "Remove a member, or leave")
        .text("Owners and admins remove others, only owners remove owners, everybody may leave.")
        .command()
        .removed("The membership has ended.")
        .codes(&[
            Code::OrganizationNotFound,
            Code::MemberNotFound,
            Code::Forbidden,
            Code::LastOwner,
            Code::RevisionConflict,
        ])
}

pub(super) fn invite() -> Description {
    Description::new(TAG, "Invite somebody")
        .text("Owners and admins may, to roles not above their own. The token is shown this once.")
        .command()
        .body::<InviteMember>()
        .created::<Invitation>("The invitation with its token.")
        .codes(&[Code::OrganizationNotFound, Code::Forbidden])
}

pub(super) fn list_invitations() -> Description {
    Description::new(TAG, "List open invitations")
        .page::<Invitation>("The invitations, newest first.")
        .codes(&[Code::OrganizationNotFound, Code::Forbidden])
}

pub(super) fn revoke_invitation() -> Description {
    Description::new(TAG, "Revoke an invitation")
        .command()
        .removed("It was revoked.")
        .codes(&[
            Code::OrganizationNotFound,
            Code::Forbidden,
            Code::InvitationNotFound,
        ])
}

pub(super) fn accept_invitation() -> Description {
    Description::new(TAG, "Accept an invitation")
        .text("By the person with its confirmed address, once, within 7 days.")
        .command()
        .ok::<Member>("The membership.")
        .codes(&[Code::InvitationNotFound])
}

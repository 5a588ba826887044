//! Organizations: founding them, looking at those one belongs to, and who else does.

mod accept_invitation;
mod access;
mod change_member;
mod create;
mod invite;
mod list;
mod list_invitations;
mod list_members;
mod read;
mod remove;
mod remove_member;
mod revoke_invitation;
mod update;

pub use accept_invitation::accept_invitation;
pub use change_member::change_member;
pub use create::create;
pub use invite::invite;
pub use list::list;
pub use list_invitations::list_invitations;
pub use list_members::list_members;
pub use read::read;
pub use remove::remove;
pub use remove_member::remove_member;
pub use revoke_invitation::revoke_invitation;
pub use update::update;

#[cfg(test)]
mod tests;

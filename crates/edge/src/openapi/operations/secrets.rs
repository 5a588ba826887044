//! Secrets that calls of services carry.

use domain::error::Code;
use domain::ids::OrganizationId;
use domain::secret::{RotateSecret, Secret, SetSecret};
use use_cases::secret::Resealed;

use super::Description;

const TAG: &str = "Secrets";

pub(super) fn set() -> Description {
    Description::new(TAG, "Set a secret")
        .text("The value is never answered. Workflows name it in a header as `{secrets.name}`; of an organization, its administrators set secrets and its members refer to them.")
        .command()
        .body::<SetSecret>()
        .made::<Secret>("It was set.")
        .etag()
        .codes(&[Code::Forbidden, Code::SecretInvalid, Code::SecretNameTaken])
}

pub(super) fn list() -> Description {
    Description::new(TAG, "List secrets")
        .text("What there is, where it may be sent and when it last was; no values.")
        .query::<OrganizationId>("organizationId", "Only secrets of this organization.")
        .page::<Secret>("The secrets, newest first.")
}

pub(super) fn rotate() -> Description {
    Description::new(TAG, "Rotate a secret")
        .text("Gives it a new value. Its hosts change only together with the value.")
        .change()
        .body::<RotateSecret>()
        .ok::<Secret>("The secret.")
        .etag()
        .codes(&[Code::SecretNotFound, Code::Forbidden, Code::SecretInvalid])
}

pub(super) fn remove() -> Description {
    Description::new(TAG, "Remove a secret")
        .change()
        .removed("It was removed.")
        .codes(&[Code::SecretNotFound, Code::Forbidden])
}

pub(super) fn reseal() -> Description {
    Description::new(TAG, "Encrypt secrets anew")
        .text("For the service alone, after `FM_SECRET_KEYS` got a new first key: what is under older keys is brought under it.")
        .ok::<Resealed>("What became of them.")
        .codes(&[Code::Forbidden])
}

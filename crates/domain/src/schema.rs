//! What the description of the API says of values that are read and written by hand.

use schemars::Schema;

pub(crate) mod given;

/// A UUID of version 4 or 7.
pub(crate) fn is_ours(schema: &mut Schema) {
    let pattern =
        "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[47][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$";
    schema.insert("format".to_owned(), "uuid".into());
    schema.insert("pattern".to_owned(), pattern.into());
}

/// A UUID of any version: the sign-in service names its users as it likes.
pub(crate) fn is_not_nil(schema: &mut Schema) {
    let pattern = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-8][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$";
    schema.insert("format".to_owned(), "uuid".into());
    schema.insert("pattern".to_owned(), pattern.into());
}

/// RFC 3339 text.
pub(crate) fn instant(schema: &mut Schema) {
    schema.insert("format".to_owned(), "date-time".into());
}

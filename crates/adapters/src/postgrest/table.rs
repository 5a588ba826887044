//! A table as rows of one type are read from it: by key, all that fit, page by page.

use std::marker::PhantomData;

use domain::json;
use serde::de::DeserializeOwned;
use serde_json::Value;
use use_cases::ports::{Clock, Page, PageRequest, PortError, PortErrorKind};

use super::client::{Read, Session};
use super::query::{self, Order};
use crate::http::Transport;

/// A table and how its rows are read: the value that each collection owns.
pub(super) struct Table<T> {
    name: &'static str,
    columns: &'static [&'static str],
    row: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Table<T> {
    pub(super) const fn new(name: &'static str, columns: &'static [&'static str]) -> Self {
        Self {
            name,
            columns,
            row: PhantomData,
        }
    }

    /// A read of the table's columns under their wire names.
    pub(super) fn read<H: Transport, C: Clock>(&self, session: &Session<H, C>) -> Read {
        session.read(self.name, query::selected(self.columns))
    }

    /// The only row that fits, if any.
    pub(super) async fn find<H: Transport, C: Clock>(
        &self,
        session: &Session<H, C>,
        operation: &'static str,
        read: Read,
    ) -> Result<Option<T>, PortError> {
        let (rows, _) = session.rows(operation, read.limit(1)).await?;
        rows.into_iter()
            .next()
            .map(|row| parse(operation, row))
            .transpose()
    }

    /// All rows that fit.
    pub(super) async fn all<H: Transport, C: Clock>(
        &self,
        session: &Session<H, C>,
        operation: &'static str,
        read: Read,
    ) -> Result<Vec<T>, PortError> {
        let (rows, _) = session.rows(operation, read).await?;
        rows.into_iter().map(|row| parse(operation, row)).collect()
    }

    /// A page of the rows that fit.
    pub(super) async fn page<H: Transport, C: Clock>(
        &self,
        session: &Session<H, C>,
        operation: &'static str,
        read: Read,
        order: Order,
        page: &PageRequest,
    ) -> Result<Page<T>, PortError> {
        let page = page_of_rows(session, operation, read, order, page).await?;
        let items = page.items.into_iter().map(|row| parse(operation, row));
        Ok(Page {
            items: items.collect::<Result<_, _>>()?,
            next: page.next,
            total: page.total,
        })
    }
}

/// A page of rows as they came. One row more than asked for tells whether there is a next page.
///
/// A total costs a request of its own, because behind a bookmark only the rest would be counted.
pub(super) async fn page_of_rows<H: Transport, C: Clock>(
    session: &Session<H, C>,
    operation: &'static str,
    read: Read,
    order: Order,
    page: &PageRequest,
) -> Result<Page<Value>, PortError> {
    let limit = page.limit.clamp(1, 100);
    let mut rest = read.clone();
    if let Some(bookmark) = &page.after {
        let after = order.after(bookmark).ok_or_else(|| {
            PortError::new(
                PortErrorKind::Invalid,
                operation,
                "a bookmark of another list",
            )
        })?;
        rest = rest.after(&order, &after);
    } else if page.count {
        rest = rest.counted();
    }
    let rest = rest.order(order.text()).limit(limit + 1);
    let (mut items, mut total) = session.rows(operation, rest).await?;
    if page.count && page.after.is_some() {
        total = session.rows(operation, read.counted().limit(1)).await?.1;
    }
    let more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let next = items.last().filter(|_| more).map(|row| order.bookmark(row));
    Ok(Page { items, next, total })
}

/// A row as a value of the port, where what is null in the database is absent. A row that cannot
/// be read is named by its first id.
pub(super) fn parse<T: DeserializeOwned>(
    operation: &'static str,
    mut row: Value,
) -> Result<T, PortError> {
    if let Some(fields) = row.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    let id = row.as_object().and_then(|row| {
        let named = row.iter().find(|(name, _)| name.ends_with("Id"));
        named.map(|(name, value)| format!("{name} {value}"))
    });
    json::from_value(row).map_err(|error| {
        let detail = format!("{}: {error}", id.unwrap_or_default());
        PortError::new(PortErrorKind::Corrupt, operation, detail)
    })
}

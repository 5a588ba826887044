//! Who changed what, and the seals over it.

use std::rc::Rc;

use domain::audit::{Seal, SealKind, SealedRow, merkle_root};
use domain::ids::ModelId;
use domain::instant::Instant;
use domain::limits::JsonObject;
use serde_json::{Value, json};
use uuid::Uuid;

use super::World;
use super::page::page;
use super::store::{Shared, Store};
use crate::context::Context;
use crate::ports::{
    self, AuditEntry, AuditFilter, AuditOperation, Clock as _, Page, PageRequest, PortError, Ports,
    RowState, SealedRows,
};

/// A twin of the audit trail.
#[derive(Debug)]
pub struct AuditLogs(pub(super) Rc<Shared>);

fn fits(filter: &AuditFilter, entry: &AuditEntry) -> bool {
    let record = filter.record_id.or(filter.model_id.map(|id| id.as_uuid()));
    let organization = filter.organization_id;
    record.is_none_or(|id| entry.model_id.is_some_and(|model| model.as_uuid() == id))
        && filter
            .row_id
            .is_none_or(|id| entry.record_id == id.to_string())
        && (organization.is_none() || entry.organization_id == organization)
        && filter
            .table_name
            .as_ref()
            .is_none_or(|name| entry.table_name == *name)
        && filter
            .operation
            .is_none_or(|operation| entry.operation == operation)
        && (filter.event_type.is_none() || entry.event_type == filter.event_type)
        && (filter.changed_by.is_none() || entry.changed_by == filter.changed_by)
        && filter.from.is_none_or(|from| entry.changed_at >= from)
        && filter.to.is_none_or(|to| entry.changed_at < to)
}

impl AuditLogs {
    /// What the caller sees of everything that fits, newest first.
    fn visible(&self, context: &Context, filter: &AuditFilter) -> Vec<AuditEntry> {
        let store = self.0.store.borrow();
        let entries = store.audit.iter().rev();
        entries
            .filter(|entry| fits(filter, entry))
            .filter(|entry| entry.model_id.is_some_and(|id| store.shows(context, id)))
            .cloned()
            .collect()
    }
}

impl ports::AuditLogs for AuditLogs {
    async fn find_by_model(
        &self,
        context: &Context,
        model_id: ModelId,
        filter: &AuditFilter,
        request: &PageRequest,
    ) -> Result<Page<AuditEntry>, PortError> {
        self.0.faults.check("audit_logs.find_by_model")?;
        let of_model = AuditFilter {
            model_id: Some(model_id),
            ..filter.clone()
        };
        let all = self.visible(context, &of_model);
        Ok(page(all, |entry| json!(entry.audit_id), request))
    }

    async fn list(
        &self,
        context: &Context,
        filter: &AuditFilter,
        request: &PageRequest,
    ) -> Result<Page<AuditEntry>, PortError> {
        self.0.faults.check("audit_logs.list")?;
        let all = self.visible(context, filter).into_iter();
        let all = all.map(|entry| AuditEntry {
            event_data: None,
            ..entry
        });
        Ok(page(all.collect(), |entry| json!(entry.audit_id), request))
    }

    async fn states(
        &self,
        context: &Context,
        record_id: Uuid,
        at: Instant,
        request: &PageRequest,
    ) -> Result<Page<Value>, PortError> {
        self.0.faults.check("audit_logs.states")?;
        let filter = AuditFilter {
            record_id: Some(record_id),
            to: Some(at.plus_millis(1)),
            ..AuditFilter::default()
        };
        let mut states: Vec<RowState> = Vec::new();
        for entry in self.visible(context, &filter).into_iter().rev() {
            let (Ok(row_id), Some(state)) = (entry.record_id.parse(), columns(&entry)) else {
                continue;
            };
            let place = states
                .iter()
                .position(|known| known.row_id == row_id && known.table_name == entry.table_name);
            let known = place.map(|place| states.remove(place));
            if entry.operation == AuditOperation::Delete {
                continue;
            }
            let created = entry.operation == AuditOperation::Create;
            let mut whole = known
                .as_ref()
                .map_or(JsonObject::new(), |it| it.state.clone());
            whole.extend(state);
            states.push(RowState {
                table_name: entry.table_name,
                row_id,
                state: whole,
                complete: created || known.is_some_and(|known| known.complete),
                changed_at: entry.changed_at,
                changed_by: entry.changed_by,
            });
        }
        states.sort_by(|a, b| (&a.table_name, a.row_id).cmp(&(&b.table_name, b.row_id)));
        let states = states.iter().map(|state| json!(state)).collect();
        let key = |state: &Value| json!([state["tableName"], state["rowId"]]);
        Ok(page(states, key, request))
    }

    async fn seals(
        &self,
        _context: &Context,
        request: &PageRequest,
    ) -> Result<Page<Value>, PortError> {
        self.0.faults.check("audit_logs.seals")?;
        let seals = &self.0.store.borrow().seals;
        let all = seals.iter().rev().map(|seal| json!(seal)).collect();
        Ok(page(
            all,
            |seal: &Value| seal["sealNumber"].clone(),
            request,
        ))
    }

    async fn sealed_rows(&self, after: i64, count: u32) -> Result<SealedRows, PortError> {
        self.0.faults.check("audit_logs.sealed_rows")?;
        let store = self.0.store.borrow();
        let newest = store.seals.last().map_or(0, |seal| seal.seal_number);
        let last = newest.min(after + i64::from(count));
        let wanted = |seal: &&Seal| (after + 1..=last).contains(&seal.seal_number);
        let seals: Vec<Seal> = store.seals.iter().filter(wanted).cloned().collect();
        let range = seals.first().zip(seals.last());
        let inside = |row: &&SealedRow| {
            range.is_some_and(|(first, last)| {
                (first.after_position + 1..=last.last_position)
                    .contains(&row.position().unwrap_or_default())
            })
        };
        Ok(SealedRows {
            previous: store
                .seals
                .iter()
                .find(|it| it.seal_number == after)
                .cloned(),
            rows: store.sealed_rows.iter().filter(inside).cloned().collect(),
            retirements: Vec::new(),
            first_seal: after + 1,
            last_seal: last,
            newest_seal: newest,
            seals,
        })
    }

    async fn take_seal_to_publish(&self) -> Result<Value, PortError> {
        self.0.faults.check("audit_logs.take_seal_to_publish")?;
        let mut store = self.0.store.borrow_mut();
        let newest = store.seals.last().cloned();
        let newest = newest.filter(|seal| seal.seal_number > store.published_seal);
        if let Some(seal) = &newest {
            store.published_seal = seal.seal_number;
        }
        Ok(json!(newest))
    }
}

fn columns(entry: &AuditEntry) -> Option<JsonObject> {
    let told = entry.new_data.as_ref().or(entry.old_data.as_ref())?;
    told.as_object().cloned()
}

impl World {
    /// Seals what was changed since the last time, as a job of the database does.
    pub fn seal_audit(&self) {
        let now = self.clock().instant();
        let mut store = self.shared.store.borrow_mut();
        let after = store.sealed_rows.len();
        let rows: Vec<SealedRow> = (after..store.audit.len())
            .map(|place| sealed(place + 1, &store.audit[place]))
            .collect();
        if rows.is_empty() {
            return;
        }
        let seal = seal(&store, &rows, now);
        store.sealed_rows.extend(rows);
        store.seals.push(seal);
    }

    /// Changes a row behind its seal, as nobody may.
    pub fn forge_audit(&self, place: usize) {
        let mut store = self.shared.store.borrow_mut();
        if let Some(row) = store.sealed_rows.get_mut(place) {
            row.0[2] = Some("forged".to_owned());
        }
    }
}

fn sealed(position: usize, entry: &AuditEntry) -> SealedRow {
    let mut fields = vec![None; SealedRow::CHANGED_AT + 1];
    fields[SealedRow::POSITION] = Some(position.to_string());
    fields[2] = Some(entry.table_name.clone());
    fields[SealedRow::CHANGED_AT] = Some(entry.changed_at.to_string());
    SealedRow(fields)
}

/// The next seal over rows of one month.
fn seal(store: &Store, rows: &[SealedRow], now: Instant) -> Seal {
    let position = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let after = store.sealed_rows.len();
    let mut seal = Seal {
        seal_number: position(store.seals.len() + 1),
        kind: SealKind::Rows,
        month: rows[0].month().unwrap_or_default().to_owned(),
        after_position: position(after),
        last_position: position(after + rows.len()),
        row_count: position(rows.len()),
        merkle_root: merkle_root(rows),
        details: None,
        sealed_at: now,
        previous_hash: match store.seals.last() {
            Some(seal) => seal.seal_hash.clone(),
            None => "0".repeat(64),
        },
        seal_hash: String::new(),
    };
    seal.seal_hash = seal.expected_hash();
    seal
}

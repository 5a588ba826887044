//! UC-014: does several things to links, each of which succeeds or fails by itself.

use domain::error::Code;
use domain::ids::LinkId;
use domain::node_link::{
    self, BatchNodeLinks, ChangeNodeLink, CreateNodeLink, LinkKey, LinkOperation,
    LinkOperationKind, NodeLink, RemoveNodeLink,
};
use serde::{Deserialize, Serialize};

use super::{access, change, create};
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{
    Clock, Expected, FoundEnd, Ids, LinkChange, LinkEnd, LinkProspects, NodeLinks, PortErrorKind,
    Ports,
};
use crate::writing::{REPETITIONS, Saved, answer_to_keep, answered_before, done};

/// What became of one operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LinkOutcome {
    /// Its place in the batch, from 0.
    pub index: usize,
    /// Whether it was done.
    pub ok: bool,
    /// The link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link_id: Option<LinkId>,
    /// Why it was not done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
}

/// What became of a batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BatchOutcome {
    /// The caller's name for it.
    pub batch_id: String,
    /// One for each operation, in their order.
    pub results: Vec<LinkOutcome>,
    /// How many were done.
    pub succeeded: usize,
    /// How many were not.
    pub failed: usize,
}

/// Carries out a batch: everything that can be done, in one transaction.
///
/// # Errors
/// `INVALID_REQUEST` for a batch without form; `BATCH_IN_PROGRESS`; `Conflict` when others keep
/// changing the same links; `Replayed` for a repetition.
pub async fn batch(
    ports: &impl Ports,
    context: &Context,
    command: &BatchNodeLinks,
    render: impl Fn(&Saved<BatchOutcome>) -> StoredAnswer,
) -> Result<Saved<BatchOutcome>, UseCaseError> {
    let batch_id = node_link::operations(command)?;
    answered_before(ports, context).await?;
    ports.node_links().begin_batch(context, &batch_id).await?;
    let outcome = run(ports, context, command, &batch_id, render).await;
    if outcome.is_err() {
        // Should this fail too, the name is free again after a minute.
        let _ = ports.node_links().end_batch(context, &batch_id).await;
    }
    outcome
}

async fn run(
    ports: &impl Ports,
    context: &Context,
    command: &BatchNodeLinks,
    batch_id: &str,
    render: impl Fn(&Saved<BatchOutcome>) -> StoredAnswer,
) -> Result<Saved<BatchOutcome>, UseCaseError> {
    let mut repetitions = 0;
    loop {
        let mut desk = Desk::open(ports, context, &command.operations).await?;
        let results: Vec<LinkOutcome> = command
            .operations
            .iter()
            .enumerate()
            .map(|(index, operation)| {
                let done = desk.carry_out(ports, context, operation);
                LinkOutcome {
                    index,
                    ok: done.is_ok(),
                    link_id: done.as_ref().ok().copied().or(operation.link_id),
                    code: done.err(),
                }
            })
            .collect();
        let succeeded = results.iter().filter(|result| result.ok).count();
        let saved = Saved {
            value: BatchOutcome {
                batch_id: batch_id.to_owned(),
                failed: results.len() - succeeded,
                succeeded,
                results,
            },
            revision: 1,
        };
        let answer = answer_to_keep(context, &saved, &render);
        let written = ports
            .node_links()
            .save(context, &desk.changes, Some(batch_id), answer);
        let error = match written.await {
            Ok(written) => return done(written).map(|_| saved),
            Err(error) => error,
        };
        let raced = matches!(
            error.kind,
            PortErrorKind::Conflict { .. }
                | PortErrorKind::LinkTaken
                | PortErrorKind::NotFound
                | PortErrorKind::Forbidden
        );
        if !raced {
            return Err(error.into());
        }
        if repetitions == REPETITIONS {
            return Err(UseCaseError::Conflict {
                current_revision: None,
                if_match: false,
            });
        }
        repetitions += 1;
    }
}

/// Everything a batch works on: the links as they are after each operation, and what is known of
/// the things they join.
struct Desk {
    links: Vec<NodeLink>,
    ends: Vec<FoundEnd>,
    taken: Vec<LinkKey>,
    changes: Vec<LinkChange>,
}

impl Desk {
    async fn open(
        ports: &impl Ports,
        context: &Context,
        operations: &[LinkOperation],
    ) -> Result<Self, UseCaseError> {
        let ids: Vec<LinkId> = operations.iter().filter_map(|o| o.link_id).collect();
        let links = match ids.as_slice() {
            [] => Vec::new(),
            ids => ports.node_links().find_by_ids(context, ids).await?,
        };
        let new = || operations.iter().filter_map(|o| o.link.as_ref());
        let mut ends: Vec<LinkEnd> = links.iter().filter_map(access::judged_end).collect();
        ends.extend(new().flat_map(create::ends_of));
        let ends = merged(ends);
        let keys: Vec<LinkKey> = new().map(key).collect();
        let prospects = ports.node_links().prospects(context, &ends, &keys);
        let LinkProspects { ends, taken } = prospects.await?;
        let taken = keys.into_iter().zip(taken).filter(|(_, taken)| *taken);
        Ok(Self {
            links,
            ends,
            taken: taken.map(|(key, _)| key).collect(),
            changes: Vec::new(),
        })
    }

    fn end(&self, wanted: &LinkEnd) -> Option<&FoundEnd> {
        let mut ends = self.ends.iter();
        ends.find(|end| (end.feature, end.entity_id) == (wanted.feature, wanted.entity_id))
    }

    /// Does one operation, or says why not.
    fn carry_out(
        &mut self,
        ports: &impl Ports,
        context: &Context,
        operation: &LinkOperation,
    ) -> Result<LinkId, Code> {
        let done = match (&operation.link, operation.link_id) {
            (Some(command), _) => self.create(ports, context, command),
            (None, Some(link_id)) => self.change(ports, context, link_id, operation),
            (None, None) => return Err(Code::InvalidRequest),
        };
        done.map_err(|error| match error {
            UseCaseError::NotFound(code) => code,
            UseCaseError::Refused(refusal) => refusal.code,
            _ => Code::Forbidden,
        })
    }

    fn create(
        &mut self,
        ports: &impl Ports,
        context: &Context,
        command: &CreateNodeLink,
    ) -> Result<LinkId, UseCaseError> {
        let [source, target] = create::ends_of(command);
        let (Some(source), Some(target)) = (self.end(&source), self.end(&target)) else {
            return Err(UseCaseError::NotFound(Code::FunctionModelNotFound));
        };
        let link_id = LinkId::from_uuid(ports.ids().new_id());
        let (link, events) = create::decide(ports, context, command, link_id, source, target)?;
        let key = link.key();
        if self.taken.contains(&key) {
            let kind = PortErrorKind::LinkTaken;
            return Err(crate::ports::PortError::new(kind, "node_links.batch", "").into());
        }
        self.taken.push(key);
        self.changes.push(LinkChange {
            link,
            expected: Expected::New,
            removed: false,
            events,
        });
        Ok(link_id)
    }

    fn change(
        &mut self,
        ports: &impl Ports,
        context: &Context,
        link_id: LinkId,
        operation: &LinkOperation,
    ) -> Result<LinkId, UseCaseError> {
        let place = self.links.iter().position(|link| link.link_id == link_id);
        let missing = UseCaseError::NotFound(Code::LinkNotFound);
        let place = place.ok_or(missing)?;
        let link = self.links[place].clone();
        let judged = access::judged_end(&link);
        let judged = judged.as_ref().and_then(|end| self.end(end));
        access::permitted(context, &link, judged)?;
        let (by, now) = (context.actor.user_id, ports.clock().instant());
        let events = if operation.operation == LinkOperationKind::Remove {
            let command = RemoveNodeLink {
                reason: operation.reason.clone(),
            };
            node_link::remove(&link, &command, by, now)?
        } else {
            let command = ChangeNodeLink {
                link_strength: operation.link_strength,
                ..ChangeNodeLink::default()
            };
            node_link::change(&link, &command, by, now)?
        };
        let change = change::changed(link, events);
        if change.removed {
            self.taken.retain(|key| *key != change.link.key());
            self.links.remove(place);
        } else {
            self.links[place] = change.link.clone();
        }
        self.changes.push(change);
        Ok(link_id)
    }
}

/// Each thing once, with all the nodes it is said to have.
fn merged(ends: Vec<LinkEnd>) -> Vec<LinkEnd> {
    let mut merged: Vec<LinkEnd> = Vec::with_capacity(ends.len());
    for end in ends {
        let known = merged
            .iter_mut()
            .find(|other| (other.feature, other.entity_id) == (end.feature, end.entity_id));
        match known {
            Some(other) => other.node_ids.extend(end.node_ids),
            None => merged.push(end),
        }
    }
    merged
}

fn key(command: &CreateNodeLink) -> LinkKey {
    LinkKey {
        source_feature: command.source_feature,
        target_feature: command.target_feature,
        source_entity_id: command.source_entity_id,
        target_entity_id: command.target_entity_id,
        source_node_id: command.source_node_id,
        target_node_id: command.target_node_id,
        link_type: command.link_type,
    }
}

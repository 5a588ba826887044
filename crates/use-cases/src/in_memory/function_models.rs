//! The models themselves.

use std::rc::Rc;

use domain::function_model::{Act, Deletion, Delta, FunctionModel};
use domain::ids::{ActionId, ModelId, UserId};
use domain::instant::Instant;
use domain::limits::JsonObject;
use domain::vocabulary::{ActionNodeType, ModelStatus};
use serde_json::{Value, json};

use super::ids::nth_id;
use super::page::page;
use super::store::{Shared, Store, compare};
use crate::context::{Context, StoredAnswer};
use crate::ports::{
    self, AuditEntry, AuditOperation, Clock, DeletedFilter, Expected, Extent, FoundByWords,
    FoundModel, JointSave, ModelFilter, ModelRelations, ModelSave, ModelSort, ModelVersion,
    NestedModel, NewVersion, Page, PageRequest, PortError, PortErrorKind, SortOrder, VersionRef,
    Written,
};

/// A twin of the stored models. A save writes the rows that its delta names and no others.
#[derive(Debug)]
pub struct FunctionModels(pub(super) Rc<Shared>);

impl ports::FunctionModels for FunctionModels {
    async fn find_by_id(
        &self,
        context: &Context,
        model_id: ModelId,
        extent: Extent,
    ) -> Result<Option<FoundModel>, PortError> {
        self.0.faults.check("function_models.find_by_id")?;
        let store = self.0.store.borrow();
        let model = store.models.get(&model_id);
        let Some(model) = model.filter(|_| store.shows(context, model_id)) else {
            return Ok(None);
        };
        let mut model = model.clone();
        let besides = keep(&mut model, extent);
        Ok(Some(FoundModel {
            role: store.role(context, model.organization_id),
            published: store.published(model_id).map(version_ref),
            model,
            besides,
        }))
    }

    async fn list(
        &self,
        context: &Context,
        filter: &ModelFilter,
        request: &PageRequest,
    ) -> Result<Page<FunctionModel>, PortError> {
        self.0.faults.check("function_models.list")?;
        let store = self.0.store.borrow();
        let models = store
            .models
            .values()
            .filter(|model| model.deletion.is_none());
        let mut all: Vec<FunctionModel> = models
            .filter(|model| fits(model, filter) && store.shows(context, model.model_id))
            .cloned()
            .collect();
        all.iter_mut().for_each(empty);
        all.sort_by_key(|model| sort_key(model, filter));
        if filter.sort_order == SortOrder::Desc {
            all.reverse();
        }
        Ok(page(all, |model| json!(model.model_id), request))
    }

    async fn search(
        &self,
        context: &Context,
        query: &str,
        filter: &ModelFilter,
        by_rank: bool,
        request: &PageRequest,
    ) -> Result<Page<FoundByWords>, PortError> {
        self.0.faults.check("function_models.search")?;
        let words = domain::highlight::words(query);
        let store = self.0.store.borrow();
        let models = store.models.values().filter(|model| {
            let is_there = model.deletion.is_none() && store.shows(context, model.model_id);
            is_there && fits(model, filter)
        });
        let mut ranked: Vec<(usize, FunctionModel)> = models
            .filter_map(|model| Some((rank(model, &words)?, model.clone())))
            .collect();
        ranked.sort_by_key(|(_, model)| sort_key(model, filter));
        if filter.sort_order == SortOrder::Desc {
            ranked.reverse();
        }
        if by_rank {
            ranked.sort_by_key(|(rank, model)| (std::cmp::Reverse(*rank), model.model_id));
        }
        let found = ranked.into_iter().map(|(_, mut model)| {
            empty(&mut model);
            FoundByWords::new(model, &words)
        });
        Ok(page(
            found.collect(),
            |found| json!(found.model.model_id),
            request,
        ))
    }

    async fn nested_models(
        &self,
        context: &Context,
        model_ids: &[ModelId],
    ) -> Result<domain::sorted::SortedMap<ModelId, NestedModel>, PortError> {
        self.0.faults.check("function_models.nested_models")?;
        let store = self.0.store.borrow();
        let models = model_ids.iter().filter_map(|id| store.models.get(id));
        let visible = models.filter(|model| store.shows(context, model.model_id));
        Ok(visible
            .map(|model| (model.model_id, nested(&store, model)))
            .collect())
    }

    async fn save(
        &self,
        context: &Context,
        change: ModelSave<'_>,
    ) -> Result<Written<i64>, PortError> {
        const OPERATION: &str = "function_models.save";
        self.0.faults.check(OPERATION)?;
        let mut store = self.0.store.borrow_mut();
        if let Some(answer) = store.replay(context, OPERATION)? {
            return Ok(Written::Replayed(answer));
        }
        let (next, answer) = (change.expected.next(), change.answer.clone());
        self.check(&store, &change, OPERATION)?;
        self.apply(&mut store, context, change);
        store.keep(context, answer);
        Ok(Written::Done(next))
    }

    async fn relations(
        &self,
        context: &Context,
        model_id: ModelId,
    ) -> Result<Option<ModelRelations>, PortError> {
        self.0.faults.check("function_models.relations")?;
        let (store, machine) = (self.0.store.borrow(), self.0.machine.borrow());
        let model = store.models.get(&model_id);
        let model = model.filter(|_| store.shows(context, model_id));
        Ok(model.map(|model| store.relations(context, &machine, model)))
    }

    async fn list_deleted(
        &self,
        context: &Context,
        filter: &DeletedFilter,
        request: &PageRequest,
    ) -> Result<Page<FunctionModel>, PortError> {
        self.0.faults.check("function_models.list_deleted")?;
        let store = self.0.store.borrow();
        let deleted = store.models.values().filter(|model| {
            let fits = |mark| was_deleted(mark, filter);
            model.deletion.as_ref().is_some_and(fits) && store.shows(context, model.model_id)
        });
        let mut all: Vec<FunctionModel> = deleted.cloned().collect();
        all.iter_mut().for_each(empty);
        all.sort_by_key(|model| {
            let at = model.deletion.as_ref().map(|mark| mark.deleted_at);
            std::cmp::Reverse((at, model.model_id))
        });
        Ok(page(all, |model| json!(model.model_id), request))
    }

    async fn save_all(
        &self,
        context: &Context,
        changes: Vec<JointSave<'_>>,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<()>, PortError> {
        const OPERATION: &str = "function_models.save_all";
        self.0.faults.check(OPERATION)?;
        let now = self.0.clock.instant();
        let mut store = self.0.store.borrow_mut();
        if let Some(answer) = store.replay(context, OPERATION)? {
            return Ok(Written::Replayed(answer));
        }
        for joint in &changes {
            self.check(&store, &joint.change, OPERATION)?;
        }
        for joint in changes {
            let organization_id = joint.change.model.organization_id;
            self.apply(&mut store, context, joint.change);
            store.unlink(context, organization_id, joint.removed_links, now);
        }
        store.keep(context, answer);
        Ok(Written::Done(()))
    }

    async fn purge(
        &self,
        context: &Context,
        model_id: ModelId,
        revision: i64,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<()>, PortError> {
        const OPERATION: &str = "function_models.purge";
        self.0.faults.check(OPERATION)?;
        let mut store = self.0.store.borrow_mut();
        if let Some(answer) = store.replay(context, OPERATION)? {
            return Ok(Written::Replayed(answer));
        }
        if !context.actor.service {
            return Err(PortError::new(PortErrorKind::Forbidden, OPERATION, ""));
        }
        let stored = store.models.get(&model_id).map(|model| model.revision);
        compare(Expected::Revision(revision), stored, OPERATION)?;
        store.remove_model(model_id);
        let mut machine = self.0.machine.borrow_mut();
        machine
            .runs
            .retain(|_, run| run.execution.model_id != model_id);
        store.keep(context, answer);
        Ok(Written::Done(()))
    }

    async fn record_events(
        &self,
        context: &Context,
        model_id: ModelId,
        events: Vec<Value>,
    ) -> Result<(), PortError> {
        const OPERATION: &str = "function_models.record_events";
        self.0.faults.check(OPERATION)?;
        let now = self.0.clock.instant();
        let mut store = self.0.store.borrow_mut();
        let visible = store.shows(context, model_id);
        let model = store.models.get(&model_id).filter(|_| visible);
        let Some(organization_id) = model.map(|model| model.organization_id) else {
            return Err(PortError::new(PortErrorKind::NotFound, OPERATION, ""));
        };
        let aggregate = ("function-model", model_id.as_uuid(), organization_id);
        store.append(context, aggregate, events, now);
        Ok(())
    }
}

impl FunctionModels {
    /// What the database would refuse.
    fn check(
        &self,
        store: &Store,
        change: &ModelSave<'_>,
        operation: &'static str,
    ) -> Result<(), PortError> {
        let stored = store.models.get(&change.model.model_id);
        let revision = stored.map(|model| model.revision);
        compare(change.expected, revision, operation)?;
        guard(store, change, operation)
    }

    /// Writes what a checked change touches.
    fn apply(&self, store: &mut Store, context: &Context, change: ModelSave<'_>) {
        let now = self.0.clock.instant();
        let id = change.model.model_id;
        let stored = store.models.get(&id);
        let operation = match stored {
            None => AuditOperation::Create,
            Some(_) => AuditOperation::Update,
        };
        let stored = stored.unwrap_or(change.model).clone();
        let mut merged = merge(stored, change.model, change.delta);
        merged.revision = change.expected.next();
        let organization_id = merged.organization_id;
        store.models.insert(id, merged);
        if let Some(version) = change.version {
            self.freeze(store, context, id, version);
        }
        let columns = change.delta.changed_columns(change.model);
        let events: Vec<Value> = change.events.iter().map(|event| event.to_json()).collect();
        audit(store, context, id, (operation, columns), &events, now);
        let aggregate = ("function-model", id.as_uuid(), organization_id);
        store.append(context, aggregate, events, now);
    }

    /// Stores a snapshot; a published one takes the place of the one before.
    fn freeze(&self, store: &mut Store, context: &Context, model_id: ModelId, new: NewVersion) {
        if new.is_published {
            let others = store.versions.iter_mut().filter(|v| v.model_id == model_id);
            others.for_each(|version| version.is_published = false);
        }
        if let Some(plan) = new.plan {
            let plan = (new.version_number.clone(), Rc::new(plan));
            let mut machine = self.0.machine.borrow_mut();
            machine.plans.insert(new.version_id, plan);
        }
        store.versions.push(ModelVersion {
            version_id: new.version_id,
            model_id,
            version_number: new.version_number,
            version_data: Some(new.version_data),
            author_id: context.actor.user_id,
            is_published: new.is_published,
            notes: new.notes,
            previous_version: new.previous_version,
            created_at: self.0.clock.instant(),
        });
    }
}

impl Store {
    /// Whether row-level security shows the model: to whom it is open, and once it is deleted to
    /// those who may restore it.
    pub(super) fn shows(&self, context: &Context, model_id: ModelId) -> bool {
        self.models.get(&model_id).is_some_and(|model| {
            if context.actor.service {
                return true;
            }
            let act = match model.deletion {
                None => Act::View,
                Some(_) => Act::Restore,
            };
            self.allows(context, model, act)
        })
    }

    /// Whether the model's lists and the caller's role allow this.
    pub(super) fn allows(&self, context: &Context, model: &FunctionModel, act: Act) -> bool {
        let role = self.role(context, model.organization_id);
        let has_organization = model.organization_id.is_some();
        let user = context.actor.user_id;
        model.permissions.allows(act, user, role, has_organization)
    }

    /// The snapshot of a model that runs.
    pub(super) fn published(&self, model_id: ModelId) -> Option<&ModelVersion> {
        let mut versions = self.versions.iter();
        versions.find(|version| version.model_id == model_id && version.is_published)
    }
}

fn was_deleted(mark: &Deletion, filter: &DeletedFilter) -> bool {
    let by = |user: UserId| mark.deleted_by == user.to_string();
    let before = |until: Instant| mark.deleted_at < until;
    let over = |until: Instant| mark.retain_until.is_some_and(|at| at < until);
    filter.deleted_before.is_none_or(before)
        && filter.deleted_by.is_none_or(by)
        && filter.retained_until.is_none_or(over)
}

fn version_ref(version: &ModelVersion) -> VersionRef {
    VersionRef {
        version_id: version.version_id,
        version_number: version.version_number.clone(),
    }
}

/// Takes out what was not asked for, and answers how much of it is to be told.
fn keep(model: &mut FunctionModel, extent: Extent) -> usize {
    let place = |action_id: ActionId| {
        let action = model.action_nodes.get(&action_id);
        action.map(|action| action.parent_node_id)
    };
    let only = match extent {
        Extent::Whole => return 0,
        Extent::Header => [None, None],
        Extent::Container(node_id) | Extent::Dependents(node_id) => [Some(node_id), None],
        Extent::ContainerOf(action_id) => [place(action_id), None],
        Extent::Room(node_id, action_id) => [Some(node_id), action_id.and_then(place)],
    };
    let dependents_of = match extent {
        Extent::Dependents(node_id) => Some(node_id),
        _ => None,
    };
    let size = model.nodes.len() + model.action_nodes.len();
    model.nodes.retain(|id, node| {
        let waits = dependents_of.is_some_and(|on| node.dependencies.contains(&on));
        waits || only.contains(&Some(*id))
    });
    let nodes = &model.nodes;
    model
        .action_nodes
        .retain(|_, action| nodes.contains_key(&action.parent_node_id));
    match extent {
        Extent::Room(..) => size - model.nodes.len() - model.action_nodes.len(),
        _ => 0,
    }
}

fn empty(model: &mut FunctionModel) {
    model.nodes.clear();
    model.action_nodes.clear();
}

fn fits(model: &FunctionModel, filter: &ModelFilter) -> bool {
    let tags = model.metadata.get("tags").and_then(Value::as_array);
    let has = |tag: &String| tags.is_some_and(|tags| tags.iter().any(|own| own == tag));
    let archived = model.status == ModelStatus::Archived;
    let asked = filter.include_archived || filter.status == Some(ModelStatus::Archived);
    (asked || !archived)
        && filter.status.is_none_or(|status| model.status == status)
        && filter.tags.iter().all(has)
        && filter
            .created_after
            .is_none_or(|after| model.created_at > after)
        && filter
            .created_before
            .is_none_or(|before| model.created_at < before)
        && (filter.organization_id.is_none() || model.organization_id == filter.organization_id)
}

fn sort_key(model: &FunctionModel, filter: &ModelFilter) -> (String, ModelId) {
    let key = match filter.sort_by {
        ModelSort::Name => model.name.to_string(),
        ModelSort::CreatedAt => model.created_at.to_string(),
        ModelSort::UpdatedAt => model.updated_at.to_string(),
        ModelSort::LastSavedAt => model.last_saved_at.to_string(),
    };
    (key, model.model_id)
}

/// How well words fit a model: each must begin a word of the name, the description or a tag, and
/// counts more in the name.
fn rank(model: &FunctionModel, words: &[String]) -> Option<usize> {
    let tags = model.metadata.get("tags").and_then(Value::as_array);
    let tags = tags.into_iter().flatten().filter_map(Value::as_str);
    let others: Vec<&str> = model
        .description
        .as_deref()
        .into_iter()
        .chain(tags)
        .collect();
    let holds = |text: &str, word: &String| {
        domain::highlight::highlight(text, std::slice::from_ref(word)).is_some()
    };
    let points = words.iter().map(|word| {
        let in_name = usize::from(holds(model.name.as_str(), word)) * 2;
        in_name + usize::from(others.iter().any(|text| holds(text, word)))
    });
    let points: Vec<usize> = points.collect();
    (!points.is_empty() && !points.contains(&0)).then(|| points.iter().sum())
}

fn nested(store: &Store, model: &FunctionModel) -> NestedModel {
    let published = store.published(model.model_id);
    let nests = match published.and_then(|version| version.version_data.as_ref()) {
        Some(data) => {
            let actions = data["actionNodes"].as_object().into_iter().flatten();
            let kind = ActionNodeType::FunctionModelContainer.as_str();
            let nested = actions.filter(|(_, action)| action["actionType"] == kind);
            nested
                .filter_map(|(_, action)| {
                    let id = &action["actionSpecificData"]["nestedModelId"];
                    ModelId::parse(id.as_str()?).ok()
                })
                .collect()
        }
        None => domain::workflow::nesting::nested_models_of(model),
    };
    NestedModel {
        model_id: model.model_id,
        name: model.name.as_str().to_owned(),
        status: model.status,
        deleted: model.deletion.is_some(),
        published: published.map(version_ref),
        nests,
    }
}

/// What unique indexes and references guard.
fn guard(store: &Store, change: &ModelSave<'_>, operation: &'static str) -> Result<(), PortError> {
    let model = change.model;
    let refuse = |kind| Err(PortError::new(kind, operation, ""));
    let scope = |other: &FunctionModel| match model.organization_id {
        Some(_) => other.organization_id == model.organization_id,
        None => other.organization_id.is_none() && other.user_id == model.user_id,
    };
    let mut others = store
        .models
        .values()
        .filter(|other| other.model_id != model.model_id);
    if others.any(|other| other.deletion.is_none() && scope(other) && other.name == model.name) {
        return refuse(PortErrorKind::NameTaken);
    }
    if let Some(new) = &change.version {
        let mut versions = store
            .versions
            .iter()
            .filter(|v| v.model_id == model.model_id);
        if versions.any(|version| version.version_number == new.version_number) {
            return refuse(PortErrorKind::VersionTaken);
        }
    }
    Ok(())
}

/// The stored model with those rows replaced that the delta names.
fn merge(mut stored: FunctionModel, model: &FunctionModel, delta: &Delta) -> FunctionModel {
    let columns = delta.changed_columns(model);
    if let Ok(Value::Object(mut row)) = serde_json::to_value(&stored) {
        row.extend(columns);
        row.retain(|_, value| !value.is_null());
        if let Ok(changed) = serde_json::from_value(Value::Object(row)) {
            stored = changed;
        }
    }
    for id in &delta.containers_removed {
        stored.nodes.remove(id);
    }
    for id in &delta.actions_removed {
        stored.action_nodes.remove(id);
    }
    for node in delta
        .containers_put
        .iter()
        .filter_map(|id| model.nodes.get(id))
    {
        let dependencies = stored
            .nodes
            .get(&node.node_id)
            .map(|old| old.dependencies.clone());
        let mut node = node.clone();
        node.dependencies = dependencies.unwrap_or_default();
        stored.nodes.insert(node.node_id, node);
    }
    for edge in &delta.dependencies_removed {
        if let Some(node) = stored.nodes.get_mut(&edge.node_id) {
            node.dependencies.retain(|id| *id != edge.dependency_id);
        }
    }
    for edge in &delta.dependencies_added {
        if let Some(node) = stored.nodes.get_mut(&edge.node_id)
            && !node.dependencies.contains(&edge.dependency_id)
        {
            node.dependencies.push(edge.dependency_id);
        }
    }
    for action in delta
        .actions_put
        .iter()
        .filter_map(|id| model.action_nodes.get(id))
    {
        stored.action_nodes.insert(action.action_id, action.clone());
    }
    stored
}

/// The row of the model and one for each of its events.
fn audit(
    store: &mut Store,
    context: &Context,
    model_id: ModelId,
    (operation, columns): (AuditOperation, JsonObject),
    events: &[Value],
    now: Instant,
) {
    let word = |event: &Value| event["eventType"].as_str().map(str::to_owned);
    let mut push = |entry: AuditEntry| {
        let number = store.audit.len() as u64 + 1;
        let audit_id = nth_id(1 << 33 | number);
        store.audit.push(AuditEntry { audit_id, ..entry });
    };
    let row = AuditEntry {
        audit_id: uuid::Uuid::nil(),
        table_name: "function_models".to_owned(),
        operation,
        record_id: model_id.to_string(),
        old_data: None,
        new_data: Some(Value::Object(columns)),
        changed_by: Some(context.actor.user_id),
        changed_at: now,
        event_type: events.first().and_then(word),
        event_data: None,
        model_id: Some(model_id),
        organization_id: store
            .models
            .get(&model_id)
            .and_then(|model| model.organization_id),
        event_id: None,
        request_id: Some(context.request_id.clone()),
    };
    push(row.clone());
    for event in events {
        push(AuditEntry {
            table_name: "domain_events".to_owned(),
            operation: AuditOperation::Create,
            event_type: word(event),
            event_data: Some(event["data"].clone()),
            new_data: None,
            ..row.clone()
        });
    }
}

//! What many links form together: cycles, density, and what breaks when one end goes.

use serde::{Deserialize, Serialize};

use super::strength::four_decimals;
use super::{EntityOperation, LinkStrength};
use crate::ids::{EntityId, LinkId};
use crate::sorted;
use crate::vocabulary::{FeatureType, LinkType, words};
use crate::workflow::cycles;
use crate::workflow::edges::Edges;

/// Most cycles that are reported.
const CYCLES: usize = 1000;

/// A link as far as networks are concerned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LinkEdge {
    /// The link.
    pub link_id: LinkId,
    /// The product at whose thing it starts.
    pub source_feature: FeatureType,
    /// The thing at which it starts.
    pub source_entity_id: EntityId,
    /// The product at whose thing it ends.
    pub target_feature: FeatureType,
    /// The thing at which it ends.
    pub target_entity_id: EntityId,
    /// Its type.
    pub link_type: LinkType,
    /// Its strength.
    pub link_strength: LinkStrength,
}

type Place = (FeatureType, EntityId);

impl LinkEdge {
    fn ends(&self) -> (Place, Place) {
        (
            (self.source_feature, self.source_entity_id),
            (self.target_feature, self.target_entity_id),
        )
    }
}

words!(
    /// How far a cycle goes.
    CycleCategory {
        /// From a thing to itself, between its nodes.
        Own => "self",
        /// There and back.
        Direct => "direct",
        /// Through three things or more.
        Indirect => "indirect",
    }
);

/// Links that lead back to where they start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Cycle {
    /// The things in their order, each `feature:entityId`, begun at the smallest, none repeated.
    pub path: Vec<String>,
    /// How many things there are.
    pub cycle_length: usize,
    /// The types of the links between them, each once.
    pub link_types: Vec<LinkType>,
    /// How far it goes.
    pub category: CycleCategory,
    /// Whether it crosses from one product to another.
    pub cross_feature: bool,
}

/// How many cycles there are of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CycleCounts {
    /// Between nodes of one thing.
    #[serde(rename = "self")]
    pub own: usize,
    /// There and back.
    pub direct: usize,
    /// Through three things or more.
    pub indirect: usize,
}

/// The cycles among links.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Cycles {
    /// At most 1000.
    pub cycles: Vec<Cycle>,
    /// How many are listed.
    pub total_cycles: usize,
    /// Whether there are more, or more links than were looked at.
    pub truncated: bool,
    /// How many of each kind.
    pub by_category: CycleCounts,
    /// How many cross from one product to another.
    pub cross_feature_cycles: usize,
}

/// Which cycles are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CycleFilter {
    /// Those with a thing of this product.
    pub feature: Option<FeatureType>,
    /// Those through this thing.
    pub entity_id: Option<EntityId>,
    /// Those of at least so many things.
    pub min_length: Option<usize>,
    /// Those of at most so many things.
    pub max_length: Option<usize>,
}

impl CycleFilter {
    fn fits(&self, path: &[Place]) -> bool {
        let through = |wanted: EntityId| path.iter().any(|(_, entity)| *entity == wanted);
        let of = |wanted: FeatureType| path.iter().any(|(feature, _)| *feature == wanted);
        self.min_length.is_none_or(|least| path.len() >= least)
            && self.max_length.is_none_or(|most| path.len() <= most)
            && self.entity_id.is_none_or(through)
            && self.feature.is_none_or(of)
    }
}

/// Finds every elementary cycle once, each begun at its smallest thing, 1000 at most.
pub fn cycles(edges: &[LinkEdge], filter: &CycleFilter) -> Cycles {
    let graph = Graph::of(edges);
    let mut answer = Cycles::default();
    for group in cycles::entangled(&graph.next) {
        let things = group.iter().map(|place| graph.places[*place].1);
        if filter
            .entity_id
            .is_some_and(|wanted| !things.into_iter().any(|id| id == wanted))
        {
            continue;
        }
        let inside = |place: &usize| group.binary_search(place).ok();
        let rows = group.iter();
        let next =
            Edges::of_rows(rows.map(|place| graph.next.of(*place).iter().filter_map(inside)));
        let left = CYCLES + 1 - answer.cycles.len();
        let found = cycles::elementary(&next, left);
        answer.truncated |= found.len() == left;
        for path in found {
            let path: Vec<Place> = path.into_iter().map(|n| graph.places[group[n]]).collect();
            if filter.fits(&path) && answer.cycles.len() < CYCLES {
                answer.cycles.push(described(&path, &graph.types));
            }
        }
        if answer.truncated {
            break;
        }
    }
    for cycle in &answer.cycles {
        match cycle.category {
            CycleCategory::Own => answer.by_category.own += 1,
            CycleCategory::Direct => answer.by_category.direct += 1,
            CycleCategory::Indirect => answer.by_category.indirect += 1,
        }
        answer.cross_feature_cycles += usize::from(cycle.cross_feature);
    }
    answer.total_cycles = answer.cycles.len();
    answer
}

/// Things in their order, and which follow which, by their places in that order.
struct Graph {
    places: Vec<Place>,
    next: Edges,
    /// Each pair of things with each type of link from the first to the second, sorted.
    types: Vec<(Place, Place, LinkType)>,
}

impl Graph {
    fn of(edges: &[LinkEdge]) -> Self {
        let mut places: Vec<Place> = Vec::with_capacity(2 * edges.len());
        let mut types: Vec<(Place, Place, LinkType)> = Vec::with_capacity(edges.len());
        for edge in edges {
            let (source, target) = edge.ends();
            places.extend([source, target]);
            types.push((source, target, edge.link_type));
        }
        sorted::sort(&mut places);
        places.dedup();
        sorted::sort(&mut types);
        types.dedup();
        let of_place = types.chunk_by(|one, other| one.0 == other.0);
        let mut rows = of_place.peekable();
        let next = Edges::of_rows(places.iter().map(|place| {
            let own = rows.next_if(|row| row[0].0 == *place).unwrap_or_default();
            let targets = own.chunk_by(|one, other| one.1 == other.1);
            targets.filter_map(|target| places.binary_search(&target[0].1).ok())
        }));
        Self {
            places,
            next,
            types,
        }
    }
}

fn described(path: &[Place], types: &[(Place, Place, LinkType)]) -> Cycle {
    let following = path.iter().skip(1).chain(path.first());
    let mut link_types: Vec<LinkType> = Vec::new();
    for (from, to) in path.iter().zip(following) {
        let first = types.partition_point(|(source, target, _)| (source, target) < (from, to));
        let between = types[first..]
            .iter()
            .take_while(|(source, target, _)| (source, target) == (from, to));
        for (_, _, link_type) in between {
            if !link_types.contains(link_type) {
                link_types.push(*link_type);
            }
        }
    }
    let first = path.first().map(|(feature, _)| *feature);
    Cycle {
        path: path
            .iter()
            .map(|(feature, entity)| format!("{feature}:{entity}"))
            .collect(),
        cycle_length: path.len(),
        link_types,
        category: match path.len() {
            1 => CycleCategory::Own,
            2 => CycleCategory::Direct,
            _ => CycleCategory::Indirect,
        },
        cross_feature: path.iter().any(|(feature, _)| Some(*feature) != first),
    }
}

/// A link and what it weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WeighedLink {
    /// The link.
    pub link_id: LinkId,
    /// Its strength.
    pub link_strength: LinkStrength,
}

/// Per product, with how many other products its things are linked: 0 to 3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FeatureConnectivity {
    /// Of function models.
    pub function_model: usize,
    /// Of the knowledge base.
    pub knowledge_base: usize,
    /// Of Spindle.
    pub spindle: usize,
    /// Of event storms.
    pub event_storm: usize,
}

/// What links form together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Network {
    /// How many links there are.
    pub total_links: usize,
    /// The mean of their strengths, four decimals; 0 without links.
    pub average_strength: f64,
    /// The strongest of them; the oldest of several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strongest_link: Option<WeighedLink>,
    /// The weakest of them; the oldest of several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weakest_link: Option<WeighedLink>,
    /// With how many others each product is linked.
    pub feature_connectivity: FeatureConnectivity,
    /// The sum of those numbers divided by 12, four decimals.
    pub density: f64,
    /// Whether there are more links than were looked at.
    pub truncated: bool,
}

/// Measures what links form together.
pub fn network(edges: &[LinkEdge]) -> Network {
    let weighed = |edge: &LinkEdge| WeighedLink {
        link_id: edge.link_id,
        link_strength: edge.link_strength,
    };
    let joined = |one: FeatureType, other: FeatureType| {
        edges.iter().any(|edge| {
            let pair = (edge.source_feature, edge.target_feature);
            one != other && (pair == (one, other) || pair == (other, one))
        })
    };
    let others = |one| {
        let all = FeatureType::ALL.iter();
        all.filter(|other| joined(one, **other)).count()
    };
    let connectivity = FeatureConnectivity {
        function_model: others(FeatureType::FunctionModel),
        knowledge_base: others(FeatureType::KnowledgeBase),
        spindle: others(FeatureType::Spindle),
        event_storm: others(FeatureType::EventStorm),
    };
    let connections = connectivity.function_model
        + connectivity.knowledge_base
        + connectivity.spindle
        + connectivity.event_storm;
    let sum: f64 = edges.iter().map(|edge| edge.link_strength.value()).sum();
    let by_strength = |edge: &&LinkEdge| (edge.link_strength, std::cmp::Reverse(edge.link_id));
    let by_weakness = |edge: &&LinkEdge| (edge.link_strength, edge.link_id);
    Network {
        total_links: edges.len(),
        average_strength: four_decimals(sum / edges.len().max(1) as f64),
        strongest_link: edges.iter().max_by_key(by_strength).map(weighed),
        weakest_link: edges.iter().min_by_key(by_weakness).map(weighed),
        feature_connectivity: connectivity,
        density: four_decimals(connections as f64 / 12.0),
        truncated: false,
    }
}

words!(
    /// What becomes of a link.
    LinkFate {
        /// One of its ends is gone.
        Broken => "broken",
        /// One of its ends is no longer what it was.
        Weakened => "weakened",
        /// Nothing.
        Maintained => "maintained",
    }
);

/// What becomes of one link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LinkState {
    /// The link.
    pub link_id: LinkId,
    /// What becomes of it.
    pub state: LinkFate,
}

/// What would become of links if something happened to a thing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Integrity {
    /// 1 when nothing suffers, down to 0; two decimals.
    pub score: f64,
    /// Each link that touches the thing.
    pub links: Vec<LinkState>,
    /// What to do about it.
    pub recommendations: Vec<String>,
    /// Whether there are more links than were looked at.
    pub truncated: bool,
}

/// Foretells what becomes of the links that touch a thing when something happens to it.
pub fn integrity(edges: &[LinkEdge], operation: EntityOperation) -> Integrity {
    let (state, hundredths, advice) = match operation {
        EntityOperation::Delete => (LinkFate::Broken, 30, "Remove or redirect the link"),
        EntityOperation::Archive => (LinkFate::Weakened, 10, "Review the link"),
        EntityOperation::Update => (LinkFate::Weakened, 5, "Review the link"),
        EntityOperation::Create => (LinkFate::Maintained, 0, ""),
    };
    let recommendations = match operation {
        EntityOperation::Create => vec!["Run cycle detection again.".to_owned()],
        _ => edges
            .iter()
            .map(|edge| format!("{advice} {}.", edge.link_id))
            .collect(),
    };
    let links = edges.iter().map(|edge| LinkState {
        link_id: edge.link_id,
        state,
    });
    Integrity {
        score: 100_usize.saturating_sub(hundredths * edges.len()) as f64 / 100.0,
        links: links.collect(),
        recommendations,
        truncated: false,
    }
}

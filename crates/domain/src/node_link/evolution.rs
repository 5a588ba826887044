//! What became of links over time, read from their events.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::LinkStrength;
use crate::ids::{LinkId, UserId};
use crate::instant::Instant;

/// An event of a link, as the log keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PastEvent {
    /// The link.
    pub link_id: LinkId,
    /// What happened, such as `NodeLinkCreated`.
    pub event_type: String,
    /// When.
    pub occurred_at: Instant,
    /// Who did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_id: Option<UserId>,
    /// The facts.
    pub data: Value,
}

/// A link's strength from a moment on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StrengthPoint {
    /// The moment.
    pub at: Instant,
    /// The strength.
    pub link_strength: LinkStrength,
}

/// How the strength of one link went: the value at the beginning, then one for each calculation
/// and each change by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StrengthSeries {
    /// The link.
    pub link_id: LinkId,
    /// Oldest first.
    pub points: Vec<StrengthPoint>,
}

/// What became of links in a period.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Evolution {
    /// What happened in the period, oldest first.
    pub timeline: Vec<PastEvent>,
    /// How the strength of each link went.
    pub strength_series: Vec<StrengthSeries>,
    /// Links made in the period.
    pub links_added: Vec<LinkId>,
    /// Links removed in the period.
    pub links_removed: Vec<LinkId>,
    /// Whether there is more than was looked at.
    pub truncated: bool,
}

/// Tells what became of links from `from` on, by their whole history up to the end of the period
/// in the order of the log.
pub fn evolution(history: Vec<PastEvent>, from: Option<Instant>) -> Evolution {
    let mut series: Vec<StrengthSeries> = Vec::new();
    let mut gone_before: Vec<LinkId> = Vec::new();
    let mut answer = Evolution::default();
    for event in history {
        let within = from.is_none_or(|from| event.occurred_at >= from);
        let strength = match event.event_type.as_str() {
            "NodeLinkCreated" => event.data.get("linkStrength"),
            "NodeLinkUpdated" => event.data.pointer("/changes/linkStrength"),
            _ => None,
        };
        if let Some(link_strength) = strength.and_then(read) {
            let points = points_of(&mut series, event.link_id);
            let at = match from {
                // What a link weighed before the period is what it weighed at its beginning.
                Some(from) if !within => {
                    points.clear();
                    from
                }
                _ => event.occurred_at,
            };
            points.push(StrengthPoint { at, link_strength });
        }
        match event.event_type.as_str() {
            "NodeLinkCreated" if within => answer.links_added.push(event.link_id),
            "NodeLinkRemoved" if within => answer.links_removed.push(event.link_id),
            "NodeLinkRemoved" => gone_before.push(event.link_id),
            _ => {}
        }
        if within {
            answer.timeline.push(event);
        }
    }
    series.retain(|one| !gone_before.contains(&one.link_id));
    answer.strength_series = series;
    answer
}

/// The points of one link, in the order in which the links came up.
fn points_of(series: &mut Vec<StrengthSeries>, link_id: LinkId) -> &mut Vec<StrengthPoint> {
    let known = series.iter().position(|one| one.link_id == link_id);
    let place = known.unwrap_or(series.len());
    if known.is_none() {
        series.push(StrengthSeries {
            link_id,
            points: Vec::new(),
        });
    }
    &mut series[place].points
}

fn read(value: &Value) -> Option<LinkStrength> {
    LinkStrength::parse(value.as_f64()?).ok()
}

//! What many links form together, and what becomes of them.

use super::*;

fn edge(n: u64, source: (FeatureType, u64), target: (FeatureType, u64)) -> LinkEdge {
    LinkEdge {
        link_id: LinkId::from_uuid(uuid(1000 + n)),
        source_feature: source.0,
        source_entity_id: entity(source.1),
        target_feature: target.0,
        target_entity_id: entity(target.1),
        link_type: LinkType::References,
        link_strength: LinkStrength((n % 101) as u8),
    }
}

fn models(pairs: &[(u64, u64)]) -> Vec<LinkEdge> {
    let feature = FeatureType::FunctionModel;
    pairs
        .iter()
        .enumerate()
        .map(|(n, (from, to))| edge(n as u64, (feature, *from), (feature, *to)))
        .collect()
}

fn paths(found: &Cycles) -> Vec<Vec<u64>> {
    let last = |text: &String| u64::from_str_radix(&text[text.len() - 4..], 16).unwrap();
    let paths = found.cycles.iter();
    paths
        .map(|cycle| cycle.path.iter().map(last).collect())
        .collect()
}

#[test]
fn each_cycle_is_found_once_and_begins_at_its_smallest_thing() {
    let mut links = models(&[(3, 1), (1, 2), (2, 3), (2, 1), (4, 4), (5, 6), (1, 2)]);
    links[6].link_type = LinkType::Triggers;
    let found = cycles(&links, &CycleFilter::default());
    assert_eq!(paths(&found), [vec![1, 2], vec![1, 2, 3], vec![4]]);
    assert_eq!(found.total_cycles, 3);
    assert_eq!(
        found.by_category,
        CycleCounts {
            own: 1,
            direct: 1,
            indirect: 1
        }
    );
    assert!(!found.truncated && found.cross_feature_cycles == 0);
    let both = [LinkType::References, LinkType::Triggers];
    assert_eq!(found.cycles[0].link_types, both);
    let first = format!("function-model:{}", entity(1));
    assert_eq!(
        (
            found.cycles[0].path[0].as_str(),
            found.cycles[0].cycle_length
        ),
        (first.as_str(), 2)
    );
    assert_eq!(cycles(&[], &CycleFilter::default()), Cycles::default());
}

#[test]
fn cycles_are_picked_by_thing_length_and_product() {
    let mut links = models(&[(3, 1), (1, 2), (2, 3), (2, 1), (4, 4)]);
    let (model, article) = (FeatureType::FunctionModel, FeatureType::KnowledgeBase);
    links.push(edge(20, (model, 1), (article, 9)));
    links.push(edge(21, (article, 9), (model, 1)));
    let pick = |filter: CycleFilter| paths(&cycles(&links, &filter));
    let all = CycleFilter::default();
    assert_eq!(cycles(&links, &all).cross_feature_cycles, 1);
    let through = CycleFilter {
        entity_id: Some(entity(3)),
        ..all
    };
    assert_eq!(pick(through), [[1, 2, 3]]);
    let nowhere = CycleFilter {
        entity_id: Some(entity(77)),
        ..all
    };
    assert!(pick(nowhere).is_empty());
    let long = CycleFilter {
        min_length: Some(3),
        ..all
    };
    assert_eq!(pick(long), [[1, 2, 3]]);
    let short = CycleFilter {
        max_length: Some(1),
        ..all
    };
    assert_eq!(pick(short), [[4]]);
    let articles = CycleFilter {
        feature: Some(article),
        ..all
    };
    assert_eq!(pick(articles), [[1, 9]]);
}

#[test]
fn too_many_cycles_are_cut_off() {
    // Everything linked to everything: far more than a thousand cycles.
    let mut pairs = Vec::new();
    for from in 1..=9 {
        pairs.extend((1..=9).filter(|to| *to != from).map(|to| (from, to)));
    }
    let found = cycles(&models(&pairs), &CycleFilter::default());
    assert_eq!((found.total_cycles, found.truncated), (1000, true));
    let counts = found.by_category;
    assert_eq!(counts.own + counts.direct + counts.indirect, 1000);
    let pairs: Vec<(u64, u64)> = (0..1000).map(|n| (2 * n, 2 * n + 1)).collect();
    let back = pairs.iter().map(|(from, to)| (*to, *from));
    let links = models(&pairs.iter().copied().chain(back).collect::<Vec<_>>());
    let found = cycles(&links, &CycleFilter::default());
    assert_eq!((found.total_cycles, found.truncated), (1000, false));
}

#[test]
fn networks_are_measured() {
    let empty = network(&[]);
    assert_eq!(empty, Network::default());
    let (model, article, task) = (
        FeatureType::FunctionModel,
        FeatureType::KnowledgeBase,
        FeatureType::Spindle,
    );
    let links = [
        edge(30, (model, 1), (article, 2)),
        edge(90, (model, 1), (task, 3)),
        edge(60, (article, 2), (model, 5)),
        edge(30 + 101, (model, 1), (model, 5)),
    ];
    let found = network(&links);
    assert_eq!((found.total_links, found.average_strength), (4, 0.525));
    assert_eq!(found.strongest_link.unwrap().link_id, links[1].link_id);
    assert_eq!(found.weakest_link.unwrap().link_id, links[0].link_id);
    let expected = FeatureConnectivity {
        function_model: 2,
        knowledge_base: 1,
        spindle: 1,
        event_storm: 0,
    };
    assert_eq!(
        (found.feature_connectivity, found.density),
        (expected, 0.3333)
    );
    assert_eq!(
        serde_json::to_value(found.feature_connectivity).unwrap(),
        json!({"function-model": 2, "knowledge-base": 1, "spindle": 1, "event-storm": 0})
    );
}

#[test]
fn integrity_falls_with_each_link() {
    let links = models(&[(1, 2), (1, 3), (1, 4), (1, 5)]);
    let check = |operation, state: LinkFate, score, advice: &str| {
        let found = integrity(&links, operation);
        assert!(found.links.iter().all(|link| link.state == state));
        assert_eq!((found.links.len(), found.score), (4, score));
        assert!(found.recommendations[0].starts_with(advice));
    };
    check(
        EntityOperation::Delete,
        LinkFate::Broken,
        0.0,
        "Remove or redirect",
    );
    check(EntityOperation::Archive, LinkFate::Weakened, 0.6, "Review");
    check(EntityOperation::Update, LinkFate::Weakened, 0.8, "Review");
    check(
        EntityOperation::Create,
        LinkFate::Maintained,
        1.0,
        "Run cycle detection",
    );
    assert_eq!(integrity(&links[..3], EntityOperation::Delete).score, 0.1);
}

#[test]
fn evolution_tells_what_happened_in_a_period() {
    let link = |n: u64| LinkId::from_uuid(uuid(1000 + n));
    let past = |n, event_type: &str, millis, data| PastEvent {
        link_id: link(n),
        event_type: event_type.into(),
        occurred_at: at(millis),
        actor_id: Some(by()),
        data,
    };
    let change = |strength: f64| json!({"changes": {"linkStrength": strength}});
    let history = vec![
        past(1, "NodeLinkCreated", 0, json!({"linkStrength": 0.5})),
        past(2, "NodeLinkCreated", 1, json!({"linkStrength": 0.2})),
        past(2, "NodeLinkRemoved", 2, json!({})),
        past(1, "NodeLinkUpdated", 3, change(0.9)),
        past(1, "NodeLinkUpdated", 10, change(1.0)),
        past(1, "NodeLinkUpdated", 11, change(1.0)),
        past(
            1,
            "NodeLinkUpdated",
            12,
            json!({"changes": {"linkType": "nested"}}),
        ),
        past(3, "NodeLinkCreated", 13, json!({"linkStrength": 0.4})),
        past(1, "NodeLinkRemoved", 14, json!({})),
    ];
    let whole = evolution(history.clone(), None);
    assert_eq!(whole.timeline.len(), 9);
    assert_eq!(whole.links_added, [link(1), link(2), link(3)]);
    assert_eq!(whole.links_removed, [link(2), link(1)]);
    let strengths: Vec<f64> = whole.strength_series[0]
        .points
        .iter()
        .map(|point| point.link_strength.value())
        .collect();
    assert_eq!(strengths, [0.5, 0.9, 1.0, 1.0]);
    let late = evolution(history, Some(at(10)));
    assert_eq!((late.timeline.len(), late.links_added), (5, vec![link(3)]));
    assert_eq!(late.links_removed, [link(1)]);
    assert_eq!(late.strength_series.len(), 2);
    let points = &late.strength_series[0].points;
    assert_eq!(
        (points[0].at, points[0].link_strength),
        (at(10), LinkStrength(90))
    );
    assert_eq!(points.len(), 3);
}

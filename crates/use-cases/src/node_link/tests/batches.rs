//! Batches of links.

use domain::node_link::{BatchNodeLinks, LinkOperation, LinkOperationKind};

use super::*;

fn operation(kind: LinkOperationKind) -> LinkOperation {
    LinkOperation {
        operation: kind,
        link: None,
        link_id: None,
        link_strength: None,
        reason: None,
    }
}

fn creation(command: CreateNodeLink) -> LinkOperation {
    LinkOperation {
        link: Some(command),
        ..operation(LinkOperationKind::Create)
    }
}

fn on(link_id: LinkId, kind: LinkOperationKind, strength: Option<f64>) -> LinkOperation {
    LinkOperation {
        link_id: Some(link_id),
        link_strength: strength,
        ..operation(kind)
    }
}

fn together(operations: Vec<LinkOperation>) -> BatchNodeLinks {
    BatchNodeLinks {
        batch_id: "import".into(),
        operations,
    }
}

#[test]
fn operations_of_a_batch_fail_by_themselves() {
    let world = World::new();
    let draft = Draft::order_to_cash(&world);
    let theirs = Draft::empty_of(&world, &bob(), "Theirs");
    let old = link(&world, &alice(), &documents(of(&draft), entity(1))).link_id;
    let strange = LinkId::from_uuid(nth_id(0xdead));
    use LinkOperationKind::{Remove, UpdateStrength};
    let command = together(vec![
        creation(documents(of(&draft), entity(2))),
        creation(documents(of(&draft), entity(2))),
        creation(documents(of(&draft), entity(1))),
        creation(documents(of(&theirs), entity(1))),
        on(old, UpdateStrength, Some(0.9)),
        on(old, UpdateStrength, Some(9.0)),
        on(old, Remove, None),
        on(old, Remove, None),
        creation(documents(of(&draft), entity(1))),
        on(strange, Remove, None),
    ]);
    let key = with_key(alice(), "k", "h");
    let done = world.run(batch(&world, &key, &command, rendered)).unwrap();
    let codes: Vec<&str> = done
        .value
        .results
        .iter()
        .map(|result| result.code.map_or("ok", Code::as_str))
        .collect();
    assert_eq!(
        codes,
        [
            "ok",
            "LINK_ALREADY_EXISTS",
            "LINK_ALREADY_EXISTS",
            "FUNCTION_MODEL_NOT_FOUND",
            "ok",
            "LINK_STRENGTH_INVALID",
            "ok",
            "LINK_NOT_FOUND",
            "ok",
            "LINK_NOT_FOUND",
        ]
    );
    assert_eq!((done.value.succeeded, done.value.failed), (4, 6));
    assert_eq!(done.value.results[4].link_id, Some(old));
    assert_eq!(count(&world, &alice(), &LinkFilter::default()), 2);
    let again = world.run(batch(&world, &key, &command, rendered));
    assert_eq!(again.unwrap_err(), UseCaseError::Replayed(rendered(&done)));
}

#[test]
fn a_batch_of_the_same_name_waits_its_turn() {
    let world = World::new();
    let draft = Draft::order_to_cash(&world);
    let attempt = |n| {
        let command = together(vec![creation(documents(of(&draft), entity(n)))]);
        world.run(batch(&world, &alice(), &command, rendered))
    };
    world.run_now(world.node_links().begin_batch(&alice(), "import"));
    let running = attempt(1).unwrap_err();
    assert_eq!(refusal(running), Code::BatchInProgress);
    world.run_now(world.node_links().end_batch(&alice(), "import"));
    // A failure lets the name go, and a lost race is repeated.
    let down = PortErrorKind::Unavailable { retry_after: None };
    world.faults().fail_next("node_links.save", down);
    let failed = attempt(1).unwrap_err();
    assert!(matches!(failed, UseCaseError::Unavailable { .. }));
    world
        .faults()
        .fail_next("node_links.save", PortErrorKind::LinkTaken);
    assert_eq!(attempt(1).unwrap().value.succeeded, 1);
    for _ in 0..4 {
        world
            .faults()
            .fail_next("node_links.save", PortErrorKind::LinkTaken);
    }
    let lost = attempt(2).unwrap_err();
    assert!(matches!(lost, UseCaseError::Conflict { .. }));
    let empty = world.run(batch(&world, &alice(), &together(vec![]), rendered));
    assert_eq!(refusal(empty.unwrap_err()), Code::InvalidRequest);
}

//! Other features follow the log: subscriptions, batches, parked events. The service alone may.

use domain::error::{Code, DomainError};
use domain::event_feed::cloud_events;
use serde_json::Value;

use crate::context::Context;
use crate::error::UseCaseError;
use crate::function_model::access::service_only;
use crate::ports::{EventFeed, FeedCall, PortErrorKind, Ports};

/// Carries out a call about subscriptions; events in its answer have their outward form.
///
/// # Errors
/// `Forbidden` for anybody but the service; `SUBSCRIPTION_NOT_FOUND`, `DEAD_LETTER_NOT_FOUND`;
/// `BATCH_IN_PROGRESS` when another consumer has a batch; `BATCH_NOT_OPEN` when somebody else got
/// one since, or this one was settled.
pub async fn event_feed(
    ports: &impl Ports,
    context: &Context,
    call: FeedCall,
    command: &Value,
) -> Result<Value, UseCaseError> {
    service_only(context)?;
    let missing = match call {
        FeedCall::SettleDeadLetter => Code::DeadLetterNotFound,
        _ => Code::SubscriptionNotFound,
    };
    let answer = ports.event_feed().call(call, command).await;
    let answer = answer.map_err(|error| match error.kind {
        PortErrorKind::NotFound => UseCaseError::NotFound(missing),
        PortErrorKind::Finished => {
            let message = "The batch is not open any more; what it held comes again.";
            UseCaseError::Refused(DomainError::new(Code::BatchNotOpen, message))
        }
        _ => error.into(),
    })?;
    match answer {
        Value::Null => Err(UseCaseError::NotFound(missing)),
        answer => Ok(cloud_events(answer)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::in_memory::World;
    use crate::ports::PortError;
    use crate::testing::{alice, service};

    #[test]
    fn only_the_service_follows_the_log() {
        let world = World::new();
        let command = json!({"name": "mail"});
        let refused = world.run(event_feed(&world, &alice(), FeedCall::Fetch, &command));
        assert!(matches!(refused, Err(UseCaseError::Forbidden { .. })));
        assert_eq!(world.event_feed().calls(), []);
        let refusal = |kind: Option<PortErrorKind>, call| {
            if let Some(kind) = kind {
                let error = PortError::new(kind, "test", "");
                world.event_feed().reply_next(Err(error));
            }
            world
                .run(event_feed(&world, &service(), call, &command))
                .unwrap_err()
        };
        let missing = UseCaseError::NotFound(Code::SubscriptionNotFound);
        assert_eq!(refusal(None, FeedCall::Read), missing);
        assert_eq!(
            refusal(Some(PortErrorKind::NotFound), FeedCall::Fetch),
            missing
        );
        assert_eq!(
            refusal(Some(PortErrorKind::NotFound), FeedCall::SettleDeadLetter),
            UseCaseError::NotFound(Code::DeadLetterNotFound)
        );
        for (kind, code) in [
            (PortErrorKind::Finished, Code::BatchNotOpen),
            (PortErrorKind::BatchRunning, Code::BatchInProgress),
        ] {
            match refusal(Some(kind), FeedCall::Settle) {
                UseCaseError::Refused(refusal) => assert_eq!(refusal.code, code),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn events_leave_in_their_outward_form() {
        let world = World::new();
        let stored = json!({"eventId": "e", "eventType": "FunctionModelCreated",
            "aggregateType": "function-model", "position": 7, "data": {}});
        let reply = json!({"batch": 3, "events": [stored]});
        world.event_feed().reply_next(Ok(reply));
        let command = json!({"name": "mail"});
        let batch = world
            .run(event_feed(&world, &service(), FeedCall::Fetch, &command))
            .unwrap();
        assert_eq!(batch["events"][0]["specversion"], "1.0");
        assert_eq!(batch["events"][0]["id"], "e");
    }
}

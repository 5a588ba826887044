//! Subscriptions to the log of events.

use domain::error::Code;
use domain::event_feed::{
    DeadLetter, EventBatch, EventSubscription, FetchEvents, SaveEventSubscription, SettleEvents,
};

use super::Description;

const TAG: &str = "Event subscriptions";

/// Something the service alone may do.
fn new(summary: &'static str) -> Description {
    Description::new(TAG, summary).codes(&[Code::Forbidden])
}

/// Something about one subscription.
fn of_one(summary: &'static str) -> Description {
    new(summary).codes(&[Code::SubscriptionNotFound])
}

pub(super) fn list() -> Description {
    new("List subscriptions")
        .text("Needs the secret key, like all of this chapter.")
        .list::<EventSubscription>("The subscriptions, by name.")
}

pub(super) fn read() -> Description {
    of_one("Read a subscription").one::<EventSubscription>("The subscription.")
}

pub(super) fn save() -> Description {
    new("Make, change or move a subscription")
        .text("A place or a time moves the checkpoint. Who has a batch loses it, and its events come again.")
        .body::<SaveEventSubscription>()
        .ok::<EventSubscription>("The subscription.")
        .codes(&[Code::SubscriptionInvalid])
}

pub(super) fn remove() -> Description {
    of_one("Remove a subscription")
        .text("With what was set aside and parked.")
        .removed("It was removed.")
}

pub(super) fn fetch() -> Description {
    of_one("Fetch the next events")
        .text(
            "At least once: what is not settled before the lease ends comes again. \
             One consumer has a batch at a time.",
        )
        .body::<FetchEvents>()
        .ok::<EventBatch>("The batch.")
        .codes(&[Code::SubscriptionInvalid, Code::BatchInProgress])
}

pub(super) fn settle() -> Description {
    of_one("Settle a batch")
        .text(
            "What is not among the failures was handled. A failed event is tried again after \
             1 s, 2 s, 4 s …, and later events of the same thing wait for it.",
        )
        .body::<SettleEvents>()
        .ok::<EventSubscription>("The subscription with its new checkpoint.")
        .codes(&[Code::SubscriptionInvalid, Code::BatchNotOpen])
}

pub(super) fn dead_letters() -> Description {
    of_one("List parked events").page::<DeadLetter>("The events, in the order of the log.")
}

pub(super) fn drop_letter() -> Description {
    new("Drop a parked event")
        .removed("It was dropped.")
        .codes(&[Code::DeadLetterNotFound])
}

pub(super) fn replay_letter() -> Description {
    new("Have a parked event tried again")
        .removed("It comes with the next batch.")
        .codes(&[Code::DeadLetterNotFound])
}

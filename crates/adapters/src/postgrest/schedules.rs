//! Schedules, as their callers see them and as the engine moves them on.

use domain::ids::{ModelId, ScheduleId};
use domain::schedule::Schedule;
use serde::Deserialize;
use serde_json::{Value, json};
use use_cases::context::{Context, StoredAnswer};
use use_cases::ports::{
    Clock, DueSchedule, Expected, Page, PageRequest, PortError, Schedules, SettledTime, Written,
};

use super::client::{Call, Session};
use super::query::Order;
use super::table::Table;
use crate::http::Transport;

const TABLE: Table<Schedule> = Table::new(
    "schedules",
    &[
        "schedule_id",
        "model_id",
        "organization_id",
        "user_id",
        "version",
        "version_id",
        "parameters",
        "environment",
        "priority",
        "timeout_seconds",
        "cron_expression",
        "time_zone",
        "starts_at",
        "ends_at",
        "overlap_policy",
        "catchup_window_seconds",
        "status",
        "next_fire_at",
        "last_fire",
        "created_at",
        "updated_at",
        "revision",
    ],
);
const NEWEST_FIRST: Order = Order::newest_first("created_at", "schedule_id");

/// [`Schedules`] over PostgREST.
pub struct PostgrestSchedules<H, C> {
    session: Session<H, C>,
}

impl<H: Transport, C: Clock> PostgrestSchedules<H, C> {
    /// The schedules that the session's caller may see, and the engine's calls.
    pub fn new(session: Session<H, C>) -> Self {
        Self { session }
    }
}

#[derive(Deserialize)]
struct Settled {
    settled: bool,
}

impl<H: Transport, C: Clock> Schedules for PostgrestSchedules<H, C> {
    async fn find(
        &self,
        _context: &Context,
        schedule_id: ScheduleId,
    ) -> Result<Option<Schedule>, PortError> {
        let read = TABLE.read(&self.session).eq("schedule_id", schedule_id);
        TABLE.find(&self.session, "schedules.find", read).await
    }

    async fn list(
        &self,
        _context: &Context,
        model_id: Option<ModelId>,
        page: &PageRequest,
    ) -> Result<Page<Schedule>, PortError> {
        let mut read = TABLE.read(&self.session);
        if let Some(model_id) = model_id {
            read = read.eq("model_id", model_id);
        }
        let rows = TABLE.page(&self.session, "schedules.list", read, NEWEST_FIRST, page);
        rows.await
    }

    async fn save(
        &self,
        context: &Context,
        schedule: &Schedule,
        expected: Expected,
        events: &[Value],
        answer: Option<StoredAnswer>,
    ) -> Result<Written<i64>, PortError> {
        let command = json!({
            "scheduleId": schedule.schedule_id,
            "expectedRevision": expected.number(),
            "schedule": schedule,
            "events": events,
        });
        let names = ("schedules.save", "save_schedule");
        self.session
            .save(names, context, answer.as_ref(), &command)
            .await
    }

    async fn remove(
        &self,
        context: &Context,
        schedule_id: ScheduleId,
        expected: Expected,
        events: &[Value],
        answer: Option<StoredAnswer>,
    ) -> Result<Written<()>, PortError> {
        let command = json!({
            "scheduleId": schedule_id,
            "expectedRevision": expected.number(),
            "remove": true,
            "events": events,
        });
        let names = ("schedules.remove", "save_schedule");
        self.session
            .remove(names, context, answer.as_ref(), &command)
            .await
    }

    async fn claim(&self, want: u32) -> Result<Vec<DueSchedule>, PortError> {
        let call = Call {
            function: "claim_schedules",
            arguments: &json!({"want": want}),
            repeatable: false,
        };
        self.session.call("schedules.claim", call).await
    }

    async fn settle(&self, settled: &SettledTime) -> Result<bool, PortError> {
        let call = Call {
            function: "settle_schedule",
            arguments: &json!({"command": settled}),
            repeatable: false,
        };
        let answer: Settled = self.session.call("schedules.settle", call).await?;
        Ok(answer.settled)
    }
}
